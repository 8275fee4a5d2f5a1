"""Our adapter for LlamaIndex."""

from __future__ import annotations

from typing import Any

from llama_index.core.llms import ChatMessage

from bench import work
from bench.contenders.llama_index_floor import rerank_of

_MESSAGES = [ChatMessage(work.PROMPT)]


def _llm(url: str) -> Any:
    from llama_index_heroku import Heroku

    return Heroku(model=work.CHAT_MODEL, api_key=work.KEY, base_url=url)


def _embedding(url: str) -> Any:
    from llama_index_heroku import HerokuEmbedding

    return HerokuEmbedding(model=work.EMBEDDING_MODEL, api_key=work.KEY, base_url=url)


def llama_construct(url: str) -> Any:
    return work.one_by_one(lambda: _llm(url))


def llama_chat(url: str) -> Any:
    llm = _llm(url)
    return work.one_by_one(lambda: llm.chat(_MESSAGES))


def llama_achat_64(url: str) -> Any:
    llm = _llm(url)
    return work.in_flight(lambda: llm.achat(_MESSAGES))


def llama_stream_chat(url: str) -> Any:
    llm = _llm(url)
    return lambda: llm.stream_chat(_MESSAGES)


llama_stream_flushed = llama_stream_paced = llama_stream_chat


def llama_stream_tools(url: str) -> Any:
    llm = _llm(url)
    return lambda: llm.stream_chat(_MESSAGES, tools=[work.TOOL])


def llama_embed(url: str) -> Any:
    embedding = _embedding(url)
    return lambda amount: embedding.get_text_embedding_batch(work.texts(amount))


llama_embed_slow = llama_embed


def llama_aembed_slow(url: str) -> Any:
    embedding = _embedding(url)
    return lambda amount: embedding.aget_text_embedding_batch(work.texts(amount))


def llama_rerank(url: str) -> Any:
    from llama_index_heroku import HerokuRerank

    reranker = HerokuRerank(model=work.RERANK_MODEL, api_key=work.KEY, base_url=url, top_n=10)
    return rerank_of(reranker)
