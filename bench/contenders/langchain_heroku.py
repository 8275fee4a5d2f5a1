"""Our adapter for LangChain."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from bench import work

if TYPE_CHECKING:
    from langchain_core.language_models.chat_models import BaseChatModel


def _chat(url: str) -> BaseChatModel:
    from langchain_heroku import ChatHeroku

    return ChatHeroku(model=work.CHAT_MODEL, api_key=work.KEY, base_url=url)


def _embeddings(url: str) -> Any:
    from langchain_heroku import HerokuEmbeddings

    return HerokuEmbeddings(model=work.EMBEDDING_MODEL, api_key=work.KEY, base_url=url)


def construct(url: str) -> Any:
    return work.one_by_one(lambda: _chat(url))


def invoke(url: str) -> Any:
    model = _chat(url)
    return work.one_by_one(lambda: model.invoke(work.PROMPT))


def ainvoke_64(url: str) -> Any:
    model = _chat(url)
    return work.in_flight(lambda: model.ainvoke(work.PROMPT))


def stream(url: str) -> Any:
    model = _chat(url)
    return lambda: model.stream(work.PROMPT)


def astream(url: str) -> Any:
    model = _chat(url)
    return lambda: model.astream(work.PROMPT)


stream_flushed = stream_paced = stream_reasoning = first_token = stream


def stream_tools(url: str) -> Any:
    model = _chat(url).bind_tools([work.TOOL])
    return lambda: model.stream(work.PROMPT)


def embed(url: str) -> Any:
    embeddings = _embeddings(url)
    return lambda amount: embeddings.embed_documents(work.texts(amount))


embed_slow = embed


def aembed_slow(url: str) -> Any:
    embeddings = _embeddings(url)

    async def run(amount: int) -> None:
        await embeddings.aembed_documents(work.texts(amount))

    return run


def bulk_memory(url: str) -> Any:
    embeddings = _embeddings(url)

    def run(amount: int) -> None:
        texts = work.own_texts(amount)
        embedded = sum(len(batch.float32()) for batch in embeddings.iter_embed(texts))
        assert embedded == amount, embedded

    return run


limited = bulk_memory


def abulk_memory(url: str) -> Any:
    embeddings = _embeddings(url)

    async def run(amount: int) -> None:
        texts, embedded = work.own_texts(amount), 0
        async for batch in embeddings.aiter_embed(texts):
            embedded += len(batch.float32())
        assert embedded == amount, embedded

    return run


def rerank(url: str) -> Any:
    from langchain_core.documents import Document

    from langchain_heroku import HerokuRerank

    reranker = HerokuRerank(model=work.RERANK_MODEL, api_key=work.KEY, base_url=url, top_n=10)
    documents = [Document(text) for text in work.DOCUMENTS]
    return work.one_by_one(lambda: reranker.compress_documents(documents, work.PROMPT))


def memory(url: str) -> Any:
    def make(amount: int) -> list[object]:
        models = [_chat(url) for _ in range(amount)]
        for model in models:
            model.invoke(work.PROMPT)
        return list(models)

    return make


def failing(url: str) -> Any:
    from heroku_inference import ServerError

    model = _chat(url)

    def run(_amount: int) -> None:
        with suppress(ServerError):
            model.invoke(work.PROMPT)

    return run


def connections(url: str) -> Any:
    model = _chat(url)

    def run(_amount: int) -> None:
        for _ in range(10):
            list(model.stream(work.PROMPT))

    return run
