"""A process of its own that embeds texts under a limit that it shares, one way or another."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

from heroku_inference import AsyncClient, Client, SharedRateLimit

if TYPE_CHECKING:
    from collections.abc import Callable

KEY = "inf-made-up-key-of-hostile-tests"


def by_client(options: dict[str, Any]) -> Callable[[list[str]], list[list[float]]]:
    client = Client(**options)
    return lambda texts: client.embed(texts).vectors


def by_async_client(options: dict[str, Any]) -> Callable[[list[str]], list[list[float]]]:
    client = AsyncClient(**options)
    return lambda texts: asyncio.run(client.embed(texts)).vectors


def by_langchain(options: dict[str, Any]) -> Callable[[list[str]], list[list[float]]]:
    from langchain_heroku import HerokuEmbeddings

    embeddings = HerokuEmbeddings(**options)
    return lambda texts: asyncio.run(embeddings.aembed_documents(texts))


def by_llama_index(options: dict[str, Any]) -> Callable[[list[str]], list[list[float]]]:
    from llama_index_heroku import HerokuEmbedding

    return HerokuEmbedding(**options).get_text_embedding_batch


WAYS = {
    "Client": by_client,
    "AsyncClient": by_async_client,
    "HerokuEmbeddings": by_langchain,
    "HerokuEmbedding": by_llama_index,
}

if __name__ == "__main__":
    url, store, limit, way, first, count = sys.argv[1:]
    texts = [str(number) for number in range(int(first), int(first) + int(count))]
    shared = SharedRateLimit(store, requests=limit)
    embed = WAYS[way]({"api_key": KEY, "base_url": url, "model": "m", "rate_limiter": shared})
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    assert [vector[0] for vector in embed(texts)] == [float(text) for text in texts]
