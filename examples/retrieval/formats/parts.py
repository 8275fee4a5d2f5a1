"""The parts of a file: what stands under each heading, and the way of headings to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Heading", "Part", "under_headings"]

Part: TypeAlias = tuple[str, str]
"""Where it is ("Errors > Retrying", "page 2", or nothing), and its text."""


class Heading(NamedTuple):
    """A heading; level 1 is the highest."""

    level: int
    title: str


def under_headings(blocks: Iterable[str | Heading]) -> Iterator[Part]:
    """Yields the text between headings, with the path of headings that leads to it."""
    path: dict[int, str] = {}
    texts: list[str] = []
    for block in blocks:
        if isinstance(block, str):
            texts.append(block)
            continue
        yield " > ".join(path.values()), "\n".join(texts)
        texts.clear()
        path = {level: title for level, title in path.items() if level < block.level}
        path[block.level] = block.title
    yield " > ".join(path.values()), "\n".join(texts)
