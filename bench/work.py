"""The work that every contender does."""

from __future__ import annotations

import asyncio
import math
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

__all__ = [
    "CHAT_MODEL",
    "DOCUMENTS",
    "EMBEDDING_BATCH",
    "EMBEDDING_MODEL",
    "IN_FLIGHT",
    "KEY",
    "LATENCY",
    "LIMIT",
    "PROMPT",
    "REFUSED_WORD",
    "RERANK_MODEL",
    "TOOL",
    "corpus",
    "ideal_seconds",
    "in_flight",
    "one_by_one",
    "own_texts",
    "refused_in",
    "texts",
    "whole_requests",
]

KEY = "inf-bench-key"
CHAT_MODEL = "claude-4-5-sonnet"
EMBEDDING_MODEL = "cohere-embed-multilingual"
RERANK_MODEL = "cohere-rerank-3-5"
PROMPT = "What is the capital of France?"
IN_FLIGHT = 64
EMBEDDING_BATCH = 96
"""The most texts in a request (docs: embeddings)."""

LATENCY = 0.05
"""Seconds for which the slow ports wait before they answer."""

LIMIT = 20
"""Requests that the limited port takes in a second."""

REFUSED_WORD = "<script>"
"""What the port with faults refuses a request for."""

_REFUSED_ONCE_IN = 5_000

DOCUMENTS = [f"Document {number}: a dyno is a lightweight container." for number in range(1000)]
"""The most documents in a rerank request (docs: rerank)."""

TOOL: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "save",
        "description": "Saves a text.",
        "parameters": {
            "type": "object",
            "properties": {"text": {"type": "string"}},
            "required": ["text"],
        },
    },
}


def texts(count: int) -> list[str]:
    """Returns `count` short texts, all different."""
    return [f"A short text about dynos, number {number}." for number in range(count)]


def own_texts(count: int) -> Iterator[str]:
    """Yields `count` short texts that no other process has."""
    return (f"Text {number} of process {os.getpid()}, about dynos." for number in range(count))


def corpus(count: int) -> Iterator[tuple[str, str]]:
    """Yields `count` of those with ids of their own; one in 5,000 is refused."""
    for number, text in enumerate(own_texts(count)):
        is_refused = number % _REFUSED_ONCE_IN == _REFUSED_ONCE_IN // 2
        yield f"{os.getpid()}-{number}", text + f" {REFUSED_WORD}" * is_refused


def refused_in(count: int) -> int:
    """Returns how many of `count` of those are refused."""
    return (count + _REFUSED_ONCE_IN // 2 - 1) // _REFUSED_ONCE_IN


def whole_requests(share: int, processes: int) -> int:
    """Returns the fewest requests for `share` texts in each process."""
    return processes * math.ceil(share / EMBEDDING_BATCH)


def ideal_seconds(requests: int) -> float:
    """Returns the time for so many requests, if none came too early or too late."""
    return (requests - 1) // LIMIT + LATENCY


def in_flight(call: Callable[[], Awaitable[object]]) -> Callable[[int], Awaitable[None]]:
    """Returns work that awaits `call` `amount` times, at most `IN_FLIGHT` at once."""

    async def run(amount: int) -> None:
        left = iter(range(amount))

        async def lane() -> None:
            for _ in left:
                await call()

        await asyncio.gather(*(lane() for _ in range(IN_FLIGHT)))

    return run


def one_by_one(call: Callable[[], object]) -> Callable[[int], None]:
    """Returns work that calls `call` `amount` times in a row."""

    def run(amount: int) -> None:
        for _ in range(amount):
            call()

    return run
