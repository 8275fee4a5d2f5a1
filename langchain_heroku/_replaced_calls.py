"""Tool calls that the model made again because their arguments could not be read. Pure.

A stream has passed them on by then, so the sum of its chunks holds them as invalid calls.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from langchain_core.messages import AIMessage, ToolMessage

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from langchain_core.messages import BaseMessage

__all__ = ["REPLACED", "without_replaced"]

REPLACED: Final = "replaced_calls"
"""The key of `response_metadata` for the ids of such calls."""


def without_replaced(messages: Sequence[BaseMessage]) -> Sequence[BaseMessage]:
    """The messages without calls that the model made again, and without results for them.

    Only the sum of a stream's chunks holds such calls; what an agent may have answered to them
    would have the model make them once more.
    """
    replaced = {
        call_id
        for message in messages
        if isinstance(message, AIMessage)
        for call_id in message.response_metadata.get(REPLACED) or ()
    }
    if not replaced:
        return messages
    return [
        _without_calls(message, replaced)
        for message in messages
        if not (isinstance(message, ToolMessage) and message.tool_call_id in replaced)
    ]


def _without_calls(message: BaseMessage, ids: Container[str | None]) -> BaseMessage:
    if not isinstance(message, AIMessage):
        return message
    kept: dict[str, Any] = {
        "invalid_tool_calls": [c for c in message.invalid_tool_calls if c["id"] not in ids]
    }
    if not isinstance(message.content, str):
        kept["content"] = [
            part
            for part in message.content
            if not (
                isinstance(part, dict) and part.get("type") == "tool_use" and part.get("id") in ids
            )
        ]
    return message.model_copy(update=kept)
