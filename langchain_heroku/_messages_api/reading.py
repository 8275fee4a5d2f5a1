"""What an answer of the Messages endpoint tells beside its content, and its hidden parts. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, TypeVar

from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.messages.tool import invalid_tool_call

from heroku_inference._adapters.anthropic_messages import finish_reason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from langchain_core.messages import InvalidToolCall

__all__ = ["answered", "event_metadata", "is_broken", "read_broken", "whole_metadata"]

_Message = TypeVar("_Message", bound=AIMessage)

_OF_THE_START: Final = ("id", "request_id", "rate_limits")


def whole_metadata(output: dict[str, Any]) -> dict[str, Any]:
    """The metadata of a whole answer: what there is, and the finish reason by its usual name."""
    told = {name: value for name, value in output.items() if value is not None}
    if reason := told.get("stop_reason"):
        told["finish_reason"] = finish_reason(reason)
    return told


def event_metadata(event: Any) -> dict[str, Any]:
    """The metadata that an event of a stream brings, beyond what upstream reads of it."""
    if event.type == "message_start":
        message = event.message
        return {name: value for name in _OF_THE_START if (value := getattr(message, name, None))}
    if event.type == "message_delta" and event.delta.stop_reason:
        return {"finish_reason": finish_reason(event.delta.stop_reason)}
    return {}


def is_broken(block: Any, message: Any) -> bool:
    """Whether a call's arguments are no object, or may be the beginning of one."""
    if block.type != "tool_use":
        return False
    was_cut = message.stop_reason == "max_tokens" and block is message.content[-1]
    return was_cut or not isinstance(block.input, dict)


def read_broken(blocks: Sequence[Any]) -> list[InvalidToolCall]:
    """Calls that cannot be made, with their arguments as far as they go."""
    error = "The arguments are no whole JSON object; max_tokens may have cut the answer."
    return [
        invalid_tool_call(
            name=block.name,
            args=block.input if isinstance(block.input, str) else json.dumps(block.input),
            id=block.id,
            error=error,
        )
        for block in blocks
    ]


def answered(message: _Message, tool: str) -> _Message:
    """The message with the call of this hidden tool as its text.

    Words beside it, which would spoil the JSON, are in `additional_kwargs["reasoning_content"]`. A
    model that answered in words all the same is heard.
    """
    if isinstance(message, AIMessageChunk):
        chunks = message.tool_call_chunks
        written = [chunk["args"] or "{}" for chunk in chunks if chunk["name"] == tool]
    else:
        whole = [json.dumps(call["args"]) for call in message.tool_calls if call["name"] == tool]
        cut = [call["args"] or "" for call in message.invalid_tool_calls if call["name"] == tool]
        written = whole + cut
    if not written:
        return message
    parts = [part for part in message.content if isinstance(part, dict)]
    kept = [part for part in parts if part.get("type") != "text" and part.get("name") != tool]
    text = {"type": "text", "text": "\n".join(written)}
    changed: dict[str, Any] = {"content": [*kept, text]}
    for name in ("tool_calls", "invalid_tool_calls", "tool_call_chunks"):
        calls = getattr(message, name, None)
        if calls is not None:
            changed[name] = [call for call in calls if call["name"] != tool]
    if words := str(message.text):
        beside = {"reasoning_content": words}
        changed["additional_kwargs"] = {**message.additional_kwargs, **beside}
    told = message.response_metadata
    if not (changed["tool_calls"] or changed["invalid_tool_calls"]):
        ended = {"stop_reason": "end_turn", "finish_reason": "stop"}
        was_called = told.get("stop_reason") == "tool_use"
        changed["response_metadata"] = {**told, **ended} if was_called else told
    return message.model_copy(update=changed)
