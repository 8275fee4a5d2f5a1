"""Converts LlamaIndex's messages, from any model, into OpenAI's format.

Where Heroku's endpoint is stricter than OpenAI's, the core adapts them later: it decides what of a
history is repaired, and what is described in words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from llama_index.core.base.llms.types import ChatMessage, MessageRole, TextBlock

from heroku_inference._adapters.history import check_newest
from heroku_inference._errors import ConfigError, add_place
from llama_index_heroku._blocks_of_messages import wire_parts
from llama_index_heroku._tool_calls import calls_of, unknown_calls

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["check_messages", "is_newest_turn", "wire_messages"]

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
_SAID_TO_MODELS: Final = frozenset({"system", "developer", "user"})


def wire_messages(messages: Sequence[ChatMessage]) -> list[dict[str, Any]]:
    """The conversation as OpenAI's messages, one for each; the arguments are not changed.

    Raises:
        ConfigError: The user's newest turn has content that cannot be sent: a PDF, audio, video, an
            image that cannot be read. The error names the message's position.
    """
    check_messages(messages)
    wire: list[dict[str, Any]] = []
    for position, message in enumerate(messages):
        newest = is_newest_turn(messages, position)
        try:
            wire.append(_wire_message(message, newest=newest))
            if newest:  # before a stream begins, which LlamaIndex reads in a thread
                check_newest(wire[-1])
        except ConfigError as error:
            add_place(error, f"messages[{position}]")
            raise
    return wire


def is_newest_turn(messages: Sequence[ChatMessage], position: int) -> bool:
    """Whether a message is the user's newest turn: the last one alone, if it is the user's."""
    return position == len(messages) - 1 and messages[position].role == MessageRole.USER


def check_messages(messages: Any) -> None:
    """Refuse other things than LlamaIndex's messages.

    Raises:
        ConfigError: There is one.
    """
    for position, message in enumerate(messages):
        if not isinstance(message, ChatMessage):
            raise ConfigError(
                f"messages[{position}] must be a ChatMessage, got a value of type "
                f"{type(message).__name__}.",
                "Pass ChatMessage(...); of a stored message, ChatMessage.model_validate(...).",
            )


def _wire_message(message: ChatMessage, *, newest: bool) -> dict[str, Any]:
    further, blocks = message.additional_kwargs, message.blocks
    role = _ROLES.get(message.role, message.role)
    if role in _SAID_TO_MODELS and len(blocks) == 1 and type(blocks[0]) is TextBlock:
        return {"role": role, "content": blocks[0].text}  # as the core makes of a list of one text
    wire: dict[str, Any] = {"role": role, "content": wire_parts(blocks, newest=newest)}
    if role == "tool":
        wire["tool_call_id"] = further.get("tool_call_id")
        if name := further.get("name"):
            wire["name"] = name
    elif role == "assistant":
        if refusal := further.get("refusal"):
            wire["refusal"] = refusal
        if calls := calls_of(message):
            wire["tool_calls"] = [
                {
                    "id": call.tool_call_id,
                    "type": "function",
                    "function": {"name": call.tool_name, "arguments": call.tool_kwargs},
                }
                for call in calls
            ]
        wire["content"] += unknown_calls(message)
    return wire
