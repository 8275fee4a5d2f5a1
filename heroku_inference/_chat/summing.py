"""A streamed chat completion, summed up and written as the plain one. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pydantic_core import to_json

from heroku_inference._call import StreamForm
from heroku_inference._chat.reading import ChunkReader, sum_chunks
from heroku_inference._chat.request import ChatRequest

if TYPE_CHECKING:
    from heroku_inference._values import ChatChunk, ChatResult, Reply, Usage

__all__ = ["SUMMED_CHAT", "SUMMED_CHAT_WITHOUT_USAGE"]


class _CompletionSum:
    """Sums up one stream. What was asked for is for those to apply who read the plain answer."""

    def __init__(self, reply: Reply) -> None:
        self._reader = ChunkReader(ChatRequest({}), reply)
        self._chunks: list[ChatChunk] = []

    @property
    def done(self) -> bool:
        return self._reader.done

    def read(self, event: str | None, data: bytes) -> tuple[()]:
        self._chunks += self._reader.read(event, data)
        return ()

    def finish(self) -> tuple[()]:
        self._chunks += self._reader.finish()
        return ()

    def body(self) -> bytes:
        return to_json(_completion(sum_chunks(self._chunks)))


SUMMED_CHAT: Final = StreamForm(_CompletionSum, {"stream_options": {"include_usage": True}})
SUMMED_CHAT_WITHOUT_USAGE: Final = StreamForm(_CompletionSum)


def _completion(result: ChatResult) -> dict[str, Any]:
    message: dict[str, Any] = {
        "role": "assistant",
        "content": result.text,
        "refusal": result.refusal,
    }
    if result.reasoning or result.reasoning_signature:
        message["reasoning"] = {"thinking": result.reasoning or ""}
    if result.reasoning_signature:
        message["reasoning"]["signature"] = result.reasoning_signature
    if result.tool_calls:
        message["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
            }
            for call in result.tool_calls
        ]
    choice = {"index": 0, "message": message, "finish_reason": result.finish_reason}
    completion: dict[str, Any] = {
        "id": result.id,
        "object": "chat.completion",
        "created": result.created,
        "model": result.model,
        "system_fingerprint": result.system_fingerprint,
        "choices": [choice],
        "usage": result.usage and _usage(result.usage),
    }
    return {name: value for name, value in completion.items() if value is not None}


def _usage(usage: Usage) -> dict[str, Any]:
    prompt = {
        "cached_tokens": usage.cached_tokens,
        "cache_creation_tokens": usage.cache_creation_tokens,
    }
    details = {
        "prompt_tokens_details": prompt,
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
    }
    sent = {
        part: {name: count for name, count in counts.items() if count is not None}
        for part, counts in details.items()
    }
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.total_tokens,
        **{part: counts for part, counts in sent.items() if counts},
    }
