"""From JSON text to values, also where the fast parser does not take it. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from pydantic_core import from_json

__all__ = ["MOST_LEVELS", "decoded_json", "is_too_deep", "whole_characters"]

MOST_LEVELS: Final = 100
"""How deep objects and lists may stand in each other."""

_MOST_DIGITS: Final = 4000  # Python and the fast parser read 4300
# A string, which may hold brackets, or a bracket.
_MARK: Final = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[{]|[\]}]', re.DOTALL)


def decoded_json(text: str | bytes, *, strict: bool = True) -> Any:
    """The value of this JSON text.

    What nobody could write down again is made readable, so that the rest is not lost. Half of a
    surrogate pair, as a cut emoji leaves it, becomes U+FFFD, like bytes that are not UTF-8. What is
    nested deeper than 100 levels becomes text, like numbers of thousands of digits.

    Args:
        text: The JSON text.
        strict: Whether strings must have their line ends, tabs and other control characters
            escaped. A text that was cut is refused either way.

    Raises:
        ValueError: The text is not JSON.
    """
    try:
        return from_json(text)
    except ValueError as error:
        refusal = error
    try:
        return _odd_json(text, strict=strict)
    except ValueError as error:
        # Told to be lenient, the first parser would complain of what does not matter.
        raise (refusal if strict else error) from None


def is_too_deep(text: str) -> bool:
    """Whether anything in this JSON text stands deeper than `MOST_LEVELS`."""
    return _may_be_too_deep(text) and _flattened(text) != text


def whole_characters(value: Any) -> Any:
    """The value with no half of a surrogate pair in its texts, as UTF-8 wants it.

    Two halves that belong together are joined; others become U+FFFD.
    """
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, Mapping):
        return {whole_characters(key): whole_characters(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [whole_characters(inner) for inner in value]
    return value


def _odd_json(text: str | bytes, *, strict: bool) -> Any:
    if isinstance(text, bytes):
        text = text.decode(json.detect_encoding(text), errors="replace")
    flat = _flattened(text.removeprefix("\ufeff"))
    try:
        value = json.loads(flat, parse_int=_number, strict=strict)
    except RecursionError:  # brackets that nothing closes
        raise ValueError("The text is not JSON.") from None
    return whole_characters(value)


def _may_be_too_deep(text: str) -> bool:
    return text.count("[") + text.count("{") > MOST_LEVELS


def _flattened(text: str) -> str:
    """The JSON text with what stands too deep as strings."""
    if not _may_be_too_deep(text):
        return text
    pieces: list[str] = []
    depth = start = written = 0
    for mark in _MARK.finditer(text):
        if mark[0] in "[{":
            depth += 1
            if depth == MOST_LEVELS + 1:
                start = mark.start()
        elif mark[0] in "]}":
            depth -= 1
            if depth == MOST_LEVELS:
                pieces += (text[written:start], json.dumps(text[start : mark.end()]))
                written = mark.end()
    return "".join([*pieces, text[written:]])


def _number(digits: str) -> int | str:
    return int(digits) if len(digits) <= _MOST_DIGITS else digits
