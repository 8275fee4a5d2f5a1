"""What is accepted as tools and tool choice (docs: /v1/messages). Pure."""

from __future__ import annotations

import re
from typing import Any

from heroku_emulator.messages_api.blocks import check_cache_control
from heroku_emulator.messages_api.refusals import invalid, object_of, only, text, word

__all__ = ["check_tools", "forces_a_call"]

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_TOOL = ("type", "name", "description", "input_schema", "cache_control")
_CHOICES = {
    "auto": ("type", "disable_parallel_tool_use"),
    "any": ("type", "disable_parallel_tool_use"),
    "tool": ("type", "name", "disable_parallel_tool_use"),
    "none": ("type",),
}


def check_tools(body: dict[str, Any]) -> None:
    """Checks `tools`, then `tool_choice` against them.

    Raises:
        ApiError: 400.
    """
    tools = body.get("tools")
    if tools is not None and not isinstance(tools, list):
        raise invalid("tools", "Input should be a valid list")
    names = [_checked_name(value, f"tools.{number}") for number, value in enumerate(tools or [])]
    if len(set(names)) < len(names):
        raise invalid("tools", "Tool names must be unique.")
    if body.get("tool_choice") is not None:
        _check_choice(object_of(body["tool_choice"], "tool_choice"), names)


def forces_a_call(body: dict[str, Any]) -> bool:
    """Says whether `tool_choice` leaves the model no way but to call a tool."""
    choice = body.get("tool_choice")
    return isinstance(choice, dict) and choice.get("type") in ("any", "tool")


def _checked_name(value: Any, where: str) -> str:
    tool = object_of(value, where)
    kind = tool.get("type")
    if kind not in (None, "custom"):
        # Anthropic's own tools run on Anthropic's servers, or are not said to be on Heroku.
        raise invalid(where, f"Input tag '{kind}' found using 'type' does not match any of the "
                             "expected tags: 'custom'")  # fmt: skip
    where = f"{where}.custom."
    only(tool, _TOOL, where)
    name = text(tool, "name", where)
    if not _NAME.fullmatch(name):
        raise invalid(f"{where}name", "String should match pattern '^[a-zA-Z0-9_-]{1,64}$'")
    if tool.get("description") is not None:
        text(tool, "description", where)
    schema = object_of(tool.get("input_schema"), f"{where}input_schema")
    word(schema, "type", ("object",), f"{where}input_schema.")
    check_cache_control(tool, where)
    return name


def _check_choice(choice: dict[str, Any], names: list[str]) -> None:
    kind = word(choice, "type", tuple(_CHOICES), "tool_choice.")
    only(choice, _CHOICES[kind], f"tool_choice.{kind}.")
    if choice.get("disable_parallel_tool_use") not in (None, True, False):
        raise invalid(f"tool_choice.{kind}.disable_parallel_tool_use", "Input should be a boolean")
    if kind in ("any", "tool") and not names:
        raise invalid("tool_choice", f"`{kind}` may only be specified while providing `tools`")
    if kind == "tool" and text(choice, "name", "tool_choice.tool.") not in names:
        raise invalid("", f"Tool '{choice['name']}' not found in provided tools")
