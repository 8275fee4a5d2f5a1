"""The peer for reranking in LangChain. It is in the environment of the peers."""

from __future__ import annotations

from typing import Any

from bench import work


def rerank(url: str) -> Any:
    from langchain_cohere import CohereRerank
    from langchain_core.documents import Document

    reranker = CohereRerank(
        model=work.RERANK_MODEL, cohere_api_key=work.KEY, base_url=url, top_n=10
    )
    documents = [Document(text) for text in work.DOCUMENTS]
    return work.one_by_one(lambda: reranker.compress_documents(documents, work.PROMPT))
