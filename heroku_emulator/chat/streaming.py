"""Renders a chat completion as a stream, in every form that has been seen. Pure."""

from __future__ import annotations

import re
from itertools import chain, zip_longest
from typing import TYPE_CHECKING, Any

from heroku_emulator.chat.completion import FINGERPRINT, message_of, reasoning_fields, usage_of
from heroku_emulator.errors import compact

if TYPE_CHECKING:
    from collections.abc import Iterator

    from heroku_emulator.chat.completion import Completion, ToolCall
    from heroku_emulator.switches import Switches

__all__ = ["ZERO_USAGE", "chunks", "frame", "frames", "terminator"]

_WORDS = re.compile(r"\S+\s*|\s+")
ZERO_USAGE = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}


def frames(completion: Completion, body: dict[str, Any], switches: Switches) -> Iterator[bytes]:
    """Yields the SSE frames of the stream for a request, including `[DONE]`."""
    options = body.get("stream_options") or {}
    with_usage = switches.stream_usage == "always" or options.get("include_usage") is True
    for chunk in chunks(completion, switches, with_usage=with_usage):
        yield frame("message", compact(chunk), switches)
    yield from terminator(switches)


def terminator(switches: Switches) -> Iterator[bytes]:
    """Yields the frame that ends a stream, if the switches have one."""
    if switches.terminator != "none":
        yield frame(switches.terminator, "[DONE]", switches)


def frame(event: str, text: str, switches: Switches) -> bytes:
    """Returns one event, after the heartbeat and the ping if they are switched on."""
    space = " " if switches.sse_space else ""
    before = ": heartbeat\n\n" if switches.heartbeats else ""
    if switches.pings:
        before += f'event:{space}message\ndata:{space}{{"type":"ping"}}\n\n'
    lines = "".join(f"data:{space}{line}\n" for line in text.split("\n"))
    return f"{before}event:{space}{event}\n{lines}\n".encode()


def chunks(
    completion: Completion, switches: Switches, *, with_usage: bool
) -> Iterator[dict[str, Any]]:
    """Yields the chunks: role, reasoning, text, tool calls, the finish, the usage."""
    form = switches.usage if with_usage else "none"
    usage = usage_of(completion, switches)
    if switches.whole_message:
        yield _chunk(completion, switches, message=message_of(completion, switches))
    else:
        for number, delta in enumerate(_deltas(completion, switches)):
            role = {"role": "assistant"} if number == 0 or switches.role_on_every_chunk else {}
            yield _chunk(completion, switches, delta=role | delta)
    yield _chunk(
        completion,
        switches,
        delta={},
        finish_reason=completion.finish_reason,
        usage=usage if form == "finish_chunk" else None,
    )
    if form == "own_chunk":
        yield _chunk(completion, switches, delta={}, usage=usage)
    elif form == "empty_choices":
        yield _chunk(completion, switches, delta={}, usage=usage) | {"choices": []}


def _chunk(
    completion: Completion,
    switches: Switches,
    *,
    delta: dict[str, Any] | None = None,
    message: dict[str, Any] | None = None,
    finish_reason: str | None = None,
    usage: dict[str, Any] | None = None,
) -> dict[str, Any]:
    choice: dict[str, Any] = {"index": 0} if switches.choice_index else {}
    choice |= {"delta": delta} if message is None else {"message": message}
    choice |= (
        _unfinished_fields(switches) if finish_reason is None else {"finish_reason": finish_reason}
    )
    chunk = {
        "id": completion.completion_id,
        "object": "chat.completion.chunk",
        "created": completion.created,
        "model": completion.model,
        "system_fingerprint": FINGERPRINT,
        "choices": [choice],
    }
    return chunk | ({"usage": usage} if usage else _empty_usage_fields(switches))


def _unfinished_fields(switches: Switches) -> dict[str, Any]:
    """Returns `finish_reason` for a choice that does not finish the answer."""
    if switches.middle_finish_reason == "absent":
        return {}
    return {"finish_reason": "" if switches.middle_finish_reason == "empty" else None}


def _empty_usage_fields(switches: Switches) -> dict[str, Any]:
    """Returns `usage` for an event without usage."""
    forms: dict[str, dict[str, Any]] = {
        "empty": {"usage": {}},
        "zeros": {"usage": ZERO_USAGE},
        "null": {"usage": None},
    }
    return forms.get(switches.middle_usage, {})


def _deltas(completion: Completion, switches: Switches) -> Iterator[dict[str, Any]]:
    for piece in _pieces(completion.reasoning or "", switches):
        yield _no_content(switches) | reasoning_fields(piece, switches)
    for piece in _pieces(completion.text, switches):
        yield {"content": piece}
    for delta in _tool_deltas(completion, switches):
        yield (_no_content(switches) if switches.empty_content == "null" else {}) | {
            "tool_calls": [delta]
        }


def _no_content(switches: Switches) -> dict[str, Any]:
    forms: dict[str, dict[str, Any]] = {"empty": {"content": ""}, "null": {"content": None}}
    return forms.get(switches.empty_content, {})


def _pieces(text: str, switches: Switches) -> list[str]:
    size = switches.delta_characters
    if size == 0:
        return _WORDS.findall(text)
    return [text[start : start + size] for start in range(0, len(text), size)]


def _tool_deltas(completion: Completion, switches: Switches) -> Iterator[dict[str, Any]]:
    first_block = 1 if completion.text else 0
    calls = [
        list(_call_deltas(call, number, first_block + number, switches))
        for number, call in enumerate(completion.tool_calls)
    ]
    if switches.interleave_tool_calls:
        turns = chain.from_iterable(zip_longest(*calls))
        return (delta for delta in turns if delta is not None)
    return chain.from_iterable(calls)


def _call_deltas(
    call: ToolCall, number: int, block: int, switches: Switches
) -> Iterator[dict[str, Any]]:
    drifts = switches.tool_index == "drift"
    function = {"name": call.name, "arguments": ""}
    opening = {"id": call.call_id, "type": "function", "function": function}
    yield _with_index(block if drifts else number, opening, switches)
    name = {"name": ""} if switches.repeat_empty_name else {}
    for piece in _pieces(call.arguments, switches):
        yield _with_index(
            0 if drifts else number, {"function": name | {"arguments": piece}}, switches
        )


def _with_index(index: int, delta: dict[str, Any], switches: Switches) -> dict[str, Any]:
    return delta if switches.tool_index == "absent" else {"index": index, **delta}
