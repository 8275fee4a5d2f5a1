"""The tools of a request to the Messages endpoint, and of its history, as it takes them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from heroku_inference._chat.history_tools import HISTORY_DESCRIPTION
from heroku_inference._chat.tools import arguments_schema, check_tool

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["apply_tool_rules"]


def apply_tool_rules(body: dict[str, Any]) -> None:
    """Change `body`, which is the caller's own copy, in line with what the endpoint takes.

    Schemas become as small as they can be. Where the history calls tools and the request has none,
    those tools are declared, and the model may not call them. The history is already one that the
    endpoint takes.

    Raises:
        ConfigError: A tool is one that its provider runs, or its arguments are not an object.
    """
    if tools := body.get("tools"):
        body["tools"] = [_with_smallest_schema(tool) for tool in tools]
    messages = body.get("messages") or ()
    names = dict.fromkeys(call["name"] for call in _calls(messages))
    if names and not tools and not (body.get("extra_body") or {}).get("tools"):
        body["tools"] = [_declaration(name) for name in names]
        body["tool_choice"] = {"type": "none"}


def _with_smallest_schema(tool: Mapping[str, Any]) -> Mapping[str, Any]:
    check_tool(tool)
    schema = tool.get("input_schema")
    if not isinstance(schema, Mapping):
        return tool
    arguments = arguments_schema(str(tool.get("name")), schema, tool.get("description"))
    return {**tool, "input_schema": arguments}


def _calls(messages: Any) -> Iterator[Mapping[str, Any]]:
    for message in messages:
        if isinstance(content := message.get("content"), list):
            yield from (block for block in content if _is_call(block))


def _is_call(block: Any) -> bool:
    return isinstance(block, Mapping) and block.get("type") == "tool_use" and "name" in block


def _declaration(name: str) -> dict[str, Any]:
    schema = {"type": "object", "properties": {}}
    return {"name": name, "description": HISTORY_DESCRIPTION, "input_schema": schema}
