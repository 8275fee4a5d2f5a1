"""The documents of each user: passages with their vectors, found by meaning and by words."""

from __future__ import annotations

import asyncio
import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from retrieval.uploads import Passage, UploadError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from psycopg import Connection

    from retrieval.pool import Pool

EVERYONE = ""
"""The owner of documents that every user finds; `python -m retrieval.load` adds them."""
MOST_DOCUMENTS = 50
"""How many documents a user may have."""
MOST_PASSAGES = 5_000
"""How many passages a user may have, of all documents together: about 35 MB in the database."""
REMEDY = "Remove a document first: in the mode Agent, the assistant does it."
CANDIDATES = 20
"""How many passages each search finds, and how many of both go to the reranker."""
AT_ONCE = 384
"""Passages that are embedded between two reports of progress: four full requests."""

TABLES = Path(__file__).with_name("hybrid_tables.sql").read_bytes()
SEARCH = Path(__file__).with_name("hybrid_search.sql").read_bytes()
SIZES = (
    "SELECT name, count(*) AS size FROM passages WHERE owner = %s AND model = %s "
    "GROUP BY name ORDER BY name"
)
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
        self._adding: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def add(
        self,
        user: str,
        name: str,
        passages: Sequence[Passage],
        on_progress: Callable[[int, int], Awaitable[object]] = _nothing,
    ) -> int:
        """Adds a document, in place of an earlier one of that name; returns how many passages.

        Those of one user are added one after the other, so that limits and names hold.

        Args:
            user: Whose document it is; `EVERYONE` may be.
            name: Its name.
            passages: What it says.
            on_progress: Is told now and then how many passages are embedded, and of how many.

        Raises:
            UploadError: The user has too many documents, or passages.
        """
        async with self._adding.setdefault(user, asyncio.Lock()):
            if user != EVERYONE:
                await self._check_room(user, name, len(passages))
            rows = await self._rows(user, name, passages, on_progress)
            async with (
                self._pool.connection() as connection,
                connection.transaction(),
                connection.cursor() as cursor,
            ):
                await cursor.execute(REMOVE, [user, name])
                await cursor.executemany(ADD, rows)
        return len(rows)

    async def _check_room(self, user: str, name: str, more: int) -> None:
        others = {one: size for one, size in (await self._sizes(user)).items() if one != name}
        if len(others) >= MOST_DOCUMENTS:
            raise UploadError(f"You have {MOST_DOCUMENTS} documents, which is the limit. {REMEDY}")
        room = max(MOST_PASSAGES - sum(others.values()), 0)
        if more > room:
            raise UploadError(f"{name} has {more} passages, and there is room for {room}. {REMEDY}")

    async def _rows(
        self,
        user: str,
        name: str,
        passages: Sequence[Passage],
        on_progress: Callable[[int, int], Awaitable[object]],
    ) -> list[tuple[str, ...]]:
        rows: list[tuple[str, ...]] = []
        for start in range(0, len(passages), AT_ONCE):
            await on_progress(start, len(passages))
            some = passages[start : start + AT_ONCE]
            vectors = await self._embed([passage.text for passage in some])
            rows += [
                (user, name, *passage, self._model, str(vector))
                for passage, vector in zip(some, vectors, strict=True)
            ]
        await on_progress(len(passages), len(passages))
        return rows

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
        return list(await self._sizes(user))

    async def _sizes(self, user: str) -> dict[str, int]:
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(SIZES, [user, self._model])).fetchall()
        return {row["name"]: row["size"] for row in rows}

    async def remove(self, user: str, name: str) -> bool:
        """Removes a document of the user; returns whether there was one of that name."""
        async with self._pool.connection() as connection:
            return (await connection.execute(REMOVE, [user, name])).rowcount > 0

    # The models, which are LangChain's in `hybrid_langchain.py` and LlamaIndex's in its twin.

    @abstractmethod
    async def _embed(self, texts: list[str]) -> list[list[float]]: ...

    @abstractmethod
    async def _embed_question(self, question: str) -> list[float]: ...

    @abstractmethod
    async def _rerank(self, question: str, found: Sequence[Source], k: int) -> list[Source]: ...
