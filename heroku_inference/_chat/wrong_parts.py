"""Names the part of a chat completion that is of another type than documented. Pure.

Readers see that something is wrong when they use it, so that right answers pay for no check. Then
the frame is looked through here.
"""

from __future__ import annotations

from typing import Any

from heroku_inference._wire_types import WrongTypeError, list_at, object_at, text_at

__all__ = ["wrong_part"]


def wrong_part(frame: dict[str, Any]) -> str:
    """What is wrong, as a clause that begins with the field's path."""
    try:
        for number, choice in enumerate(list_at(frame.get("choices"), "choices")):
            _check_choice(choice, "choices", number)
    except WrongTypeError as wrong:
        return str(wrong)
    return "it is not a chat completion"


def _check_choice(choice: Any, *path: str | int) -> None:
    choice = object_at(choice, *path)
    name = "delta" if choice.get("delta") else "message"
    message = object_at(choice.get(name) or {}, *path, name)
    path = (*path, name)
    _check_content(message.get("content"), *path, "content")
    text_at(message.get("refusal") or None, *path, "refusal")
    calls = list_at(message.get("tool_calls") or None, *path, "tool_calls")
    for number, call in enumerate(calls):
        _check_call(call, *path, "tool_calls", number)


def _check_content(content: Any, *path: str | int) -> None:
    if type(content) is not list:
        text_at(content, *path)
        return
    for number, part in enumerate(content):
        if "thinking" not in (known := object_at(part, *path, number)):
            text_at(known.get("text", 0), *path, number, "text")


def _check_call(call: Any, *path: str | int) -> None:
    function = object_at(object_at(call, *path).get("function") or {}, *path, "function")
    text_at(function.get("name") or None, *path, "function", "name")
