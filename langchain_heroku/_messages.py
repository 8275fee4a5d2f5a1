"""Converts LangChain's messages, from any model, into OpenAI's format. Pure.

Where Heroku's endpoint is stricter than OpenAI's, the core adapts them later. It also decides what
becomes of content that Heroku does not take.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from langchain_core.messages import AIMessage

from heroku_inference._adapters.history import check_newest
from heroku_inference._adapters.tools import tool_message
from heroku_inference._errors import ConfigError, add_place
from langchain_heroku._history import (
    THOUGHTS,
    blocks_of,
    calls_of,
    extra_words,
    image_data,
    is_call,
    newest_of,
    refuse_untyped_image,
    role_of,
    turns_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from langchain_core.messages import BaseMessage

    from langchain_heroku._history import Call

__all__ = ["openai_messages"]


def openai_messages(
    messages: Sequence[BaseMessage], *, to_agent: bool = False
) -> list[dict[str, Any]]:
    """The conversation as OpenAI's messages; the arguments are not changed.

    The run of a Heroku agent is split into the model's turns and the results of its tools. The
    tools' names have a namespace, which chat completions does not accept, so only `to_agent` keeps
    it.

    Thoughts are left out: chat completions does not take them back, and cannot use those of other
    providers (docs: chat completions). Other blocks that this adapter does not know are passed on:
    the core says what they are.

    Raises:
        ConfigError: The last message is the user's and cannot be sent: it is blank, or has a PDF,
            audio or video. The error names its position.
    """
    refuse_untyped_image(messages)
    turns = turns_of(messages, namespaces=to_agent)
    wire = [part for message in turns for part in _wire(message)]
    newest = newest_of(messages)
    if len(wire) - 1 != newest and wire and wire[-1]["role"] not in _NEVER_REFUSED:
        try:  # the core would name the position on the wire
            check_newest(wire[-1])
        except ConfigError as error:
            add_place(error, f"messages[{newest}]")
            raise
    return wire


_NEVER_REFUSED: Final = frozenset({"system", "developer", "assistant", "tool"})


def _wire(message: BaseMessage) -> Iterator[dict[str, Any]]:
    role = role_of(message)
    if role == "user":
        yield from _from_user(message)
    elif isinstance(message, AIMessage):
        yield _from_model(message)
    elif role == "tool":
        yield from _from_tool(message)
    else:
        yield {"role": role, "content": _parts(message.content)}


def _from_user(message: BaseMessage) -> Iterator[dict[str, Any]]:
    if isinstance(message.content, str):
        yield {"role": "user", "content": message.content}
        return
    # Anthropic's format puts results of tools into user messages.
    content: list[Any] = message.content
    yield from map(_tool_result, filter(_is_result, content))
    rest = [part for part in content if not _is_result(part)]
    if rest or not content:
        yield {"role": "user", "content": _parts(rest)}


def _from_model(message: AIMessage) -> dict[str, Any]:
    content: Any = message.content
    parts: list[dict[str, Any]] = []
    if not isinstance(content, str):
        parts = [_part(block) for block in blocks_of(content) if _is_said(block)]
        content = ""
    if message.additional_kwargs or message.invalid_tool_calls:
        for block in extra_words(message):
            separate = [_NEW_LINE] if content or parts else []
            parts += [*separate, _part(block)]
    if parts:
        content = _joined([{"type": "text", "text": content}, *parts] if content else parts)
    wire: dict[str, Any] = {"role": "assistant", "content": content}
    if calls := calls_of(message):
        wire["tool_calls"] = [_wire_call(call) for call in calls]
    return wire


_NEW_LINE: Final = {"type": "text", "text": "\n"}


def _is_said(block: Mapping[str, Any]) -> bool:
    return not is_call(block) and block.get("type") not in THOUGHTS


def _joined(parts: list[dict[str, Any]]) -> str | list[dict[str, Any]]:
    """Parts of an answer as one text, if they are text: nothing belongs between its pieces."""
    if all(part.get("type") == "text" for part in parts):
        return "".join(part["text"] for part in parts)
    return parts


def _wire_call(call: Call) -> dict[str, Any]:
    function = {"name": call.name, "arguments": call.as_json()}
    return {"id": call.id, "type": "function", "function": function}


def _from_tool(message: BaseMessage) -> Iterator[dict[str, Any]]:
    content: Any = message.content
    call_id = getattr(message, "tool_call_id", None)
    if not isinstance(content, str) and content and all(map(_is_result, content)):
        for part in content:  # Anthropic's form, as it is
            yield _tool_result({"tool_use_id": call_id, **part})
        return
    failed = getattr(message, "status", None) == "error"
    yield tool_message(call_id, _parts(content), failed=failed, name=message.name)


def _is_result(part: Any) -> bool:
    return isinstance(part, dict) and part.get("type") == "tool_result"


def _tool_result(part: Mapping[str, Any]) -> dict[str, Any]:
    content, failed = _parts(part.get("content") or ""), bool(part.get("is_error"))
    return tool_message(part.get("tool_use_id"), content, failed=failed)


def _parts(content: str | Sequence[Any]) -> Any:
    if isinstance(content, str):
        return content
    return [_part(block) for block in blocks_of(content) if block.get("type") not in THOUGHTS]


def _part(block: dict[str, Any]) -> dict[str, Any]:
    """The block as OpenAI has it; what OpenAI does not have stays as it is."""
    kind = block.get("type")
    read = _READERS.get(kind) if isinstance(kind, str) else None
    return (read(block) if read is not None else None) or block


def _text(block: Mapping[str, Any]) -> dict[str, Any] | None:
    text = block.get("text")
    return {"type": "text", "text": text} if isinstance(text, str) else None


def _refusal(block: Mapping[str, Any]) -> dict[str, Any] | None:
    text = block.get("refusal")
    return {"type": "text", "text": text} if isinstance(text, str) else None


def _document(block: Mapping[str, Any]) -> dict[str, Any] | None:
    """Wrapped plain text: Anthropic's `document`, or LangChain's older `file`."""
    source = block.get("source")
    if isinstance(source, dict) and source.get("type") == "text":
        return {"type": "text", "text": source["data"]}
    return _text(block) if block.get("source_type") == "text" else None


def _image_url(block: Mapping[str, Any]) -> dict[str, Any]:
    image = block.get("image_url")
    return _image(image) if isinstance(image, str) else {"type": "image_url", "image_url": image}


def _standard_image(block: Mapping[str, Any]) -> dict[str, Any] | None:
    """Blocks of type `image`: both of LangChain's versions, and Anthropic's."""
    source = block.get("source")
    source = source if isinstance(source, dict) else block
    if url := source.get("url"):
        return _image(url)
    mime_type, data = image_data(block) or (None, None)
    return _image(f"data:{mime_type};base64,{data}") if mime_type else None


def _image(url: str) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": url}}


_READERS: Final[dict[str, Callable[[Mapping[str, Any]], dict[str, Any] | None]]] = {
    "text": _text,
    "input_text": _text,
    "output_text": _text,
    "text-plain": _text,
    "refusal": _refusal,
    "document": _document,
    "file": _document,
    "image_url": _image_url,
    "image": _standard_image,
}
