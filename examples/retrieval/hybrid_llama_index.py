"""The search of `hybrid.py` with the models of LlamaIndex; `hybrid_langchain.py` is its twin.

Both use one table, so documents stay when you switch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode

from llama_index_heroku import HerokuEmbedding, HerokuRerank
from retrieval import hybrid
from retrieval.hybrid import Source

if TYPE_CHECKING:
    from collections.abc import Sequence

    from retrieval.pool import Pool

__all__ = ["DocumentRetriever", "Documents"]


class Documents(hybrid.Documents):
    """The documents of all users, with LlamaIndex.

    Args:
        pool: Connections to the database.
        connection: Arguments for the models; on Heroku the config vars are enough.
    """

    def __init__(self, pool: Pool, connection: dict[str, Any] | None = None) -> None:
        self._embedding = HerokuEmbedding(**connection or {})
        # A question may be longer than an embedding takes: its beginning is enough for a search.
        self._questions = self._embedding.model_copy(update={"long_text": "truncate"})
        self._postprocessor = HerokuRerank(**connection or {})
        super().__init__(pool, str(self._embedding.model))

    def retriever(self, user: str) -> DocumentRetriever:
        """Returns a retriever of the user's passages for LlamaIndex's query and chat engines."""
        return DocumentRetriever(self, user)

    async def _embed(self, texts: list[str]) -> list[list[float]]:
        return await self._embedding.aget_text_embedding_batch(texts)

    async def _embed_question(self, question: str) -> list[float]:
        return await self._questions.aget_query_embedding(question)

    async def _rerank(self, question: str, found: Sequence[Source], k: int) -> list[Source]:
        best_of = self._postprocessor.model_copy(update={"top_n": k})
        best = await best_of.apostprocess_nodes(_nodes(found), query_str=question)
        return [_source(node) for node in best]


class DocumentRetriever(BaseRetriever):
    """Finds passages of one user: by meaning and by words, fused by rank."""

    def __init__(self, documents: Documents, user: str) -> None:
        super().__init__()
        self._documents = documents
        self._user = user

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        raise NotImplementedError("The pool of connections is async: use `aretrieve`.")

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return _nodes(await self._documents.candidates(self._user, query_bundle.query_str))


def _nodes(sources: Sequence[Source]) -> list[NodeWithScore]:
    return [
        NodeWithScore(
            node=TextNode(
                text=source.text,
                metadata={"name": source.name, "place": source.place},
                # The text begins with its heading; models need not read the rest.
                excluded_llm_metadata_keys=["name", "place"],
                excluded_embed_metadata_keys=["name", "place"],
            ),
            score=source.score,
        )
        for source in sources
    ]


def _source(found: NodeWithScore) -> Source:
    return Source(**found.node.metadata, text=found.text, score=found.score or 0.0)
