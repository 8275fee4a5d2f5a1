"""Tool definitions and tool choice of any framework as Heroku accepts them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from heroku_inference._chat.schemas import is_of_objects, object_schema
from heroku_inference._errors import ConfigError

__all__ = [
    "arguments_schema",
    "check_tool",
    "forced_tool",
    "is_forced",
    "parallel_calls",
    "wire_tool_choice",
    "wire_tools",
]

_NO_PARAMETERS: Mapping[str, Any] = {"type": "object", "properties": {}}
_CHOICES = {"any": "required", "auto": "auto", "none": "none", "required": "required"}


# What a schema may say at its root: some frameworks take a bare schema for a tool.
_SCHEMA_TYPES: Final = frozenset(
    {"array", "boolean", "integer", "null", "number", "object", "string"}
)
_OWN_FUNCTION: Final = "Pass a function with a JSON schema, and run it in your program."
_RUN_BY_AGENTS: Final = (
    "Heroku's agents have such a tool ({}: see heroku_inference.agent_tools), with "
    "Client.run_agent, ChatHerokuAgent and HerokuAgent; or pass a function of your own."
)
# What to use instead of a tool that its provider runs, by the beginning of its type.
_INSTEAD: Final = {
    "bash": _RUN_BY_AGENTS.format("code_exec_python and dyno_run_command"),
    "code_": _RUN_BY_AGENTS.format("code_exec_python and others"),
    "custom": "Pass a function with a JSON schema: one argument of type string takes free text.",
    "heroku_tool": "Tools that Heroku runs are for agents: Client.run_agent, ChatHerokuAgent and "
    "HerokuAgent.",
    "image_generation": "Use HerokuImageTool, HerokuImageToolSpec or Client.generate_image.",
    "mcp": "load_mcp_tools gives the tools of your MCP servers on Heroku as functions, and agents "
    "(Client.run_agent, ChatHerokuAgent, HerokuAgent) take mcp_tool(...).",
    "web_": _RUN_BY_AGENTS.format("html_to_markdown"),
}


def check_tool(tool: Any) -> None:
    """Refuse the definition of a tool that its provider runs, such as `web_search_20250305`.

    Raises:
        ConfigError: It is one. Heroku would take it for a function without arguments.
    """
    kind = tool.get("type") if isinstance(tool, Mapping) else None
    if kind is None or kind == "function" or not isinstance(kind, str) or kind in _SCHEMA_TYPES:
        return
    if kind == "custom" and "input_schema" in tool:  # Anthropic's word for a function
        return
    instead = (remedy for start, remedy in _INSTEAD.items() if kind.startswith(start))
    raise ConfigError(
        f"The tool {tool.get('name') or kind!r} is of the type {kind!r}, which Heroku's models do "
        "not have.",
        next(instead, _OWN_FUNCTION),
    )


def arguments_schema(
    name: str, parameters: Mapping[str, Any], description: str | None
) -> dict[str, Any]:
    """The schema of a tool's arguments as the API takes it.

    Raises:
        ConfigError: It does not describe an object.
    """
    schema = object_schema(parameters, description)
    if is_of_objects(schema):
        return schema
    raise ConfigError(
        f"The schema of {name!r} does not describe an object at its root, as that of a tool must.",
        "Make the value a field of an object.",
    )


def wire_tools(tools: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The definitions with exactly the documented fields, from OpenAI's or Anthropic's form.

    Raises:
        ConfigError: A tool is not a function. Heroku's own tools and MCP tools belong to the agents
            endpoint (docs: chat completions, tools), and those of other providers are nowhere.
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
    return kind not in (None, "auto", "none")


def _wire_tool(tool: Mapping[str, Any]) -> dict[str, Any]:
    check_tool(tool)
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
            "parameters": arguments_schema(name, parameters, description),
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
    if isinstance(choice, Mapping) and isinstance(kind := choice.get("type"), str):
        function = choice.get("function")
        named = function if isinstance(function, Mapping) else choice
        name = choice.get("name") or named.get("name")
        if kind in {"function", "tool"} and name:
            return None, name
        if kind in _CHOICES:
            return _CHOICES[kind], None
    raise ConfigError(
        f"tool_choice={choice!r} has an unknown form.",
        'To force a tool pass its name or {"type": "function", "function": {"name": …}}.',
    )
