"""For each kind of request, a short right answer as bytes, and what a caller reads in it."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.hostile.raw_server import answer, chunked
from tests.wire_cases import PIXEL

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["RIGHT", "Right"]

TEXT = "Grüße, 🌿."


@dataclass(frozen=True)
class Right:
    """The body of a right answer."""

    body: bytes
    read: Any
    """What every way to call makes of it."""
    content_type: str = "application/json"

    @property
    def streamed(self) -> bool:
        """Whether it is a stream of events."""
        return self.content_type == "text/event-stream"

    def sent(self, *headers: str) -> bytes:
        """The whole answer: in chunks if streamed, else with its length."""
        if not self.streamed:
            return answer(self.body, "200 OK", self.content_type, *headers)
        head, _, rest = chunked(self.body).partition(b"\r\n\r\n")
        return b"\r\n".join((head, *(header.encode() for header in headers))) + b"\r\n\r\n" + rest


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _events(frames: Iterable[tuple[str | None, Any]]) -> bytes:
    lines = []
    for name, data in frames:
        lines.append(f"event: {name}\n".encode() if name else b"")
        lines.append(
            b"data: " + (data.encode() if isinstance(data, str) else _json(data)) + b"\n\n"
        )
    return b"".join(lines)


def _delta(finish_reason: str | None = None, **delta: Any) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    return {"id": "c", "model": "m", "choices": [choice]}


def _completion(
    text: str, kind: str = "chat.completion", role: str = "assistant"
) -> dict[str, Any]:
    choice = {
        "index": 0,
        "message": {"role": role, "content": text},
        "finish_reason": "stop" if role == "assistant" else "",
    }
    return {"id": "c", "object": kind, "model": "m", "choices": [choice]}


_USAGE = {"input_tokens": 2, "output_tokens": 2}
_MESSAGE = {"id": "m", "type": "message", "role": "assistant", "model": "m", "usage": _USAGE}
_CALL = {"id": "t1", "type": "function", "function": {"name": "add", "arguments": '{"a": 1}'}}
_CALL_READ = [("add", {"a": 1})]

RIGHT = {
    "chat": Right(_json(_completion(TEXT)), (TEXT, [])),
    "chat stream": Right(
        _events(
            [
                (None, _delta(role="assistant", content=TEXT[:4])),
                (None, _delta(content=TEXT[4:])),
                (None, _delta("stop")),
                (None, "[DONE]"),
            ]
        ),
        (TEXT, []),
        "text/event-stream",
    ),
    "tool call": Right(
        _json(
            {
                "id": "c",
                "choices": [
                    {
                        "index": 0,
                        "message": {"role": "assistant", "content": "", "tool_calls": [_CALL]},
                        "finish_reason": "tool_calls",
                    }
                ],
            }
        ),
        ("", _CALL_READ),
    ),
    "tool call stream": Right(
        _events(
            [
                (None, _delta(tool_calls=[{"index": 0, **_CALL, "function": function}]))
                for function in (
                    {"name": "add", "arguments": ""},
                    {"name": "", "arguments": '{"a"'},
                    {"name": "", "arguments": ": 1}"},
                )
            ]
            + [(None, _delta("tool_calls")), (None, "[DONE]")]
        ),
        ("", _CALL_READ),
        "text/event-stream",
    ),
    "messages": Right(
        _json(
            {
                **_MESSAGE,
                "content": [{"type": "text", "text": TEXT}],
                "stop_reason": "end_turn",
                "stop_sequence": None,
            }
        ),
        (TEXT, []),
    ),
    "messages stream": Right(
        _events(
            (frame["type"], frame)
            for frame in [
                {
                    "type": "message_start",
                    "message": {
                        **_MESSAGE,
                        "content": [],
                        "stop_reason": None,
                        "stop_sequence": None,
                    },
                },
                {
                    "type": "content_block_start",
                    "index": 0,
                    "content_block": {"type": "text", "text": ""},
                },
                *(
                    {
                        "type": "content_block_delta",
                        "index": 0,
                        "delta": {"type": "text_delta", "text": text},
                    }
                    for text in (TEXT[:4], TEXT[4:])
                ),
                {"type": "content_block_stop", "index": 0},
                {
                    "type": "message_delta",
                    "delta": {"stop_reason": "end_turn", "stop_sequence": None},
                    "usage": {"output_tokens": 2},
                },
                {"type": "message_stop"},
            ]
        ),
        (TEXT, []),
        "text/event-stream",
    ),
    "agent": Right(
        _events(
            [
                ("message", _completion("42", "tool.completion", "tool")),
                ("message", _completion(TEXT)),
                ("done", "[DONE]"),
            ]
        ),
        (TEXT, []),
        "text/event-stream",
    ),
    "embed": Right(
        _json(
            {
                "object": "list",
                "data": [{"object": "embedding", "index": 0, "embedding": [0.5, -1.0]}],
                "model": "m",
                "usage": {"prompt_tokens": 1, "total_tokens": 1},
            }
        ),
        [0.5, -1.0],
    ),
    "rerank": Right(_json({"results": [{"index": 0, "relevance_score": 0.5}]}), [0.5]),
    "image": Right(
        _json(
            {
                "created": 1,
                "data": [{"b64_json": base64.b64encode(PIXEL).decode(), "revised_prompt": "A fox"}],
            }
        ),
        PIXEL,
    ),
    "models": Right(_json([{"model_id": "m", "type": ["text-to-text"], "regions": ["us"]}]), ["m"]),
    "mcp servers": Right(
        _json([{"id": "mcp-a", "namespace": "mcp-a/tools", "tools": []}]), ["mcp-a"]
    ),
}
