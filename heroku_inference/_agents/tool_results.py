"""The result of a tool without the server's words around it. Pure.

Heroku writes `Tool '<name>' returned result: <result>`, and for MCP tools that result is the JSON
`{"content":[{"type":"text","text":…}],"isError":false}` (docs: agents, working with MCP).
"""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple

from heroku_inference._decoding import decoded_json, is_too_deep
from heroku_inference._wire_types import json_text

__all__ = ["Unwrapped", "unwrap"]

_PREFIX: Final = re.compile(r"Tool '(.*?)' returned result:", re.DOTALL)
# Fields of parts that are text, if they are there; and the kinds that must have `data`.
_TEXTS: Final = ("mimeType", "name", "text", "uri")
_WITH_DATA: Final = frozenset({"audio", "image"})
_ENVELOPE: Final = frozenset({"content", "isError", "structuredContent", "_meta"})


class Unwrapped(NamedTuple):
    """What a tool said."""

    name: str
    text: str
    content: list[dict[str, Any]]
    """The parts of an MCP result; none in plain text."""
    is_error: bool
    raw: str


def unwrap(content: Any, name: str | None) -> Unwrapped:
    """The result in the content of a tool's message.

    Args:
        content: As the server sent it; text, as documented, or already a list of parts.
        name: The tool's name beside it, if there is one; else the prefix tells it.
    """
    if isinstance(content, list) and _are_parts(content):
        parts = [_readable(part) for part in content]
        return Unwrapped(name or "", _text_of(parts), parts, False, json_text(content))
    raw = content if isinstance(content, str) else "" if content is None else json_text(content)
    name, said = _without_prefix(raw, name or "")
    envelope = _envelope(said)
    if envelope is None:
        return Unwrapped(name, said, [], False, raw)
    parts = [_readable(part) for part in envelope["content"]]
    text = _text_of(parts)
    if not parts and envelope.get("structuredContent") is not None:
        text = json_text(envelope["structuredContent"])
    return Unwrapped(name, text, parts, envelope.get("isError") is True, raw)


def _without_prefix(text: str, name: str) -> tuple[str, str]:
    """The tool's name and what follows the prefix; a text that only looks like one stays whole."""
    exact = f"Tool '{name}' returned result:"
    if name and text.startswith(exact):
        return name, text[len(exact) :].removeprefix(" ")
    found = _PREFIX.match(text)
    if found is None or not _is_same_tool(found[1], name):
        return name, text
    return name or found[1], text[found.end() :].removeprefix(" ")


def _is_same_tool(shown: str, name: str) -> bool:
    """Whether both name one tool, of which one may lack the namespace."""
    return not name or shown == name or shown.endswith(f"/{name}") or name.endswith(f"/{shown}")


def _envelope(text: str) -> dict[str, Any] | None:
    """The MCP result in this text; `None` for a command's output, be it JSON too."""
    if not text.lstrip().startswith("{") or is_too_deep(text):
        return None
    try:
        value = decoded_json(text)
    except ValueError:
        return None
    if not isinstance(value, dict) or not _are_parts(value.get("content")):
        return None
    # A list of parts alone may be data of the tool's own, above all an empty one.
    is_one = isinstance(value.get("isError"), bool) or (
        value["content"] and value.keys() <= _ENVELOPE
    )
    return value if is_one else None


def _are_parts(content: Any) -> bool:
    return isinstance(content, list) and all(
        isinstance(part, dict) and isinstance(part.get("type"), str) for part in content
    )


def _readable(part: dict[str, Any]) -> dict[str, Any]:
    """The part; one with fields of other types becomes text, so that nothing of it is lost."""
    return part if _is_readable(part) else {"type": "text", "text": json_text(part)}


def _is_readable(part: dict[str, Any]) -> bool:
    resource = part.get("resource")
    if not isinstance(resource, dict | None):
        return False
    texts = [where.get(name) for where in (part, resource or {}) for name in _TEXTS]
    needed = part.get("data") if part["type"] in _WITH_DATA else ""
    return isinstance(needed, str) and all(isinstance(text, str | None) for text in texts)


def _text_of(parts: list[dict[str, Any]]) -> str:
    texts = (part.get("text") for part in parts if part["type"] == "text")
    return "\n".join(text for text in texts if isinstance(text, str))
