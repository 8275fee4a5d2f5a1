"""Reads metadata, broken calls and structured answers of the Messages endpoint. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, TypeVar

from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.messages.tool import invalid_tool_call

from heroku_inference._adapters.anthropic_messages import finish_reason
from langchain_heroku._replaced_calls import REPLACED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from langchain_core.messages import InvalidToolCall

__all__ = ["answer_as_text", "event_metadata", "is_broken", "read_broken", "whole_metadata"]

_Message = TypeVar("_Message", bound=AIMessage)

_START_FIELDS: Final = ("id", "request_id", "rate_limits")


def whole_metadata(output: dict[str, Any]) -> dict[str, Any]:
    """The metadata of a whole answer, with the finish reason under its usual name."""
    metadata = {name: value for name, value in output.items() if value is not None}
    if reason := metadata.get("stop_reason"):
        metadata["finish_reason"] = finish_reason(reason)
    return metadata


def event_metadata(event: Any) -> dict[str, Any]:
    """The metadata in an event of a stream that upstream does not read."""
    if event.type == "message_start":
        message = event.message
        return {name: value for name in _START_FIELDS if (value := getattr(message, name, None))}
    if event.type == "message_delta" and event.delta.stop_reason:
        replaced = getattr(event, REPLACED, None)
        told = {REPLACED: replaced} if replaced else {}
        return {"finish_reason": finish_reason(event.delta.stop_reason), **told}
    return {}


def is_broken(block: Any, message: Any) -> bool:
    """Whether a block is a call whose arguments are not an object, or may have been cut."""
    if block.type != "tool_use":
        return False
    was_cut = message.stop_reason == "max_tokens" and block is message.content[-1]
    return was_cut or not isinstance(block.input, dict)


def read_broken(blocks: Sequence[Any]) -> list[InvalidToolCall]:
    """Calls that cannot be run, with their arguments so far."""
    error = "The arguments are not a complete JSON object; max_tokens may have cut the answer."
    return [
        invalid_tool_call(
            name=block.name,
            args=block.input if isinstance(block.input, str) else json.dumps(block.input),
            id=block.id,
            error=error,
        )
        for block in blocks
    ]


def answer_as_text(message: _Message, tool: str) -> _Message:
    """The message with the arguments of a hidden tool's call as its text.

    Other text would spoil the JSON: it goes to `additional_kwargs["reasoning_content"]`. If the
    model answered in words without calling the tool, the message is left as it is.
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
        changed["additional_kwargs"] = {**message.additional_kwargs, "reasoning_content": words}
    metadata = message.response_metadata
    if not (changed["tool_calls"] or changed["invalid_tool_calls"]):
        ended = {"stop_reason": "end_turn", "finish_reason": "stop"}
        was_called = metadata.get("stop_reason") == "tool_use"
        changed["response_metadata"] = {**metadata, **ended} if was_called else metadata
    return message.model_copy(update=changed)
