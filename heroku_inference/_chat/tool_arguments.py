"""The arguments of tool calls, which travel as JSON text inside JSON. Pure."""

from __future__ import annotations

import json
from typing import Any

from pydantic_core import from_json

from heroku_inference._decoding import MOST_LEVELS, decoded_json, is_too_deep, whole_characters

__all__ = ["ObjectScanner", "arguments_for_history", "arguments_text", "parse_arguments"]


def parse_arguments(text: str) -> dict[str, Any]:
    """The arguments a model wrote, as a dict.

    Models call tools without parameters with `""` or `null`; both mean no arguments. They also
    write line ends and tabs into strings without escaping them.

    Raises:
        ValueError: The text is not a JSON object. Heroku does not check what models write.
    """
    if is_too_deep(text):
        raise ValueError(f"The arguments are nested deeper than {MOST_LEVELS} levels: {text[:200]}")
    value = decoded_json(text, strict=False) if text and not text.isspace() else None
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ValueError(f"The arguments are not a JSON object: {text[:200]}")  # noqa: TRY004 - a wrong text
    return value


def arguments_text(value: Any) -> str:
    """Arguments as JSON text, also where a server or a framework gave the object itself."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def arguments_for_history(value: Any) -> str:
    """Arguments as the JSON object text that Heroku takes back; others fail with a 500.

    A valid object stays as it is, to the letter; one with line ends or tabs in its strings gets
    them escaped. What the model wrote otherwise is kept under `value`, so that it can see its own
    mistake.
    """
    text = _readable(value)
    try:
        decoded = from_json(text, allow_inf_nan=False) if text.strip() else {}
    except ValueError:
        text, decoded = _whole(text)
    except TypeError:  # half a surrogate pair, which is replaced where the request is encoded
        whole = whole_characters(text)
        return text if (better := arguments_for_history(whole)) == whole else better
    if not isinstance(decoded, dict):
        return arguments_text({"value": decoded})
    return text if decoded else "{}"


def _whole(text: str) -> tuple[str, Any]:
    """The text and its value, where characters in its strings are all that is wrong with it."""
    try:
        value = json.loads(text, strict=False)
        return json.dumps(whole_characters(value), ensure_ascii=False, allow_nan=False), value
    except (ValueError, RecursionError):
        return text, text


def _readable(value: Any) -> str:
    """The arguments as text; a value that JSON does not have is shown as Python shows it."""
    try:
        return arguments_text(value)
    except (TypeError, ValueError, RecursionError):
        return repr(value)


class ObjectScanner:
    """Sees where a JSON object ends that comes in pieces; every character is looked at once."""

    __slots__ = ("_depth", "_escaped", "_in_text", "_opened")

    def __init__(self) -> None:
        self._depth = 0
        self._opened = False
        self._in_text = False
        self._escaped = False

    @property
    def complete(self) -> bool:
        """Whether all that was opened is closed; an object that never opened is not."""
        return self._opened and self._depth == 0

    def read(self, piece: str) -> None:
        """Go on with these characters."""
        for character in piece:
            if self._escaped:
                self._escaped = False
            elif character == '"':
                self._in_text = not self._in_text
            elif self._in_text:
                self._escaped = character == "\\"
            elif character == "{":
                self._opened = True
                self._depth += 1
            elif character == "}":
                self._depth -= 1
