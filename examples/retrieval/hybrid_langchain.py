"""The search of `hybrid.py` with the models of LangChain; `hybrid_llama_index.py` is its twin."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from langchain_heroku import HerokuEmbeddings, HerokuRerank
from retrieval import hybrid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from retrieval.hybrid import Source
    from retrieval.pool import Pool

__all__ = ["Documents"]


class Documents(hybrid.Documents):
    """The documents of all users, with LangChain.

    Args:
        pool: Connections to the database.
        connection: Arguments for the models; on Heroku the config vars are enough.
    """

    def __init__(self, pool: Pool, connection: dict[str, Any] | None = None) -> None:
        self._embeddings = HerokuEmbeddings(**connection or {})
        # A question may be longer than an embedding takes: its beginning is enough for a search.
        self._questions = self._embeddings.model_copy(update={"long_text": "truncate"})
        self._reranker = HerokuRerank(**connection or {})
        super().__init__(pool, str(self._embeddings.model))

    async def _embed(self, texts: list[str]) -> list[list[float]]:
        return await self._embeddings.aembed_documents(texts)

    async def _embed_question(self, question: str) -> list[float]:
        return await self._questions.aembed_query(question)

    async def _rerank(self, question: str, found: Sequence[Source], k: int) -> list[Source]:
        texts = [source.text for source in found]
        hits = await self._reranker.arerank(question, texts, top_n=k)
        return [replace(found[hit.index], score=hit.score) for hit in hits]
