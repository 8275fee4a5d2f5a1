"""Checks `tools` and `tool_choice` (docs: /v1/messages). Pure."""

from __future__ import annotations

from typing import Any

from heroku_emulator.messages_api.blocks import check_cache_control, check_tool_name
from heroku_emulator.messages_api.refusals import (
    check_choice,
    check_object,
    check_text,
    invalid_input,
    refuse_unknown,
)

__all__ = ["check_tools", "forces_a_call"]

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
        raise invalid_input("tools", "Input should be a valid list")
    names = [_checked_name(value, f"tools.{number}") for number, value in enumerate(tools or [])]
    if len(set(names)) < len(names):
        raise invalid_input("tools", "Tool names must be unique.")
    if body.get("tool_choice") is not None:
        _check_choice(check_object(body["tool_choice"], "tool_choice"), names)


def forces_a_call(body: dict[str, Any]) -> bool:
    """Says whether `tool_choice` forces the model to call a tool."""
    choice = body.get("tool_choice")
    return isinstance(choice, dict) and choice.get("type") in ("any", "tool")


def _checked_name(value: Any, where: str) -> str:
    tool = check_object(value, where)
    kind = tool.get("type")
    if kind not in (None, "custom"):
        # Anthropic's own tools run on its servers, or are undocumented on Heroku.
        raise invalid_input(
            where,
            f"Input tag '{kind}' found using 'type' does not match any of the "
            "expected tags: 'custom'",
        )
    where = f"{where}.custom."
    refuse_unknown(tool, _TOOL, where)
    name = check_tool_name(tool, where)
    if tool.get("description") is not None:
        check_text(tool, "description", where)
    schema = check_object(tool.get("input_schema"), f"{where}input_schema")
    check_choice(schema, "type", ("object",), f"{where}input_schema.")
    check_cache_control(tool, where)
    return name


def _check_choice(choice: dict[str, Any], names: list[str]) -> None:
    kind = check_choice(choice, "type", tuple(_CHOICES), "tool_choice.")
    refuse_unknown(choice, _CHOICES[kind], f"tool_choice.{kind}.")
    if choice.get("disable_parallel_tool_use") not in (None, True, False):
        raise invalid_input(
            f"tool_choice.{kind}.disable_parallel_tool_use", "Input should be a boolean"
        )
    if kind in ("any", "tool") and not names:
        raise invalid_input(
            "tool_choice", f"`{kind}` may only be specified while providing `tools`"
        )
    if kind == "tool" and check_text(choice, "name", "tool_choice.tool.") not in names:
        raise invalid_input("", f"Tool '{choice['name']}' not found in provided tools")
