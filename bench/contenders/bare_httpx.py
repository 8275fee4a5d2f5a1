"""Plain `httpx` and `json`, without retries, error classes or result objects."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from bench import work

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

_ASKED: Any = {
    "model": work.CHAT_MODEL,
    "messages": [{"role": "user", "content": work.PROMPT}],
}


def _client(url: str) -> httpx.Client:
    import httpx

    return httpx.Client(
        base_url=f"{url}/v1/", headers={"authorization": f"Bearer {work.KEY}"}, timeout=60
    )


def invoke(url: str) -> Any:
    client = _client(url)
    return work.one_by_one(lambda: client.post("chat/completions", json=_ASKED).json())


def stream(url: str) -> Any:
    client = _client(url)

    def chunks() -> Iterator[object]:
        body = {**_ASKED, "stream": True}
        with client.stream("POST", "chat/completions", json=body) as reply:
            for line in reply.iter_lines():
                if line.startswith("data: {"):
                    yield json.loads(line[6:])

    return chunks


stream_flushed = stream_paced = first_token = stream


def embed(url: str) -> Any:
    client = _client(url)

    def run(amount: int) -> None:
        texts = work.texts(amount)
        for start in range(0, amount, work.EMBEDDING_BATCH):
            batch = texts[start : start + work.EMBEDDING_BATCH]
            body = {"model": work.EMBEDDING_MODEL, "input": batch}
            client.post("embeddings", json=body).json()

    return run


def rerank(url: str) -> Any:
    client = _client(url)
    body = {
        "model": work.RERANK_MODEL,
        "query": work.PROMPT,
        "documents": work.DOCUMENTS,
        "top_n": 10,
    }
    return work.one_by_one(lambda: client.post("rerank", json=body).json())


def connections(url: str) -> Any:
    chunks = stream(url)

    def run(_amount: int) -> None:
        for _ in range(10):
            list(chunks())

    return run
