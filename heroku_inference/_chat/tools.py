"""Tool definitions and tool choice of any framework as Heroku accepts them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from heroku_inference._chat.schemas import object_schema
from heroku_inference._errors import ConfigError

__all__ = [
    "forced_tool",
    "is_forced",
    "parallel_calls",
    "wire_tool_choice",
    "wire_tools",
]

_NO_PARAMETERS: Mapping[str, Any] = {"type": "object", "properties": {}}
_CHOICES = {"any": "required", "auto": "auto", "none": "none", "required": "required"}


def wire_tools(tools: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The definitions with exactly the documented fields, from OpenAI's or Anthropic's form.

    Raises:
        ConfigError: A tool is not a function. Heroku's own tools and MCP tools belong to the agents
            endpoint (docs: chat completions, tools).
    """
    if isinstance(tools, (str, Mapping)) or not isinstance(tools, Iterable):
        raise ConfigError(
            f"tools must be a list, got a value of type {type(tools).__name__}.",
            "Pass a list of tools.",
        )
    return [_wire_tool(tool) for tool in tools]


def wire_tool_choice(
    choice: str | bool | Mapping[str, Any] | None, tools: Sequence[Mapping[str, Any]]
) -> str | dict[str, Any] | None:
    """The choice in Heroku's words, `None` for none; `tools` are the wire tools to choose from.

    Raises:
        ConfigError: The choice names an unknown tool, there are no tools where one must be called,
            or it has an unknown form.
    """
    if choice is None or choice is False:
        return None
    word, name = _word_or_name(choice)
    names = [str(tool.get("function", tool).get("name")) for tool in tools]
    if word in {"auto", "none"} or (word and names):
        return word
    if name in names:
        return forced_tool(name)
    raise ConfigError(
        f"tool_choice={choice!r} does not name a tool; there "
        + (f"are {', '.join(names)}." if names else "are no tools."),
        "Pass the name of a tool, or 'auto', 'none' or 'required' (or 'any').",
    )


def parallel_calls(choice: Any) -> bool | None:
    """Whether several tools may be called at once, where Anthropic's form of a choice says so."""
    disabled = choice.get("disable_parallel_tool_use") if isinstance(choice, Mapping) else None
    return None if disabled is None else not disabled


def forced_tool(name: str) -> dict[str, Any]:
    """The choice that makes the model call this tool."""
    return {"type": "function", "function": {"name": name}}


def is_forced(choice: Any) -> bool:
    """Whether the choice leaves the model no way but to call a tool."""
    kind = choice.get("type") if isinstance(choice, Mapping) else choice
    return kind not in {None, "auto", "none"}


def _wire_tool(tool: Mapping[str, Any]) -> dict[str, Any]:
    function = tool.get("function", tool)
    if not _is_function(tool, function):
        raise ConfigError(
            f"The tool {tool.get('name') or tool.get('type')!r} is not a function with a name.",
            "Pass functions only; 'heroku_tool' and 'mcp' tools are for agents.",
        )
    name = function["name"]
    description = function.get("description")
    parameters = function.get("parameters") or function.get("input_schema") or _NO_PARAMETERS
    return {
        "type": "function",
        "function": {
            "name": name,
            "description": description or name,  # must not be empty
            "parameters": object_schema(parameters, description),
        },
    }


def _is_function(tool: Mapping[str, Any], function: Any) -> bool:
    if not isinstance(function, Mapping) or not function.get("name"):
        return False
    # Anthropic's own form may say "custom", which is something else in OpenAI's.
    return tool.get("type", "function") == "function" or "input_schema" in tool


def _word_or_name(choice: Any) -> tuple[str | None, Any]:
    """Heroku's word for the choice, or else the name of the tool that it may mean."""
    if choice is True:
        return "required", None
    if isinstance(choice, str):
        return _CHOICES.get(choice), choice
    if isinstance(choice, Mapping):
        kind = choice.get("type")
        name = choice.get("name") or (choice.get("function") or {}).get("name")
        if kind in {"function", "tool"} and name:
            return None, name
        if kind in _CHOICES:
            return _CHOICES[kind], None
    raise ConfigError(
        f"tool_choice={choice!r} has an unknown form.",
        'To force a tool pass its name or {"type": "function", "function": {"name": …}}.',
    )
