"""A request in one line, for people who wonder why a test failed. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["line_of"]

_WIDTH = 80


def line_of(body: Any) -> str:
    """Returns what a body says, in one line: `claude-4-5-sonnet, user: "Hello"`.

    Any body will do, also one that Heroku refuses.
    """
    if not isinstance(body, Mapping):
        return "" if body is None else _quoted(_text(body))
    facts = [_text(body["model"])] if "model" in body else []
    if body.get("stream") is True:
        facts.append("streamed")
    return ", ".join([*facts, *_asked(body)])


def _asked(body: Mapping[str, Any]) -> list[str]:
    """What each kind of request is about."""
    if messages := _list(body.get("messages")):
        said = _message(messages[-1])
        return [said] if len(messages) == 1 else [f"{len(messages)} messages, the last from {said}"]
    if "query" in body:
        return [
            f"{_quoted(_text(body['query']))} over {len(_list(body.get('documents')))} documents"
        ]
    if "input" in body:
        texts = _list(body["input"]) or [body["input"]]
        more = f" and {len(texts) - 1} more" if len(texts) > 1 else ""
        return [_quoted(_text(texts[0])) + more]
    if "prompt" in body:
        return [_quoted(_text(body["prompt"]))]
    rest = {name: value for name, value in body.items() if name not in ("model", "stream")}
    return [_short(str(rest))] if rest else []


def _message(message: Any) -> str:
    if not isinstance(message, Mapping):
        return _quoted(_text(message))
    text = _text(message.get("content"))
    said = [_quoted(text)] if text else []
    names = [_tool_name(call) for call in _list(message.get("tool_calls"))]
    if names:
        said.append(f"calls {', '.join(names)}")
    return f"{_text(message.get('role'))}: {' and '.join(said) or 'nothing'}"


def _tool_name(call: Any) -> str:
    function = call.get("function") if isinstance(call, Mapping) else None
    return _text(function.get("name")) if isinstance(function, Mapping) else "?"


def _text(value: Any) -> str:
    """The text of a string, of parts of content, or of anything else."""
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


def _quoted(text: str) -> str:
    return f'"{_short(text)}"'


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _WIDTH else f"{line[: _WIDTH - 1]}…"
