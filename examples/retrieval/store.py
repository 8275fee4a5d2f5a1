"""Second step: from chunks to a store of vectors, embedding each chunk once."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, NamedTuple

from heroku_inference import ContentBlockedError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from retrieval.documents import Chunk

__all__ = ["Changes", "ChunkStore"]

MOST_AT_ONCE = 384
"""Four full embedding requests; their vectors are stored before the next ones are made."""
FEWEST_AT_ONCE = 16
STEPS = 20
"""The steps of the progress bar, within these bounds."""


class Changes(NamedTuple):
    """What a synchronisation did."""

    embedded: int
    unchanged: int
    removed: int
    blocked: list[Chunk]
    """What the firewall in front of Heroku takes for an attack; it is not in the collection."""


class ChunkStore(ABC):
    """One collection of chunks with their vectors; a framework's classes do the work."""

    @abstractmethod
    def ids(self) -> set[str]:
        """Returns the ids of all chunks in the collection."""

    @abstractmethod
    def embed(self, texts: list[str]) -> list[list[float]]:
        """Returns the vectors of texts."""

    @abstractmethod
    def add(self, chunks: Sequence[Chunk], vectors: list[list[float]]) -> None:
        """Puts chunks and their vectors into the collection."""

    @abstractmethod
    def delete(self, ids: list[str]) -> None:
        """Removes chunks from the collection."""

    def synchronise(
        self, chunks: Sequence[Chunk], on_progress: Callable[[int, int], None]
    ) -> Changes:
        """Makes the collection equal to `chunks`, and embeds only the new ones.

        Args:
            chunks: All chunks that the collection should contain.
            on_progress: Called with the number of embedded chunks so far and in all.
        """
        known = self.ids()
        new = [chunk for chunk in chunks if chunk.id not in known]
        gone = known - {chunk.id for chunk in chunks}
        blocked: list[Chunk] = []
        on_progress(0, len(new))
        size = min(max(len(new) // STEPS, FEWEST_AT_ONCE), MOST_AT_ONCE)
        for start in range(0, len(new), size):
            batch = new[start : start + size]
            vectors = self._vectors_of(batch)
            passed = [chunk for chunk in batch if chunk.id in vectors]
            blocked += [chunk for chunk in batch if chunk.id not in vectors]
            if passed:
                self.add(passed, [vectors[chunk.id] for chunk in passed])
            on_progress(start + len(batch), len(new))
        if gone:
            self.delete(sorted(gone))
        return Changes(len(new) - len(blocked), len(chunks) - len(new), len(gone), blocked)

    def _vectors_of(self, chunks: Sequence[Chunk]) -> dict[str, list[float]]:
        """Embeds chunks together, by id; leaves out what the edge firewall blocks."""
        try:
            vectors = self.embed([chunk.text for chunk in chunks])
        except ContentBlockedError:
            if len(chunks) == 1:
                return {}
            middle = len(chunks) // 2
            return self._vectors_of(chunks[:middle]) | self._vectors_of(chunks[middle:])
        return dict(zip([chunk.id for chunk in chunks], vectors, strict=True))
