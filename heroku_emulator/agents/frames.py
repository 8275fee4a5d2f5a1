"""Renders the messages of an agent's run as events (docs: MCP)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from heroku_emulator.chat.completion import FINGERPRINT, completion_body
from heroku_emulator.chat.streaming import ZERO_USAGE, chunks
from heroku_emulator.errors import compact

if TYPE_CHECKING:
    from collections.abc import Iterator

    from heroku_emulator.agent_tools.tool import Outcome, Tool
    from heroku_emulator.chat.completion import Completion, ToolCall
    from heroku_emulator.switches import Switches

__all__ = ["assistant_events", "result_text", "tool_event"]

_BLANK_REASONS: dict[str, dict[str, Any]] = {
    "empty": {"finish_reason": ""},
    "null": {"finish_reason": None},
    "zeros": {"finish_reason": ""},
    "absent": {},
}
_BLANK_USAGE: dict[str, dict[str, Any]] = {
    "empty": {"usage": {}},
    "null": {"usage": None},
    "zeros": {"usage": ZERO_USAGE},
    "absent": {},
}


def assistant_events(completion: Completion, switches: Switches) -> Iterator[dict[str, Any]]:
    """Yields the assistant's turn: one whole message, unless chunks are switched on."""
    if switches.agent_messages == "chunks":
        yield from chunks(completion, switches, with_usage=True)
        return
    event = completion_body(completion, switches)
    if switches.usage == "none":
        event["usage"] = {}
    yield _in_form(event, switches)


def tool_event(call: ToolCall, run_id: str, content: str, switches: Switches) -> dict[str, Any]:
    """Returns the event of a tool's result; it has no `model`."""
    message = {
        "role": "tool",
        "content": content,
        "refusal": None,
        "tool_call_id": call.call_id,
        "name": call.name,
    }
    event = {
        "id": run_id,
        "object": "tool.completion",
        "created": int(time.time()),
        "system_fingerprint": FINGERPRINT,
        "choices": [{"index": 0, "message": message, **_BLANK_REASONS[switches.agent_blanks]}],
        **_BLANK_USAGE[switches.agent_blanks],
    }
    return _in_form(event, switches)


def result_text(shown: str, tool: Tool | None, outcome: Outcome, switches: Switches) -> str:
    """Returns the content of a tool's message: MCP's JSON, or a dyno's plain output."""
    is_plain = tool is not None and not tool.is_mcp and tool.name == "dyno_run_command"
    if switches.tool_results != "documented":
        is_plain = switches.tool_results == "plain"
    returned = outcome.text if is_plain else compact(outcome.as_mcp())
    return f"Tool '{shown}' returned result: {returned}"


def _in_form(event: dict[str, Any], switches: Switches) -> dict[str, Any]:
    """Renames `message` to `delta` if switched on (Heroku's pages say both)."""
    if switches.agent_messages != "message":
        event["choices"] = [
            {"delta" if key == "message" else key: value for key, value in choice.items()}
            for choice in event["choices"]
        ]
    return event
