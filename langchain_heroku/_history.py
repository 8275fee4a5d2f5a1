"""What LangChain's messages say, from any model, before they take an endpoint's form. Pure.

What no endpoint takes is passed on as it is. The core refuses it in the user's newest turn, and
describes it in words everywhere else.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from langchain_core.messages import (
    AIMessage,
    ChatMessage,
    FunctionMessage,
    HumanMessage,
    RemoveMessage,
    SystemMessage,
    ToolMessage,
)

from heroku_inference._errors import ConfigError, add_place
from langchain_heroku._agents.history import is_run, messages_of_run
from langchain_heroku._replaced_calls import without_replaced

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from langchain_core.messages import BaseMessage

__all__ = [
    "THOUGHTS",
    "Call",
    "blocks_of",
    "call_of",
    "calls_of",
    "extra_words",
    "image_data",
    "is_call",
    "newest_of",
    "refuse_untyped_image",
    "role_of",
    "turns_of",
    "wrap_unreadable",
]

THOUGHTS: Final = (
    "function_call_signature",  # Gemini's
    "reasoning",
    "reasoning_content",  # of Bedrock's Converse API
    "redacted_thinking",
    "thinking",
)
"""Types of blocks that hold what a model thought."""

_CALLS: Final = (
    "custom_tool_call",
    "function_call",
    "input_json_delta",
    "invalid_tool_call",
    "tool_call",
    "tool_call_chunk",
    "tool_use",
)
# Marks where a prompt is cached, in Bedrock's Converse API.
_CACHE_POINTS: Final = frozenset({"cachePoint", "cache_point"})
# The names that LangChain and Google have for the roles.
_ROLES: Final = {"human": "user", "ai": "assistant", "model": "assistant", "function": "tool"}


class Call(NamedTuple):
    """A tool call of the model's. Broken arguments are the text that the model wrote."""

    id: str | None
    name: str | None
    arguments: Any

    def as_json(self) -> str:
        """The arguments as JSON text; values that JSON does not have are their text."""
        if isinstance(self.arguments, str):
            return self.arguments
        try:
            return json.dumps(self.arguments, ensure_ascii=False)
        except (TypeError, ValueError, RecursionError):
            return _forced_json(self.arguments)


def _forced_json(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, default=str)
    except (TypeError, ValueError, RecursionError):  # keys of other types, or it holds itself
        return json.dumps({"value": repr(value)}, ensure_ascii=False)


def turns_of(messages: Sequence[BaseMessage], *, namespaces: bool) -> Iterator[BaseMessage]:
    """The messages, with the runs of Heroku's agents split into the model's turns and results.

    A `RemoveMessage` is an order to LangGraph's memory, and does not say anything.
    """
    for message in without_replaced(messages):
        if is_run(message):
            yield from messages_of_run(message, namespaces=namespaces)
        elif not isinstance(message, RemoveMessage):
            yield message


def role_of(message: BaseMessage) -> str:
    """The role in the API; an unknown one of a `ChatMessage` stays as it is."""
    if isinstance(message, HumanMessage):
        return "user"
    if isinstance(message, AIMessage):
        return "assistant"
    if isinstance(message, ToolMessage | FunctionMessage):
        return "tool"
    if isinstance(message, SystemMessage):
        role: str = message.additional_kwargs.get("__openai_role__", "system")
        return role
    name = message.role if isinstance(message, ChatMessage) else message.type
    return _ROLES.get(name, name)


def blocks_of(content: str | Sequence[Any]) -> Iterator[dict[str, Any]]:
    """The content as blocks: a text has a type too, and what LangChain wrapped is unwrapped."""
    for part in [content] if isinstance(content, str) else content:
        if not isinstance(part, dict):
            yield {"type": "text", "text": str(part)}
            continue
        value = part.get("value")
        block = value if part.get("type") == "non_standard" and isinstance(value, dict) else part
        kind = block.get("type")
        if isinstance(kind, str):
            yield block
        elif isinstance(block.get("text"), str):
            yield {**block, "type": "text"}
        elif kind is not None:
            yield {**block, "type": str(kind)}
        elif not block or not block.keys() <= _CACHE_POINTS:
            yield block


def is_call(block: Mapping[str, Any]) -> bool:
    """Whether a block of an answer is a tool call, which the message's fields have too."""
    return block.get("type") in _CALLS


