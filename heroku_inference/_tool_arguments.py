"""The arguments of tool calls, which travel as JSON text inside JSON. Pure."""

from __future__ import annotations

import json
from typing import Any

from pydantic_core import from_json

__all__ = ["arguments_for_history", "arguments_text", "is_json_object", "parse_arguments"]


def parse_arguments(text: str) -> dict[str, Any]:
    """The arguments a model wrote, as a dict.

    Models call tools without parameters with `""` or `null`; both mean no arguments.

    Raises:
        ValueError: The text is no JSON object. Heroku does not check what models write.
    """
    value = from_json(text) if text and not text.isspace() else None
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ValueError(f"The arguments are no JSON object: {text[:200]}")  # noqa: TRY004 - a wrong text
    return value


def arguments_text(value: Any) -> str:
    """Arguments as JSON text, also where a server or a framework gave the object itself."""
    if type(value) is str:
        return value
    if value is None:
        return ""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def arguments_for_history(value: Any) -> str:
    """Arguments as the JSON object text that Heroku takes back; others fail with a 500.

    A valid object stays as it is, to the letter. What the model wrote otherwise is kept under
    `value`, so that it can see its own mistake.
    """
    text = arguments_text(value)
    try:
        decoded = from_json(text, allow_inf_nan=False) if text.strip() else {}
    except ValueError:
        decoded = text
    if not isinstance(decoded, dict):
        return arguments_text({"value": decoded})
    return text if decoded else "{}"


def is_json_object(text: str) -> bool:
    """Whether the text is one whole JSON object, which ends the arguments of a call."""
    if not text.rstrip().endswith("}"):  # spares the parsing nearly always
        return False
    try:
        return isinstance(from_json(text), dict)
    except ValueError:
        return False
