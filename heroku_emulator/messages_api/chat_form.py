"""Maps a request in Anthropic's form to the chat completions form that engines know. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from heroku_emulator.errors import compact
from heroku_emulator.messages_api.blocks import as_blocks
from heroku_emulator.messages_api.thinking import thinks

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["chat_form"]

_SAME = ("model", "max_tokens", "temperature", "top_p", "top_k")
_CHOICES = {"auto": "auto", "any": "required", "none": "none"}


def chat_form(body: dict[str, Any]) -> dict[str, Any]:
    """Returns the request for an engine, without stop sequences, which the server applies."""
    request = {name: body[name] for name in _SAME if body.get(name) is not None}
    request["messages"] = [*_system(body.get("system")), *_messages(body["messages"])]
    if body.get("tools"):
        request["tools"] = [_tool(tool) for tool in body["tools"]]
    choice = body.get("tool_choice")
    if choice is not None:
        request["tool_choice"] = _CHOICES.get(choice["type"]) or {
            "type": "function",
            "function": {"name": choice["name"]},
        }
        request["parallel_tool_calls"] = choice.get("disable_parallel_tool_use") is not True
    if thinks(body):
        budget = body["thinking"].get("budget_tokens")
        request["extended_thinking"] = {"enabled": True, "budget_tokens": budget}
    return request


def _system(system: Any) -> list[dict[str, Any]]:
    text = _text(as_blocks(system))
    return [{"role": "system", "content": text}] if text else []


def _messages(messages: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for message in messages:
        blocks = as_blocks(message["content"])
        if message["role"] == "assistant":
            yield _assistant(blocks)
        else:
            yield from _user(blocks)


def _assistant(blocks: list[dict[str, Any]]) -> dict[str, Any]:
    calls = [
        {
            "id": block["id"],
            "type": "function",
            "function": {"name": block["name"], "arguments": compact(block["input"])},
        }
        for block in blocks
        if block["type"] == "tool_use"
    ]
    message: dict[str, Any] = {"role": "assistant", "content": _text(blocks)}
    return message | {"tool_calls": calls} if calls else message


def _user(blocks: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yields results first: in chat completions, each is its own message."""
    others = []
    for block in blocks:
        if block["type"] == "tool_result":
            result = _text(as_blocks(block.get("content"))) or "."
            yield {"role": "tool", "tool_call_id": block["tool_use_id"], "content": result}
        else:
            others.append(block)
    if others:
        pictured = any(block["type"] == "image" for block in others)
        yield {"role": "user", "content": list(map(_part, others)) if pictured else _text(others)}


def _part(block: dict[str, Any]) -> dict[str, Any]:
    if block["type"] != "image":
        return {"type": "text", "text": _text([block])}
    source = block["source"]
    url = source.get("url") or f"data:{source.get('media_type')};base64,{source.get('data')}"
    return {"type": "image_url", "image_url": {"url": url}}


def _text(blocks: list[dict[str, Any]]) -> str:
    return "\n".join(filter(None, map(_text_of, blocks)))


def _text_of(block: dict[str, Any]) -> str:
    """Returns the text of a text block or a plain-text document; PDFs are not read."""
    if block["type"] == "document" and block["source"].get("type") == "text":
        return str(block["source"]["data"])
    return str(block.get("text") or "") if block["type"] == "text" else ""


def _tool(tool: dict[str, Any]) -> dict[str, Any]:
    function = {
        "name": tool["name"],
        "description": tool.get("description") or tool["name"],
        "parameters": tool["input_schema"],
    }
    return {"type": "function", "function": function}
