"""Answers in JSON if instructions ask for it, with or without schema and keys. Pure."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from heroku_emulator.built_in.arguments import arguments_for

if TYPE_CHECKING:
    from heroku_emulator.built_in.conversation import Conversation

__all__ = ["json_answer"]

_WANTED = re.compile(
    r"\b(?:return|respond|reply|answer|output|write|produce)\b[^.\n]{0,80}\bJSON\b", re.IGNORECASE
)
_KEYS = re.compile(r"((?:[\"'`]\w+[\"'`](?:,| and|, and)? ?)+)(?:as )?(?:keys?|fields?)\b")
_KEY = re.compile(r"[\"'`](\w+)[\"'`]")


def json_answer(request: dict[str, Any], talk: Conversation) -> str | None:
    """Returns a JSON object as text, or `None` if the request wants plain text."""
    schema = _schema(request.get("response_format"), talk)
    if schema is None:
        return None
    results = ". ".join(result for _, result in talk.results)
    return json.dumps(arguments_for(schema, f"{talk.question} {results}"), ensure_ascii=False)


def _schema(wanted: Any, talk: Conversation) -> dict[str, Any] | None:
    """Returns the schema to answer in; `response_format` is only present if it is honoured."""
    if isinstance(wanted, dict) and wanted.get("type") == "json_schema":
        return dict(wanted.get("json_schema", {}).get("schema") or {})
    for text in (talk.system, talk.question):
        if _WANTED.search(text):
            found = _schema_in(text) or _schema_of_keys(text)
            if found is not None:
                return found
    is_json_mode = isinstance(wanted, dict) and wanted.get("type") == "json_object"
    if is_json_mode or _WANTED.search(talk.system):
        return _schema_of_keys(talk.question) or _with_keys(["answer"])
    return None


def _schema_in(text: str) -> dict[str, Any] | None:
    """Finds a JSON schema within a text."""
    decoder = json.JSONDecoder()
    for match in re.finditer(r"\{", text):
        try:
            value, _ = decoder.raw_decode(text, match.start())
        except ValueError:
            continue
        if isinstance(value, dict) and isinstance(value.get("properties"), dict):
            return value
    return None


def _schema_of_keys(text: str) -> dict[str, Any] | None:
    """Reads `with 'setup' and 'punchline' keys`."""
    listed = _KEYS.search(text)
    return None if listed is None else _with_keys(_KEY.findall(listed[1]))


def _with_keys(keys: list[str]) -> dict[str, Any]:
    properties = {key: {"type": "string"} for key in keys}
    return {"type": "object", "properties": properties, "required": keys}
