"""Third step: from the passages that fit a question to a prompt, and to an answer with sources."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "CANDIDATES",
    "INSTRUCTIONS",
    "LEAST_SCORE",
    "SOURCES",
    "Source",
    "cited_numbers",
    "prompt_for",
]

CANDIDATES = 20
"""How many passages the vector search hands to the reranker."""
SOURCES = 4
"""How many of them the reranker keeps."""
LEAST_SCORE = 0.30
"""Below this score of the best passage nothing fits; for the emulator's MiniLM engine only.

`examples/recipes/measure.py` measures it on `examples/docs`: below are 2 of the 77 questions that
the pages answer (`notebooks/data/questions.json`), and 37 of 40 about other things
(`notebooks/data/off_topic.json`). Scores of other models differ, so measure theirs.
"""

INSTRUCTIONS = """\
Answer the question from the numbered sources, and from nothing else. Be brief. Cite the source of \
each statement by its number, like [1]. If the sources do not hold the answer, say so."""


class Source(NamedTuple):
    """A passage that the answer can cite."""

    number: int
    score: float
    file: str
    place: str
    text: str


def prompt_for(question: str, sources: Sequence[Source]) -> str:
    """Writes the prompt: the numbered sources, then the question."""
    passages = "\n\n".join(
        f"[{source.number}] {source.file}\n\n{source.text}" for source in sources
    )
    return f"Sources:\n\n{passages}\n\nQuestion: {question}"


def cited_numbers(text: str) -> set[int]:
    """Returns the numbers of the sources that an answer cites."""
    return {int(number) for number in re.findall(r"\[(\d+)\]", text)}
