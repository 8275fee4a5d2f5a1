"""Checks `tools` and `tool_choice` (docs: chat completions). Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from heroku_emulator.fields import (
    bad_request,
    check_flag,
    check_object,
    check_text,
    refuse_unknown,
    unrecognized,
)

if TYPE_CHECKING:
    from heroku_emulator.switches import Switches

__all__ = ["check_tools", "forces_a_call", "tool_names"]

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")


def check_tools(body: dict[str, Any], switches: Switches) -> None:
    """Checks `tools`, then `tool_choice` against them.

    Raises:
        ApiError: 400.
    """
    tools = body.get("tools")
    if tools is not None and not isinstance(tools, list):
        raise bad_request("tools must be a list")
    for number, value in enumerate(tools or []):
        _check_tool(value, f"tools.{number}", switches)
    if body.get("tool_choice") is not None:
        _check_choice(body["tool_choice"], tool_names(body), switches)


def tool_names(body: dict[str, Any]) -> list[str]:
    """Returns the names of the request's tools, in order."""
    return [tool["function"]["name"] for tool in body.get("tools") or []]


def forces_a_call(body: dict[str, Any]) -> bool:
    """Says whether `tool_choice` forces the model to call a tool."""
    choice = body.get("tool_choice")
    return choice == "required" or isinstance(choice, dict)


def _check_tool(value: Any, where: str, switches: Switches) -> None:
    tool = check_object(value, where)
    if tool.get("type") != "function":
        raise bad_request(f"{where}.type must be function")
    refuse_unknown(tool, ("type", "function"), switches)
    function = check_object(tool.get("function"), f"{where}.function")
    known = ("name", "description", "parameters")
    strict = ("strict",) if switches.strict_tools == "accepted" else ()
    refuse_unknown(function, known + strict, switches)
    check_flag(function, "strict")
    name = check_text(function, "name", f"{where}.function.")
    if not _NAME.fullmatch(name):
        raise bad_request(f"{where}.function.name must match ^[a-zA-Z0-9_-]{{1,64}}$")
    check_text(function, "description", f"{where}.function.")
    if function.get("parameters") is not None:
        _check_parameters(function["parameters"], f"{where}.function.parameters")


def _check_parameters(value: Any, where: str) -> None:
    parameters = check_object(value, where)
    if parameters.get("type") != "object":
        raise bad_request(f"{where}.type must be object")
    if _names_its_dialect(parameters):
        raise unrecognized("$schema")


def _names_its_dialect(schema: Any) -> bool:
    """Finds a `$schema` key at any depth, except as the name of a property."""
    if isinstance(schema, list):
        return any(map(_names_its_dialect, schema))
    if not isinstance(schema, dict):
        return False
    if "$schema" in schema:
        return True
    return any(
        any(map(_names_its_dialect, inner.values()))
        if key == "properties" and isinstance(inner, dict)
        else _names_its_dialect(inner)
        for key, inner in schema.items()
        if key not in ("default", "const", "enum", "examples")
    )


def _check_choice(choice: Any, names: list[str], switches: Switches) -> None:
    if choice in ("none", "auto"):
        return
    if choice == "required":
        if not names:
            raise bad_request("tool_choice requires tools")
        return
    if not isinstance(choice, dict) or choice.get("type") != "function":
        raise bad_request(
            "tool_choice must be one of none, auto, required or "
            '{"type":"function","function":{"name":"..."}}'
        )
    refuse_unknown(choice, ("type", "function"), switches)
    function = check_object(choice.get("function"), "tool_choice.function")
    refuse_unknown(function, ("name",), switches)
    if check_text(function, "name", "tool_choice.function.") not in names:
        raise bad_request(f"tool_choice names an unknown tool: {function['name']}")
