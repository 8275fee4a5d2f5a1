"""Renders a message as a stream of events (docs: streaming messages). Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from heroku_emulator.errors import compact
from heroku_emulator.messages_api.answer import message_body

if TYPE_CHECKING:
    from collections.abc import Iterator

    from heroku_emulator.messages_api.answer import Message
    from heroku_emulator.switches import Switches

__all__ = ["events", "frame", "frames"]

_WORDS = re.compile(r"\S+\s*|\s+")
_PING = {"type": "ping"}


def frames(message: Message, switches: Switches) -> Iterator[bytes]:
    """Yields the SSE frames of a whole stream, which has no `[DONE]`."""
    for event in events(message, switches):
        yield frame(event["type"], compact(event), switches)


def frame(event: str, text: str, switches: Switches) -> bytes:
    """Returns one event, after the heartbeat and the ping if they are switched on."""
    space = " " if switches.sse_space else ""
    before = ": heartbeat\n\n" if switches.heartbeats else ""
    if switches.pings and event != "ping":
        before += f"event:{space}ping\ndata:{space}{compact(_PING)}\n\n"
    lines = "".join(f"data:{space}{line}\n" for line in text.split("\n"))
    return f"{before}event:{space}{event}\n{lines}\n".encode()


def events(message: Message, switches: Switches) -> Iterator[dict[str, Any]]:
    """Yields the empty message, its blocks (a ping in the first), and the end."""
    body = message_body(message)
    begun = {**message.input_usage, "output_tokens": 1}
    empty: dict[str, Any] = {
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": begun,
    }
    yield {"type": "message_start", "message": body | empty}
    for index, (start, deltas) in enumerate(_blocks(message, switches)):
        yield {"type": "content_block_start", "index": index, "content_block": start}
        if index == 0:
            yield _PING
        for delta in deltas:
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    ending = {"stop_reason": message.stop_reason, "stop_sequence": message.stop_sequence}
    usage = {"output_tokens": message.output_tokens}
    if switches.message_delta_usage == "all":
        usage = {**message.input_usage, **usage}
    yield {"type": "message_delta", "delta": ending, "usage": usage}
    yield {"type": "message_stop"}


def _blocks(
    message: Message, switches: Switches
) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """Yields each block as it starts, and its deltas."""
    if message.thinking is not None:
        yield _thinking(message.thinking, switches)
    if message.text:
        pieces = _pieces(message.text, switches)
        deltas = [{"type": "text_delta", "text": piece} for piece in pieces]
        yield {"type": "text", "text": ""}, deltas
    for use in message.tool_uses:
        start = {"type": "tool_use", "id": use.call_id, "name": use.name, "input": {}}
        pieces = ["", *_pieces(use.arguments, switches)]  # the first is empty, as documented
        yield start, [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]


def _thinking(
    block: dict[str, Any], switches: Switches
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Returns the start and the deltas: redacted thinking comes whole, a signature comes last."""
    if block["type"] == "redacted_thinking":
        return block, []
    pieces = _pieces(block["thinking"], switches)
    deltas = [{"type": "thinking_delta", "thinking": piece} for piece in pieces]
    signed = {"type": "signature_delta", "signature": block["signature"]}
    return {"type": "thinking", "thinking": "", "signature": ""}, [*deltas, signed]


def _pieces(text: str, switches: Switches) -> list[str]:
    size = switches.delta_characters
    if size == 0:
        return _WORDS.findall(text)
    return [text[start : start + size] for start in range(0, len(text), size)]
