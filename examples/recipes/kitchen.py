"""What all recipes share: the pages in `examples/docs`, a database, and the models' arguments."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from dotenv import load_dotenv

sys.path.insert(0, str(Path(__file__).parents[1]))  # where `retrieval` is

from retrieval.command import DOCUMENTS, config_var, exit_code, server
from retrieval.database import database, database_errors
from retrieval.documents import chunks_of, find_files, read_file
from retrieval.screen import Screen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from retrieval.documents import Chunk

__all__ = ["DOCUMENTS", "Kitchen", "cook", "page_chunks", "show"]

_SHOWN = 3
"""How many passages of a list to show."""


class Kitchen(NamedTuple):
    """Where a recipe's models and its database are."""

    connection: dict[str, Any]
    """Arguments for every model; empty on Heroku, where the config vars are enough."""
    chat_model: str | None
    engine: str
    """Names the emulator's engine, which makes the vectors; empty on Heroku."""
    url: str
    """The database's address for psycopg."""
    screen: Screen


def cook(recipe: Callable[[Kitchen], None]) -> int:
    """Runs a recipe; returns the exit code.

    Config vars come from the environment or from `.env`. With INFERENCE_KEY and INFERENCE_URL the
    recipe runs on Heroku, otherwise on a local emulator. With DATABASE_URL it uses that database,
    which needs pgvector, otherwise one of its own in `.rag/`.
    """
    screen = Screen()
    load_dotenv(".env")

    def work() -> None:
        with ExitStack() as resources:
            models = resources.enter_context(server(None, screen))
            with screen.waiting("Starting the database"):
                url = resources.enter_context(database(config_var("DATABASE_URL"), Path(".rag")))
            with database_errors():
                connection = {**models.connection}
                recipe(Kitchen(connection, models.chat_model, models.engine, url, screen))

    return exit_code(screen, work)


def page_chunks(split: Callable[[str], list[str]]) -> list[Chunk]:
    """Cuts the pages in `examples/docs` into pieces that fit into one embedding each.

    Args:
        split: Cuts a text; a framework's splitter.
    """
    sections = [section for file in find_files([DOCUMENTS]) for section in read_file(file)]
    # So that names do not depend on the current folder.
    short = [section._replace(source=Path(section.source).name) for section in sections]
    return chunks_of(short, split)


def show(title: str, passages: Iterable[tuple[float, str, str]]) -> None:
    """Prints score, file and place of the first passages of a list, and how many more follow."""
    lines = [
        f"  {score:.3f}  {source}{', ' if place else ''}{place}"
        for score, source, place in passages
    ]
    more = f"  ... and {len(lines) - _SHOWN} more" if len(lines) > _SHOWN else ""
    print(f"{title}:", *lines[:_SHOWN], *filter(None, [more]), sep="\n")
