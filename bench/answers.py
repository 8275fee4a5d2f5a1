"""The stub's answers as bytes, in the shapes that Heroku documents. Pure.

Everything is built once, before the first request, so that serving costs almost nothing.
"""

from __future__ import annotations

import base64
import json
import math
import struct
from functools import lru_cache
from typing import Any, NamedTuple

__all__ = [
    "CHUNKS",
    "EMBEDDING_WIDTH",
    "EVENTS_PER_WRITE",
    "Limits",
    "bad_request",
    "chat",
    "embeddings",
    "failure",
    "reasoning_stream",
    "refusal",
    "rerank",
    "text_stream",
    "tool_stream",
]

CHUNKS = 500
"""Deltas in one streamed answer."""

EVENTS_PER_WRITE = 50
"""Events in one HTTP chunk, as a client that is slower than the network reads them."""

EMBEDDING_WIDTH = 1024
"""Numbers in one vector (docs: cohere-embed-multilingual)."""

_ANSWER = (
    "The capital of France is Paris. It's not only the political capital but also a major cultural"
    " and economic hub in Europe, known for landmarks like the Eiffel Tower, the Louvre Museum,"
    " and Notre-Dame Cathedral."
)
_USAGE = {"prompt_tokens": 14, "completion_tokens": CHUNKS, "total_tokens": 14 + CHUNKS}
_HEADERS = {
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "strict-transport-security": "max-age=63072000",
    "x-request-id": "5f3a7c1e-0c57-4f2e-9f54-6f4be7a9a001",
}


class Limits(NamedTuple):
    """What the headers say of a limit on requests: the limit, what is left, seconds."""

    limit: int
    remaining: int
    reset: int

    def headers(self) -> dict[str, str]:
        """Returns the headers, beside those of a limit on tokens that is far."""
        return {
            "x-ratelimit-limit-requests": str(self.limit),
            "x-ratelimit-limit-tokens": "800000",
            "x-ratelimit-remaining-requests": str(self.remaining),
            "x-ratelimit-remaining-tokens": "799892",
            "x-ratelimit-reset-requests": f"{self.reset}s",
            "x-ratelimit-reset-tokens": "51s",
        }


_FAR = Limits(limit=150, remaining=149, reset=51)


def chat() -> bytes:
    """A whole chat completion (docs: chat completions)."""
    message = {"role": "assistant", "content": _ANSWER, "refusal": None}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return _json_answer(_completion("chat.completion", [choice], _USAGE))


def text_stream(chunks: int = CHUNKS, events_per_write: int = EVENTS_PER_WRITE) -> list[bytes]:
    """`chunks` text deltas, then finish reason, usage and `[DONE]`."""
    return _stream([{"content": " token"}] * chunks, "stop", events_per_write)


def reasoning_stream() -> list[bytes]:
    """`CHUNKS` reasoning deltas, then one of text."""
    thoughts = [{"content": "", "reasoning": {"thinking": " thought"}}] * CHUNKS
    return _stream([*thoughts, {"content": "42"}], "stop")


def tool_stream() -> list[bytes]:
    """One tool call whose arguments arrive in `CHUNKS` deltas."""
    opening = {"id": "tooluse_1", "type": "function", "function": _function("save", "")}
    fragments = ['{"text":"', *["word "] * (CHUNKS - 2), '"}']
    deltas = [{"index": 0, "function": _function("", text)} for text in fragments]
    return _stream(
        [{"tool_calls": [each]} for each in [{"index": 0, **opening}, *deltas]], "tool_calls"
    )


@lru_cache(maxsize=256)
def embeddings(count: int, encoding_format: str, limits: Limits = _FAR) -> bytes:
    """`count` vectors, as JSON numbers or, for `base64`, as little-endian float32."""
    vector = _vector_base64() if encoding_format == "base64" else _vector_json()
    items = b",".join(
        b'{"object":"embedding","index":%d,"embedding":%b}' % (index, vector)
        for index in range(count)
    )
    usage = b'{"prompt_tokens":%d,"total_tokens":%d}' % (8 * count, 8 * count)
    return _answer(
        b'{"object":"list","data":[%b],"model":"cohere-embed-multilingual","usage":%b}'
        % (items, usage),
        limits=limits,
    )


