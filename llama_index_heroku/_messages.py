"""LlamaIndex's messages, from whichever model they came, in the wire's shape. Pure.

What Heroku's endpoint is stricter about than OpenAI's is repaired later, by the core.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from llama_index.core.base.llms.types import MessageRole

from heroku_inference._chat.tool_arguments import arguments_text
from heroku_inference._errors import ConfigError
from llama_index_heroku._blocks_of_messages import wire_parts
from llama_index_heroku._tool_calls import calls_of
from llama_index_heroku._tools import wire_name

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
_SHOWN: Final = {"type": "text", "text": "The tools returned this:"}


def wire_messages(messages: Sequence[ChatMessage]) -> list[dict[str, Any]]:
    """The conversation as OpenAI-shaped messages; the given ones stay untouched.

    Only the user can show images to Heroku's models, so those that tools returned follow the tools'
    results in a message of the user's.

    Raises:
        ConfigError: A message says something that cannot be sent: a PDF, audio, video, an image in
            words of the model or the system. The error names the message's position.
    """
    wire: list[dict[str, Any]] = []
    images: list[dict[str, Any]] = []
    for position, message in enumerate(messages):
        role = _ROLES[message.role]
        if images and role != "tool":
            wire.append(_shown(images))
            images = []
        try:
            wire.append(_wire_message(role, message, images))
        except ConfigError as error:
            raise ConfigError(f"messages[{position}]: {error}") from None
    return [*wire, _shown(images)] if images else wire


def _shown(images: list[dict[str, Any]]) -> dict[str, Any]:
    return {"role": "user", "content": [_SHOWN, *images]}


def _wire_message(role: str, message: ChatMessage, images: list[dict[str, Any]]) -> dict[str, Any]:
    parts = wire_parts(message.blocks)
    if role == "user":
        return {"role": role, "content": parts}
    if role == "tool":
        images.extend(part for part in parts if part["type"] == "image_url")
        return {
            "role": role,
            "content": [part for part in parts if part["type"] == "text"],
            "tool_call_id": message.additional_kwargs.get("tool_call_id"),
        }
    if any(part["type"] == "image_url" for part in parts):
        raise ConfigError(f"an image can only be sent in a message of the user, not of the {role}.")
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
