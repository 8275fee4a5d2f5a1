"""Converts LangChain's messages, from any model, into OpenAI's format. Pure.

Where Heroku's endpoint is stricter than OpenAI's, the core adapts them later.
"""

from __future__ import annotations

import json
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    ChatMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)

from heroku_inference._adapters.tools import move_images_after_results, tool_message
from langchain_heroku._agents.history import is_run, messages_of_run
from langchain_heroku._broken_calls import results_in, with_words
from langchain_heroku._replaced_calls import without_replaced
from langchain_heroku.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

__all__ = ["openai_messages"]


def openai_messages(
    messages: Sequence[BaseMessage], *, to_agent: bool = False
) -> list[dict[str, Any]]:
    """The conversation as OpenAI's messages; the arguments are not changed.

    The run of a Heroku agent is split into the model's turns and the results of its tools. The
    tools' names have a namespace, which chat completions does not accept, so only `to_agent` keeps
    it. Calls with broken arguments become text, unless they have a result.

    Thoughts are left out: chat completions does not take them back, and cannot use those of other
    providers (docs: chat completions). So are blocks that only their own provider can read.

    Raises:
        ConfigError: A message has content that cannot be sent: a PDF, audio, video, an image from
            the system or the assistant, arguments that are not JSON. The error names the position
            of the message.
    """
    wire: list[dict[str, Any]] = []
    parts = [
        list(messages_of_run(message, namespaces=to_agent)) if is_run(message) else [message]
        for message in without_replaced(messages)
    ]
    results = results_in(chain.from_iterable(parts))
    for position, part in enumerate(parts):
        for message in part:
            wire.extend(_wire_at(position, with_words(message, results)))
    return move_images_after_results(wire)


def _wire_at(position: int, message: BaseMessage) -> list[dict[str, Any]]:
    try:
        return list(_wire(message))
    except ConfigError as error:
        raise ConfigError(f"messages[{position}]: {error.problem}", error.remedy) from None


def _wire(message: BaseMessage) -> Iterator[dict[str, Any]]:
    if isinstance(message, HumanMessage):
        yield from _from_user(message)
    elif isinstance(message, AIMessage):
        yield _from_model(message)
    elif isinstance(message, ToolMessage):
        failed = message.status == "error"
        yield tool_message(message.tool_call_id, _parts(message.content), failed=failed)
    elif isinstance(message, SystemMessage):
        role = message.additional_kwargs.get("__openai_role__", "system")
        yield {"role": role, "content": _texts(message.content)}
    elif isinstance(message, ChatMessage):
        yield {"role": message.role, "content": _parts(message.content)}
    else:
        raise ConfigError(
            f"a {type(message).__name__} cannot be sent to Heroku.",
            "Send a SystemMessage, HumanMessage, AIMessage or ToolMessage.",
        )


def _from_user(message: HumanMessage) -> Iterator[dict[str, Any]]:
    if isinstance(message.content, str):
        yield {"role": "user", "content": message.content}
        return
    # Anthropic's format puts results of tools into user messages.
    rest = []
    for part in message.content:
        if isinstance(part, dict) and part.get("type") == "tool_result":
            yield _tool_result(part)
        else:
            rest.append(part)
    if rest or not message.content:
        yield {"role": "user", "content": _parts(rest)}


def _from_model(message: AIMessage) -> dict[str, Any]:
    content, calls = message.content, [*_calls_made(message)]
    text = content if isinstance(content, str) else _text_of(content)
    wire: dict[str, Any] = {"role": "assistant", "content": text}
    if not wire["content"] and (refusal := message.additional_kwargs.get("refusal")):
        wire["content"] = refusal
    return {**wire, "tool_calls": calls} if calls else wire


def _text_of(content: Sequence[str | dict[str, Any]]) -> str:
    """The text of the model among the other content blocks of its provider."""
    words = []
    for part in content:
        if isinstance(part, str):
            words.append(part)
        elif part.get("type") in _WORDS:
            words.append(part.get("text") or part.get("refusal") or "")
        elif part.get("type") in _MEDIA:
            raise ConfigError(
                f"an assistant's {part['type']!r} cannot be sent back to Heroku.",
                "Take it out, or describe it in words.",
            )
    return "".join(words)


_WORDS: Final = {"text", "output_text", "refusal"}
_MEDIA: Final = {"image", "image_url", "audio", "video", "file"}