@lru_cache(maxsize=16)
def rerank(count: int, top_n: int | None) -> bytes:
    """Scores of the best `top_n` of `count` documents, the last document first."""
    results = [
        {"index": index, "relevance_score": round(0.1 + 0.8 * index / count, 8)}
        for index in reversed(range(count))
    ][:top_n]
    meta = {"api_version": {"version": "2", "is_experimental": False}}
    return _json_answer({"id": "8d5c8b0e", "results": results, "meta": meta})


def failure() -> bytes:
    """A 503 that asks for a retry after a millisecond, so that counting is quick."""
    error = {"error": {"code": 503, "message": "service unavailable", "type": "server_error"}}
    return _json_answer(error, "503 Service Unavailable", {"retry-after-ms": "1"})


@lru_cache(maxsize=1)
def bad_request() -> bytes:
    """A 400 for what a text says."""
    error = {"error": {"code": 400, "message": "invalid input", "type": "invalid_request_error"}}
    return _json_answer(error, "400 Bad Request")


@lru_cache(maxsize=16)
def refusal(limits: Limits) -> bytes:
    """A 429 (docs: rate limits; the text as seen in production)."""
    quota = f"rate Limit: maximum requests reached. Quota: {limits.limit}"
    error = {"error": {"code": 429, "message": quota, "type": "rate_limit_error"}}
    return _json_answer(error, "429 Too Many Requests", limits=limits)


def _function(name: str, arguments: str) -> dict[str, str]:
    return {"name": name, "arguments": arguments}


def _completion(kind: str, choices: list[Any], usage: dict[str, int]) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1846531e6d7a6be30e1c6",
        "object": kind,
        "created": 1749176895,
        "model": "claude-4-5-sonnet",
        "system_fingerprint": "heroku-inf-1qgiqof",
        "choices": choices,
        "usage": usage,
    }


def _stream(
    deltas: list[dict[str, Any]], finish_reason: str, events_per_write: int = EVENTS_PER_WRITE
) -> list[bytes]:
    """The pieces of one answer: its head, the HTTP chunks with its events, and its end."""
    first = {"role": "assistant", **deltas[0]}
    frames = [_chunk(delta, "") for delta in [first, *deltas[1:]]]
    frames += [_chunk({}, finish_reason), _chunk({}, "", _USAGE)]
    events = [b"event: message\ndata: %b\n\n" % _dumps(frame) for frame in frames]
    events.append(b"event: done\ndata: [DONE]\n\n")
    writes = [
        b"".join(events[start : start + events_per_write])
        for start in range(0, len(events), events_per_write)
    ]
    head = _head("200 OK", "text/event-stream", {"transfer-encoding": "chunked"})
    return [head, *(b"%x\r\n%b\r\n" % (len(write), write) for write in writes), b"0\r\n\r\n"]


def _chunk(
    delta: dict[str, Any], finish_reason: str, usage: dict[str, int] | None = None
) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    return _completion("chat.completion.chunk", [choice], usage or {})


@lru_cache(maxsize=1)
def _vector() -> tuple[float, ...]:
    """A unit vector with as many digits as real ones."""
    raw = [math.sin(1.7 * position) for position in range(EMBEDDING_WIDTH)]
    norm = math.sqrt(sum(number * number for number in raw))
    return tuple(round(number / norm, 9) for number in raw)


@lru_cache(maxsize=1)
def _vector_json() -> bytes:
    return _dumps(_vector())


@lru_cache(maxsize=1)
def _vector_base64() -> bytes:
    packed = struct.pack(f"<{EMBEDDING_WIDTH}f", *_vector())
    return b'"%b"' % base64.b64encode(packed)


def _dumps(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _json_answer(
    value: Any,
    status: str = "200 OK",
    headers: dict[str, str] | None = None,
    limits: Limits = _FAR,
) -> bytes:
    return _answer(_dumps(value), status, headers, limits)


def _answer(
    body: bytes,
    status: str = "200 OK",
    headers: dict[str, str] | None = None,
    limits: Limits = _FAR,
) -> bytes:
    length = {"content-length": str(len(body)), **(headers or {})}
    return _head(status, "application/json", length, limits) + body


def _head(status: str, content_type: str, headers: dict[str, str], limits: Limits = _FAR) -> bytes:
    fields = {"content-type": content_type, **headers, **_HEADERS, **limits.headers()}
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in fields.items())]
    return "\r\n".join([*lines, "\r\n"]).encode()
