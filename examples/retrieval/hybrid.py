"""The documents of each user: passages with their vectors, found by meaning and by words."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from retrieval.uploads import Passage, UploadError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from psycopg import Connection

    from retrieval.pool import Pool

EVERYONE = ""
"""The owner of documents that every user finds; `python -m retrieval.load` adds them."""
MOST_DOCUMENTS = 50
"""How many documents a user may have."""
CANDIDATES = 20
"""How many passages each search finds, and how many of both go to the reranker."""
AT_ONCE = 384
"""Passages that are embedded between two reports of progress: four full requests."""

TABLES = Path(__file__).with_name("hybrid_tables.sql").read_bytes()
SEARCH = Path(__file__).with_name("hybrid_search.sql").read_bytes()
NAMES = "SELECT DISTINCT name FROM passages WHERE owner = %s AND model = %s ORDER BY name"
REMOVE = "DELETE FROM passages WHERE owner = %s AND name = %s"
ADD = (
    "INSERT INTO passages (owner, name, place, content, model, vector) "
    "VALUES (%s, %s, %s, %s, %s, %s)"
)


@dataclass(frozen=True)
class Source:
    """A passage for an answer: its document, the place in it, and how well it fits (0 to 1)."""

    name: str
    place: str
    text: str
    score: float


def make_tables(connection: Connection[Any]) -> None:
    """Makes the table of passages, and pgvector's type, if they are missing."""
    connection.execute(TABLES)


async def _nothing(_done: int, _total: int) -> None: ...


class Documents(ABC):
    """The documents of all users. Each call names the user, and sees only what is his.

    Args:
        pool: Connections to the database.
        model: Names the embedding model, because vectors of two models cannot be compared.
    """

    def __init__(self, pool: Pool, model: str) -> None:
        self._pool, self._model = pool, model

    async def add(
        self,
        user: str,
        name: str,
        passages: Sequence[Passage],
        on_progress: Callable[[int, int], Awaitable[object]] = _nothing,
    ) -> int:
        """Adds a document, in place of an earlier one of that name; returns how many passages.

        Args:
            user: Whose document it is; `EVERYONE` may be.
            name: Its name.
            passages: What it says.
            on_progress: Is told now and then how many passages are embedded, and of how many.

        Raises:
            UploadError: The user has too many documents.
        """
        known = await self.names(user)
        if user != EVERYONE and name not in known and len(known) >= MOST_DOCUMENTS:
            raise UploadError(f"You have {MOST_DOCUMENTS} documents, which is the limit.")
        vectors: list[list[float]] = []
        for start in range(0, len(passages), AT_ONCE):
            await on_progress(start, len(passages))
            texts = [passage.text for passage in passages[start : start + AT_ONCE]]
            vectors += await self._embed(texts)
        await on_progress(len(passages), len(passages))
        rows = [
            (user, name, passage.place, passage.text, self._model, str(vector))
            for passage, vector in zip(passages, vectors, strict=True)
        ]
        async with (
            self._pool.connection() as connection,
            connection.transaction(),
            connection.cursor() as cursor,
        ):
            await cursor.execute(REMOVE, [user, name])
            await cursor.executemany(ADD, rows)
        return len(rows)

    async def search(self, user: str, question: str, k: int = 4) -> list[Source]:
        """Returns the passages of the user and of `EVERYONE` that fit best, best first."""
        found = await self.candidates(user, question)
        return await self._rerank(question, found, k) if found else []

    async def candidates(self, user: str, question: str) -> list[Source]:
        """Returns what the search by meaning and the search by words find, fused by rank."""
        values = {
            "user": user,
            "model": self._model,
            "vector": str(await self._embed_question(question)),
            "words": " or ".join(re.findall(r"\w+", question)),
            "candidates": CANDIDATES,
        }
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(SEARCH, values)).fetchall()
        return [Source(**row) for row in rows]

    async def names(self, user: str) -> list[str]:
        """Returns the names of the user's documents."""
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(NAMES, [user, self._model])).fetchall()
        return [row["name"] for row in rows]

    async def remove(self, user: str, name: str) -> None:
        """Removes a document of the user."""
        async with self._pool.connection() as connection:
            await connection.execute(REMOVE, [user, name])

    # The models, which are LangChain's in `hybrid_langchain.py` and LlamaIndex's in its twin.

    @abstractmethod
    async def _embed(self, texts: list[str]) -> list[list[float]]: ...

    @abstractmethod
    async def _embed_question(self, question: str) -> list[float]: ...

    @abstractmethod
    async def _rerank(self, question: str, found: Sequence[Source], k: int) -> list[Source]: ...
