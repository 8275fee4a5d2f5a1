"""Conversations in OpenAI's shape as an adapter of the Messages endpoint passes them on."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

__all__ = ["anthropic_body"]


def anthropic_body(messages: list[dict[str, Any]]) -> dict[str, Any]:
    """A body with one message for each that is given: nothing is repaired or merged."""
    said = [_message(message) for message in messages if not _is_system(message)]
    system = [part for message in messages if _is_system(message) for part in _parts(message)]
    return {
        "model": "claude-4-5-sonnet",
        "messages": said,
        **({"system": system} if system else {}),
    }


def _is_system(message: dict[str, Any]) -> bool:
    return message.get("role") in {"system", "developer"}


def _parts(message: dict[str, Any]) -> list[Any]:
    content = message.get("content")
    if content is None:
        return []
    return content if isinstance(content, list) else [content]


def _message(message: dict[str, Any]) -> dict[str, Any]:
    role, content = message.get("role"), message.get("content")
    if role in {"tool", "function"}:
        result = {
            "type": "tool_result",
            "tool_use_id": message.get("tool_call_id"),
            "name": message.get("name"),
            "content": content,
        }
        return {"role": "user", "content": [result]}
    role = {"human": "user", "ai": "assistant"}.get(role, role)
    calls = message.get("tool_calls") or []
    if legacy := message.get("function_call"):
        calls = [{"function": legacy}]
    others = {name: message[name] for name in message if name not in _KNOWN}
    if not calls:
        return {**others, "role": role, "content": content}
    return {**others, "role": role, "content": [*_parts(message), *map(_call, calls)]}


_KNOWN = {"role", "content", "tool_calls", "function_call"}


def _call(call: dict[str, Any]) -> dict[str, Any]:
    function = call["function"]
    arguments = function.get("arguments")
    with suppress(TypeError, ValueError):
        arguments = json.loads(arguments)
    return {
        "type": "tool_use",
        "id": call.get("id"),
        "name": function["name"],
        "input": arguments,
    }