def _calls_made(message: AIMessage) -> Iterator[dict[str, Any]]:
    """Every call that a tool message can answer, including those with broken arguments."""
    seen = set()
    for call in message.tool_calls:
        seen.add(call["id"])
        yield _call(call["id"], call["name"], _arguments(call["name"], call["args"]))
    for invalid in message.invalid_tool_calls:
        seen.add(invalid["id"])
        yield _call(invalid["id"], invalid["name"], invalid["args"] or "")
    if isinstance(message.content, str):
        return
    for part in message.content:  # Anthropic's form, in messages written by hand
        if isinstance(part, dict) and part.get("type") in {"tool_use", "tool_call"}:
            if part.get("id") in seen:
                continue
            arguments = part.get("input", part.get("args")) or {}
            yield _call(part.get("id"), part.get("name"), _arguments(part.get("name"), arguments))


def _arguments(name: str | None, arguments: Any) -> str:
    try:
        return json.dumps(arguments, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise ConfigError(
            f"the arguments of the call of {name!r} cannot be written as JSON: {error}.",
            "Use str, int, float, bool, None, list and dict only.",
        ) from None


def _call(call_id: str | None, name: str | None, arguments: str) -> dict[str, Any]:
    function = {"name": name, "arguments": arguments}
    return {"id": call_id, "type": "function", "function": function}


def _tool_result(part: Mapping[str, Any]) -> dict[str, Any]:
    content, failed = _parts(part.get("content") or ""), bool(part.get("is_error"))
    return tool_message(part.get("tool_use_id"), content, failed=failed)


def _texts(content: str | list[Any]) -> str:
    """The content of a message that can hold only text."""
    parts = _parts(content)
    if isinstance(parts, str):
        return parts
    for part in parts:
        if part["type"] != "text":
            raise ConfigError(
                "images can only be sent in a user message.",
                "Keep the text in the system message, and put the image into a HumanMessage.",
            )
    return "\n".join(part["text"] for part in parts)


def _parts(content: str | Sequence[Any]) -> str | list[dict[str, Any]]:
    if isinstance(content, str):
        return content
    return [wire for part in content if (wire := _part(part)) is not None]


def _part(part: str | dict[str, Any]) -> dict[str, Any] | None:
    if isinstance(part, str):
        return {"type": "text", "text": part}
    kind = part.get("type")
    read = _READERS.get(kind) if isinstance(kind, str) else None
    wire = read(part) if read is not None else None
    if wire is None and kind not in _THOUGHTS:
        raise ConfigError(
            f"a content block of type {kind!r}{_describe_type(part)} cannot be sent.",
            "Send text or images (PNG, JPEG, GIF, WebP; by URL or base64): Heroku's models do not "
            "take PDFs or other files, audio or video.",
        )
    return wire


_THOUGHTS: Final = {"thinking", "redacted_thinking", "reasoning"}


def _describe_type(part: Mapping[str, Any]) -> str:
    mime_type = part.get("mime_type")
    return f" ({mime_type})" if mime_type else ""


def _text(part: Mapping[str, Any]) -> dict[str, Any] | None:
    text = part.get("text")
    return {"type": "text", "text": text} if isinstance(text, str) else None


def _document(part: Mapping[str, Any]) -> dict[str, Any] | None:
    """Wrapped plain text: Anthropic's `document`, or LangChain's older `file`."""
    source = part.get("source")
    if isinstance(source, dict) and source.get("type") == "text":
        return {"type": "text", "text": source["data"]}
    return _text(part) if part.get("source_type") == "text" else None


def _image_url(part: Mapping[str, Any]) -> dict[str, Any]:
    image = part.get("image_url")
    return _image(image) if isinstance(image, str) else {"type": "image_url", "image_url": image}


def _standard_image(part: Mapping[str, Any]) -> dict[str, Any] | None:
    """Blocks of type `image`: both of LangChain's versions, and Anthropic's."""
    source = part.get("source")
    source = source if isinstance(source, dict) else part
    if url := source.get("url"):
        return _image(url)
    data = source.get("base64") or source.get("data")
    mime_type = source.get("mime_type") or source.get("media_type")
    if data and not mime_type:
        raise ConfigError("a base64 image needs its mime_type.", "Add one, such as image/png.")
    return _image(f"data:{mime_type};base64,{data}") if data else None


def _image(url: str) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": url}}


_READERS: Final[dict[str, Callable[[Mapping[str, Any]], dict[str, Any] | None]]] = {
    "text": _text,
    "input_text": _text,
    "output_text": _text,
    "text-plain": _text,
    "document": _document,
    "file": _document,
    "image_url": _image_url,
    "image": _standard_image,
}