def calls_of(message: AIMessage) -> list[Call]:
    """Every call that a result can answer, including those with broken arguments.

    Calls without a name are not among them: no API takes them.
    """
    calls = [Call(call["id"], call["name"], call["args"]) for call in message.tool_calls]
    calls += [
        Call(call["id"], call["name"], call["args"] or "")
        for call in message.invalid_tool_calls
        if call["name"]
    ]
    if not isinstance(message.content, str):  # messages written by hand
        known = {call.id for call in calls}
        written = map(call_of, filter(is_call, blocks_of(message.content)))
        calls += [call for call in written if call.name and call.id not in known]
    function = message.additional_kwargs.get("function_call")  # OpenAI's, before tools
    if not calls and isinstance(function, dict) and function.get("name"):
        calls.append(Call(None, function["name"], function.get("arguments") or {}))
    return calls


def call_of(block: Mapping[str, Any]) -> Call:
    """A call in a block of a provider's own form."""
    call_id = block.get("call_id") or block.get("id")
    for name in ("input", "args", "arguments"):
        if block.get(name):
            return Call(call_id, block.get("name"), block[name])
    return Call(call_id, block.get("name"), block.get("partial_json") or {})


def extra_words(message: AIMessage) -> Iterator[dict[str, Any]]:
    """What an answer says outside of its content, as blocks."""
    for call in message.invalid_tool_calls:
        if not call["name"]:
            yield {"type": "text", "text": call["args"] or ""}
    if message.response_metadata.get("output_version") == "v1":
        return  # LangChain has put the rest into the content
    kept = message.additional_kwargs
    if refusal := kept.get("refusal"):
        yield {"type": "refusal", "refusal": refusal}
    if isinstance(audio := kept.get("audio"), dict):  # OpenAI's, with a transcript
        yield {"type": "audio", **audio}
    yield from kept.get("tool_outputs") or ()  # of OpenAI's own tools, in older versions


def image_data(block: Mapping[str, Any]) -> tuple[str | None, str] | None:
    """The type and the base64 data of a block of type `image`: LangChain's or Anthropic's."""
    source = block.get("source")
    source = source if isinstance(source, dict) else block
    data = source.get("base64") or source.get("data")
    return (source.get("mime_type") or source.get("media_type"), data) if data else None


def wrap_unreadable(messages: list[BaseMessage]) -> list[BaseMessage]:
    """The messages with blocks wrapped on which LangChain fails before it calls a model.

    It converts images and files, in its traces and in its older form, and raises KeyError or
    ValueError where something is missing. `blocks_of` unwraps them.
    """
    return [_readable(message) for message in messages]


def _readable(message: BaseMessage) -> BaseMessage:
    if isinstance(message.content, str) or not any(map(_is_unreadable, message.content)):
        return message
    content = [
        {"type": "non_standard", "value": part} if _is_unreadable(part) else part
        for part in message.content
    ]
    return message.model_copy(update={"content": content})


def _is_unreadable(part: Any) -> bool:
    if not isinstance(part, dict):
        return False
    if not isinstance(part.get("type"), str | None):
        return True
    if part.get("type") not in _CONVERTED:
        return False
    source_type = part.get("source_type")
    needed = _NEEDED.get(source_type) if isinstance(source_type, str) else None
    if needed is not None and needed not in part:
        return True
    if part["type"] != "image" or "url" in part or "file_id" in part or needed == "id":
        return False
    # LangChain takes it for an image of its own by these keys.
    return any(key in part for key in _OWN) and not (part.get("mime_type") and image_data(part))


_CONVERTED: Final = ("image", "audio", "file")
# What a block in LangChain's older form must have besides its `source_type`.
_NEEDED: Final = {"url": "url", "base64": "data", "id": "id", "text": "url"}
_OWN: Final = ("base64", "text", "source_type")


def newest_of(messages: Sequence[BaseMessage]) -> int:
    """The position of the last message that says something; -1 if there is none."""
    for position in range(len(messages) - 1, -1, -1):
        if not isinstance(messages[position], RemoveMessage):
            return position
    return -1


def refuse_untyped_image(messages: Sequence[BaseMessage]) -> None:
    """Refuse an image in base64 that does not say what it is, if it is in the user's newest turn.

    Raises:
        ConfigError: There is one.
    """
    position = newest_of(messages)
    newest = messages[position] if messages else None
    if not isinstance(newest, HumanMessage) or isinstance(newest.content, str):
        return
    for block in blocks_of(newest.content):
        if block.get("type") == "image" and (data := image_data(block)) and not data[0]:
            error = ConfigError(
                "an image in base64 cannot be sent without its mime_type.",
                "Add one, such as image/png.",
            )
            add_place(error, f"messages[{position}]")
            raise error
