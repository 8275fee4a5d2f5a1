"""Third step: the passages that fit a question, and an answer that cites them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from langchain_core.messages import HumanMessage, SystemMessage

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from langchain_core.documents.compressor import BaseDocumentCompressor
    from langchain_core.language_models import BaseChatModel

    from retrieval.store import ChunkStore

__all__ = ["Source", "answer", "cited_numbers", "find_sources"]

CANDIDATES = 20
"""How many passages the vector search hands to the reranker, which keeps the best few."""

_INSTRUCTIONS = """\
Answer the question from the numbered sources, and from nothing else. Be brief. Cite the source of \
each statement by its number, like [1]. If the sources do not hold the answer, say so."""


class Source(NamedTuple):
    """A passage that the answer may rest on."""

    number: int
    score: float
    file: str
    place: str
    text: str


def find_sources(
    question: str, store: ChunkStore, reranker: BaseDocumentCompressor
) -> list[Source]:
    """Retrieves broadly, then reranks: the best passages, best first."""
    candidates = store.search(question, CANDIDATES)
    return [
        Source(
            number,
            passage.metadata["relevance_score"],
            passage.metadata["source"],
            passage.metadata["place"],
            passage.page_content,
        )
        for number, passage in enumerate(reranker.compress_documents(candidates, question), start=1)
    ]


def answer(question: str, sources: Sequence[Source], model: BaseChatModel) -> Iterator[str]:
    """Streams an answer that is drawn from the sources."""
    passages = "\n\n".join(
        f"[{source.number}] {source.file}\n\n{source.text}" for source in sources
    )
    conversation = [
        SystemMessage(_INSTRUCTIONS),
        HumanMessage(f"Sources:\n\n{passages}\n\nQuestion: {question}"),
    ]
    for chunk in model.stream(conversation):
        yield chunk.text


def cited_numbers(text: str) -> set[int]:
    """Returns the numbers of the sources that an answer cites."""
    return {int(number) for number in re.findall(r"\[(\d+)\]", text)}
