"""The peer for LangChain: `ChatOpenAI` and `OpenAIEmbeddings` with another base URL."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from bench import work


def _chat(url: str) -> Any:
    from langchain_openai import ChatOpenAI

    return ChatOpenAI(model=work.CHAT_MODEL, api_key=work.KEY, base_url=f"{url}/v1")


def _embeddings(url: str) -> Any:
    from langchain_openai import OpenAIEmbeddings

    return OpenAIEmbeddings(
        model=work.EMBEDDING_MODEL,
        api_key=work.KEY,
        base_url=f"{url}/v1",
        check_embedding_ctx_length=False,
        chunk_size=work.EMBEDDING_BATCH,
    )


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


def memory(url: str) -> Any:
    def make(amount: int) -> list[object]:
        models = [_chat(url) for _ in range(amount)]
        for model in models:
            model.invoke(work.PROMPT)
        return models

    return make


def failing(url: str) -> Any:
    from openai import InternalServerError

    model = _chat(url)

    def run(_amount: int) -> None:
        with suppress(InternalServerError):
            model.invoke(work.PROMPT)

    return run


def connections(url: str) -> Any:
    model = _chat(url)

    def run(_amount: int) -> None:
        for _ in range(10):
            list(model.stream(work.PROMPT))

    return run


# For rows of LlamaIndex whose bound is the same as LangChain's.
llama_construct = construct
llama_embed = embed
llama_embed_slow = embed_slow
llama_aembed_slow = aembed_slow
