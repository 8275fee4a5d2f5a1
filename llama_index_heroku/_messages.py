"""Converts LlamaIndex's messages, from any model, into OpenAI's format.

Where Heroku's endpoint is stricter than OpenAI's, the core adapts them later.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from llama_index.core.base.llms.types import MessageRole

from heroku_inference._adapters.tools import (
    arguments_text,
    move_images_after_results,
    tool_message,
    wire_name,
)
from heroku_inference._errors import ConfigError
from llama_index_heroku._blocks_of_messages import wire_parts
from llama_index_heroku._tool_calls import calls_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llama_index.core.base.llms.types import ChatMessage

__all__ = ["wire_messages"]

_ROLES: Final = {
    MessageRole.SYSTEM: "system",
    MessageRole.DEVELOPER: "developer",
    MessageRole.USER: "user",
    MessageRole.ASSISTANT: "assistant",
    MessageRole.CHATBOT: "assistant",
    MessageRole.MODEL: "assistant",
    MessageRole.TOOL: "tool",
    MessageRole.FUNCTION: "tool",
}


def wire_messages(messages: Sequence[ChatMessage]) -> list[dict[str, Any]]:
    """The conversation as OpenAI's messages; the arguments are not changed.

    Raises:
        ConfigError: A message has content that cannot be sent: a PDF, audio, video, an image from
            the model or the system. The error names the message's position.
    """
    wire: list[dict[str, Any]] = []
    for position, message in enumerate(messages):
        try:
            wire.append(_wire_message(_ROLES[message.role], message))
        except ConfigError as error:
            raise ConfigError(f"messages[{position}]: {error.problem}", error.remedy) from None
    return move_images_after_results(wire)


def _wire_message(role: str, message: ChatMessage) -> dict[str, Any]:
    parts = wire_parts(message.blocks)
    if role == "user":
        return {"role": role, "content": parts}
    if role == "tool":
        return tool_message(message.additional_kwargs.get("tool_call_id"), parts)
    if any(part["type"] == "image_url" for part in parts):
        raise ConfigError(
            f"images can only be sent in a user message, but the role is {role!r}.",
            "Put it into a message with the role user.",
        )
    wire: dict[str, Any] = {"role": role, "content": parts}
    if role == "assistant":
        if refusal := message.additional_kwargs.get("refusal"):
            wire["refusal"] = refusal
        if calls := calls_of(message):
            wire["tool_calls"] = [
                {
                    "id": call.tool_call_id,
                    "type": "function",
                    "function": {
                        "name": wire_name(call.tool_name),
                        "arguments": arguments_text(call.tool_kwargs),
                    },
                }
                for call in calls
            ]
    return wire
