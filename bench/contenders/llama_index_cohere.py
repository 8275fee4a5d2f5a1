"""The peer for reranking in LlamaIndex, in the environment of the peers."""

from __future__ import annotations

from typing import Any

from bench import work
from bench.contenders.llama_index_floor import rerank_of


def llama_rerank(url: str) -> Any:
    from llama_index.postprocessor.cohere_rerank import CohereRerank

    return rerank_of(
        CohereRerank(model=work.RERANK_MODEL, api_key=work.KEY, base_url=url, top_n=10)
    )
