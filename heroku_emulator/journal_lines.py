"""Describes a request in one line, to explain why a test failed. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["line_of", "shorten"]

_WIDTH = 80


def line_of(body: Any) -> str:
    """Returns one line about a body: `claude-4-5-sonnet, user: "Hello"`.

    Accepts any body, even one that Heroku would refuse.
    """
    if not isinstance(body, Mapping):
        return "" if body is None else _quote(_text(body))
    facts = [_text(body["model"])] if "model" in body else []
    if body.get("stream") is True:
        facts.append("streamed")
    return ", ".join([*facts, *_describe_request(body)])


def _describe_request(body: Mapping[str, Any]) -> list[str]:
    """Returns what the request asks, by its kind."""
    if messages := _list(body.get("messages")):
        last = _describe_message(messages[-1])
        return [last] if len(messages) == 1 else [f"{len(messages)} messages, the last from {last}"]
    if "query" in body:
        return [
            f"{_quote(_text(body['query']))} over {len(_list(body.get('documents')))} documents"
        ]
    if "input" in body:
        texts = _list(body["input"]) or [body["input"]]
        more = f" and {len(texts) - 1} more" if len(texts) > 1 else ""
        return [_quote(_text(texts[0])) + more]
    if "prompt" in body:
        return [_quote(_text(body["prompt"]))]
    rest = {name: value for name, value in body.items() if name not in ("model", "stream")}
    return [shorten(str(rest))] if rest else []


def _describe_message(message: Any) -> str:
    if not isinstance(message, Mapping):
        return _quote(_text(message))
    text = _text(message.get("content"))
    said = [_quote(text)] if text else []
    names = [_tool_name(call) for call in _list(message.get("tool_calls"))]
    if names:
        said.append(f"calls {', '.join(names)}")
    return f"{_text(message.get('role'))}: {' and '.join(said) or 'nothing'}"


def _tool_name(call: Any) -> str:
    function = call.get("function") if isinstance(call, Mapping) else None
    return _text(function.get("name")) if isinstance(function, Mapping) else "?"


def _text(value: Any) -> str:
    """Returns the text of a string, of parts of content, or of any other value."""
    if value is None:
        return ""
    if isinstance(value, list):
        return " ".join(filter(None, map(_text, value)))
    if isinstance(value, Mapping):
        if "text" in value or "content" in value:
            return _text(value.get("text", value.get("content")))
        return f"[{value.get('type', '?')}]"
    return str(value)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _quote(text: str) -> str:
    return f'"{shorten(text)}"'


def shorten(text: str) -> str:
    """Returns a text in one line of bounded length."""
    line = " ".join(text.split())
    return line if len(line) <= _WIDTH else f"{line[: _WIDTH - 1]}…"
