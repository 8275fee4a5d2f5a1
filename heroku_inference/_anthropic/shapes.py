"""Messages and their events in the types that they are documented with. Pure.

Anthropic's SDK checks nothing, and those who read its objects rely on it. So all that comes is
checked here, before the SDK sees it.
"""

from __future__ import annotations

from typing import Any, Final

from heroku_inference._chat.tool_arguments import arguments_text, parse_arguments
from heroku_inference._decoding import is_too_deep
from heroku_inference._wire_types import (
    WrongTypeError,
    count,
    identifier,
    list_at,
    object_at,
    reason,
    text_at,
)

__all__ = ["check_event", "check_message", "readable_input"]

# The content of each kind of block and delta, which must be text.
_TEXTS: Final = {
    "input_json_delta": "partial_json",
    "redacted_thinking": "data",
    "text": "text",
    "text_delta": "text",
    "thinking": "thinking",
    "thinking_delta": "thinking",
}
_SIGNED: Final = frozenset({"signature_delta", "thinking"})
_OBJECTS_OF_USAGE: Final = frozenset({"cache_creation", "output_tokens_details", "server_tool_use"})
_COUNTED_TWICE: Final = ("ephemeral_1h_input_tokens", "ephemeral_5m_input_tokens")
_PLACES: Final = ("start_block_index", "end_block_index", "search_result_index")


def check_message(message: dict[str, Any]) -> None:
    """Give the fields of a message their types, in place.

    Raises:
        WrongTypeError: Its content is none.
    """
    for name in ("id", "model"):
        message[name] = identifier(message.get(name)) or ""
    message |= {"type": "message", "role": "assistant"}
    _check_ending(message)
    message["usage"] = _usage(message.get("usage"))
    message["content"] = list_at(message.get("content"), "content")
    for number, block in enumerate(message["content"]):
        try:
            _check_block(_typed(block), number)
        except WrongTypeError as wrong:
            raise wrong.within("content", number) from None


def readable_input(arguments: str) -> Any:
    """A call's arguments as an object; those that cannot be read, as after a cut, stay text."""
    try:
        return parse_arguments(arguments)
    except ValueError:
        return arguments


def check_event(event: dict[str, Any]) -> None:
    """Give the fields of an event their types, in place.

    Raises:
        WrongTypeError: What it says is of another type.
    """
    kind = event["type"]
    if kind == "content_block_delta":
        _check_index(event)
        try:
            _check_delta(_typed(event.get("delta")))
        except WrongTypeError as wrong:
            raise wrong.within("delta") from None
    elif kind == "content_block_start":
        _check_index(event)
        try:
            _check_block(_typed(event.get("content_block")), event["index"])
        except WrongTypeError as wrong:
            raise wrong.within("content_block") from None
    elif kind == "content_block_stop":
        _check_index(event)
    elif kind == "message_start":
        try:
            check_message(object_at(event.get("message")))
        except WrongTypeError as wrong:
            raise wrong.within("message") from None
    elif kind == "message_delta":
        _check_ending(object_at(event.get("delta"), "delta"))
        event["usage"] = _usage(event.get("usage"))


def _check_index(event: dict[str, Any]) -> None:
    if count(event.get("index")) is None:
        raise WrongTypeError("a number", "index")


def _check_ending(message: dict[str, Any]) -> None:
    message["stop_reason"] = reason(message.get("stop_reason"))
    message["stop_sequence"] = identifier(message.get("stop_sequence"))


def _typed(part: Any) -> dict[str, Any]:
    """A block or a delta, which says its kind."""
    known = object_at(part)
    if type(known.get("type")) is not str:
        raise WrongTypeError("text", "type")
    return known


def _check_delta(delta: dict[str, Any]) -> None:
    kind = delta["type"]
    if (name := _TEXTS.get(kind)) is not None:
        if type(delta.get(name)) is not str:
            delta[name] = text_at(delta.get(name), name)
    elif kind in _SIGNED:
        delta["signature"] = identifier(delta.get("signature")) or ""
    elif kind == "citations_delta":
        delta["citation"] = _citation(delta.get("citation"))


def _check_block(block: dict[str, Any], number: int) -> None:
    kind = block["type"]
    if (name := _TEXTS.get(kind)) is not None:
        block[name] = text_at(block.get(name), name)
    if kind in _SIGNED:
        block["signature"] = identifier(block.get("signature")) or ""
    elif kind == "text" and block.get("citations") is not None:
        cited = block["citations"]
        block["citations"] = [_citation(one) for one in cited] if type(cited) is list else None
    elif kind == "tool_use":
        _check_call(block, number)


def _check_call(call: dict[str, Any], number: int) -> None:
    call["id"] = identifier(call.get("id")) or f"toolu_{number}"
    name = call.get("name")
    if type(name) is not str or not name:
        raise WrongTypeError("text", "name")
    given = call.get("input")
    if given is None:
        call["input"] = {}
    elif type(given) is str:
        call["input"] = readable_input(given)
    elif type(given) is not dict or is_too_deep(arguments_text(given)):
        call["input"] = arguments_text(given)


def _citation(cited: Any) -> dict[str, Any]:
    """A citation; a malformed one, or one without its source, cites nothing."""
    cited = cited if type(cited) is dict else {}
    checked = {
        **cited,
        "type": identifier(cited.get("type")) or "unknown",
        "cited_text": identifier(cited.get("cited_text")) or "",
    }
    if checked["type"] == "search_result_location":
        checked["source"] = identifier(cited.get("source")) or ""
        checked["title"] = identifier(cited.get("title"))
        checked |= {name: count(cited.get(name)) or 0 for name in _PLACES}
    return checked


def _usage(usage: Any) -> dict[str, Any]:
    """The counts that are some, beside the words."""
    if type(usage) is not dict:
        return {}
    checked: dict[str, Any] = {}
    for name, value in usage.items():
        if name in _OBJECTS_OF_USAGE:
            checked[name] = _usage(value) if type(value) is dict else None
        elif type(value) is str and not name.endswith("_tokens"):
            checked[name] = value
        else:
            checked[name] = count(value)
    # Readers add these two up, without a look at whether they are there.
    details = checked.get("cache_creation")
    if details is not None and any(count(details.get(name)) is None for name in _COUNTED_TWICE):
        checked["cache_creation"] = None
    return checked
