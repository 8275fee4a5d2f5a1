"""Tells when a conversation asks for JSON, and gives it. Pure."""

from __future__ import annotations

import json
import re
from typing import Any

from heroku_emulator.engines.conversation import message_text

__all__ = ["wanted_schema", "without_format"]

_ASKED = re.compile(
    r"\b(?:answer|format\w*|give|output|produce|reply|respond\w*|return\w*|write)\b[^.\n]{0,80}\bJSON\b"
    r"|\bJSON\b[^.\n]{0,40}\b(?:only|object|format|keys?|answer|schema)\b",
    re.IGNORECASE,
)
_KEYS = re.compile(r"[\"'`](\w+)[\"'`](?=[^.\n]*\b(?:keys?|fields?|properties)\b)")
_KEYS_AFTER = re.compile(r"\b(?:keys?|fields?|properties)\b[^.\n]*")
_KEY = re.compile(r"[\"'`](\w+)[\"'`]")
_PLAIN = {"type": "object", "properties": {"answer": {"type": "string"}}, "required": ["answer"]}


def wanted_schema(messages: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Returns the schema of the JSON answer that is asked for; `None` when none is.

    It is a JSON schema that stands in a message, else an object with the keys a message names, else
    an object with an `answer`.
    """
    texts = [message_text(m) for m in messages if m.get("role") in {"system", "developer", "user"}]
    asking = [text for text in texts if _ASKED.search(text)]
    if not asking:
        return None
    for text in reversed(asking):
        if schema := _schema_in(text):
            return schema
    keys = [key for text in asking for key in _named_keys(text)]
    if not keys:
        return _PLAIN
    properties = {key: {"type": "string"} for key in keys}
    return {"type": "object", "properties": properties, "required": list(properties)}


def without_format(text: str) -> str:
    """Returns what a text says besides asking for JSON."""
    sentences = re.split(r"(?<=[.!?\n])\s*", text)
    return " ".join(s.strip() for s in sentences if "json" not in s.lower()).strip()


def _schema_in(text: str) -> dict[str, Any] | None:
    decoder = json.JSONDecoder()
    for brace in re.finditer(r"\{", text):
        try:
            value, _ = decoder.raw_decode(text, brace.start())
        except ValueError:
            continue
        if isinstance(value, dict) and isinstance(value.get("properties"), dict):
            return value
    return None


def _named_keys(text: str) -> list[str]:
    after = [key for part in _KEYS_AFTER.findall(text) for key in _KEY.findall(part)]
    return [*_KEYS.findall(text), *after]
