"""Tests of what is released: they need the built files, and say where these are by an option.

`make package`, `make extras` and `make pages` build them and run these tests. Elsewhere they are
not collected: skipped tests would only say so on every run.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
_NEED_BUILT_FILES = {"test_distributions.py", "test_extras.py", "test_pages.py"}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--distributions",
        metavar="FOLDER",
        help="where the wheel and the sdist are that the tests of packaging look at",
    )


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    built = config.getoption("--distributions")
    return True if collection_path.name in _NEED_BUILT_FILES and built is None else None


def _only(config: Any, pattern: str) -> Path:
    """The one file there; leftovers of another version would be looked at instead."""
    (file,) = Path(config.getoption("--distributions")).resolve().glob(pattern)
    return file


@pytest.fixture(scope="session")
def wheel(pytestconfig: pytest.Config) -> Path:
    """The wheel, a file."""
    return _only(pytestconfig, "heroku_inference-*.whl")


@pytest.fixture(scope="session")
def wheels_of_names(pytestconfig: pytest.Config) -> list[Path]:
    """The wheels without code, each a name to search for."""
    return sorted(
        _only(pytestconfig, f"{folder.parent.name.replace('-', '_')}-*.whl")
        for folder in ROOT.glob("distributions/*/pyproject.toml")
    )


@pytest.fixture(scope="session")
def sdist(pytestconfig: pytest.Config) -> Path:
    """The sdist, a file."""
    return _only(pytestconfig, "*.tar.gz")


@pytest.fixture(scope="session")
def machine() -> dict[str, str]:
    """The environment as it was before tests cleaned it: installers may need its certificates."""
    return dict(os.environ)  # noqa: TID251 - for child processes
