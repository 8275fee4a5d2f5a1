"""Tools that Heroku runs for an agent, as values (docs: agents, Heroku tools, working with MCP).

```python
from heroku_inference import Client, agent_tools

Client().run_agent(
    [{"role": "user", "content": "Which tables does my database have?"}],
    tools=[agent_tools.postgres_get_schema("my-app", "HEROKU_POSTGRESQL_COBALT")],
)
```
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypedDict, Unpack

from heroku_inference._endpoints.mcp import McpTool
from heroku_inference._errors import ConfigError, UnknownArgumentError, add_place

__all__ = [
    "AgentTool",
    "code_exec_go",
    "code_exec_node",
    "code_exec_python",
    "code_exec_ruby",
    "dyno_run_command",
    "heroku_tool",
    "html_to_markdown",
    "mcp_tool",
    "pdf_to_markdown",
    "postgres_get_schema",
    "postgres_run_query",
    "wire_agent_tools",
]

_LONGEST_TTL: Final = 120  # seconds (docs: agents); tools of one's own MCP servers have no limit
_RUNTIME_PARAMS: Final = ("target_app_name", "dyno_size", "ttl_seconds", "max_calls", "tool_params")


class ToolOptions(TypedDict, total=False):
    """What can be said of a tool beside its name; the attributes of `AgentTool`."""

    description: str | None
    target_app_name: str | None
    dyno_size: str | None
    ttl_seconds: int | None
    max_calls: int | None
    tool_params: Mapping[str, Any] | None


class RunOptions(TypedDict, total=False):
    """What can be said of how a tool runs; see the attributes of `AgentTool`."""

    dyno_size: str | None
    ttl_seconds: int | None
    max_calls: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentTool:
    """A tool that Heroku may run for an agent; what is `None` is not sent (docs: agents).

    Attributes:
        name: Which tool. Heroku's names change, so any is sent as it is. An MCP tool may be named
            with or without its namespace, as `mcp-python/code_exec_python`.
        type: `heroku_tool` for Heroku's own, `mcp` for one of an MCP server of yours.
        description: A hint for the model.
        target_app_name: The app whose one-off dyno runs the tool.
        dyno_size: Size of that dyno; Heroku's default is `standard-1x`.
        ttl_seconds: Longest time that one call may take; Heroku's default is 120, which is also
            the most for its own tools.
        max_calls: How often the agent may call the tool in one run; Heroku's default is 3.
        tool_params: What else this tool needs, such as `db_attachment`.

    Raises:
        ConfigError: A value is one that Heroku's documentation rules out.
    """

    name: str
    type: str = "heroku_tool"
    description: str | None = None
    target_app_name: str | None = None
    dyno_size: str | None = None
    ttl_seconds: int | None = None
    max_calls: int | None = None
    tool_params: Mapping[str, Any] | None = field(default=None, hash=False)

    def __post_init__(self) -> None:
        # What is frozen does not change when the mapping that it was made of does.
        object.__setattr__(self, "tool_params", _copied(self.tool_params))
        _check(self.as_json())

    def as_json(self) -> dict[str, Any]:
        """The tool as an entry of the request's `tools`."""
        wire: dict[str, Any] = {"type": self.type, "name": self.name}
        if self.description is not None:
            wire["description"] = self.description
        values = {name: getattr(self, name) for name in _RUNTIME_PARAMS}
        if params := {name: value for name, value in values.items() if value is not None}:
            wire["runtime_params"] = _copied(params)
        return wire


def wire_agent_tools(
    tools: Iterable[AgentTool | Mapping[str, Any]] | None,
) -> list[dict[str, Any]]:
    """The entries of the request's `tools`; mappings pass as they are, unknown keys included.

    Raises:
        ConfigError: One is not a tool of the agents endpoint, or has a value that Heroku's
            documentation rules out. The error names its position.
    """
    if tools is None:
        return []
    if isinstance(tools, (str, Mapping)) or not isinstance(tools, Iterable):
        raise ConfigError(
            f"tools must be a list, got a value of type {type(tools).__name__}.",
            "Pass a list of tools.",
        )
    return [_wire_tool(position, tool) for position, tool in enumerate(tools)]


def heroku_tool(name: str, **options: Unpack[ToolOptions]) -> AgentTool:
    """One of Heroku's own tools, by name; options and errors are those of `AgentTool`."""
    return AgentTool(name=name, **options)


def mcp_tool(tool: str | McpTool, **options: Unpack[ToolOptions]) -> AgentTool:
    """A tool of an MCP server of yours (docs: working with MCP).

    Args:
        tool: Its name, with or without namespace, or an entry of `McpServer.tools`.
        **options: As in `AgentTool`; here `ttl_seconds` has no upper limit.

    Raises:
        ConfigError: A value is one that Heroku's documentation rules out.
    """
    name = tool if isinstance(tool, str) else tool.namespaced_name or tool.name
    return AgentTool(name=name, type="mcp", **options)


def dyno_run_command(
    app: str,
    cmd: str,
    *,
    description: str | None = None,
    parameters: Mapping[str, Any] | None = None,
    **options: Unpack[RunOptions],
) -> AgentTool:
    """Runs a command on a one-off dyno of your app, which is billed (docs: Heroku tools).

    Args:
        app: The app whose dyno runs it; the add-on must be attached to it.
        cmd: The command, such as `date`.
        description: What the command does, for the model.
        parameters: JSON schema of an object: the arguments that the model gives to the command.
        **options: `dyno_size`, `ttl_seconds`, `max_calls`, as in `AgentTool`.

    Raises:
        ConfigError: A value is one that Heroku's documentation rules out.
    """
    name = "dyno_run_command"
    params: dict[str, Any] = {"cmd": _needed(name, "cmd", cmd)}
    if description is not None:
        params["description"] = description
    if parameters is not None:
        params["parameters"] = parameters
    app = _needed(name, "app", app)
    return heroku_tool(name, target_app_name=app, tool_params=params, **options)


def postgres_get_schema(app: str, db_attachment: str, **options: Unpack[ToolOptions]) -> AgentTool:
    """Shows the tables of a database. Follower databases only (docs: Heroku tools).

    Args:
        app: The app that the database and the add-on are attached to.
        db_attachment: The database's config var without `_URL`: `HEROKU_POSTGRESQL_COBALT`.
        **options: `description`, `dyno_size`, `ttl_seconds`, `max_calls`, as in `AgentTool`.

    Raises:
        ConfigError: A value is one that Heroku's documentation rules out.
    """
    return _postgres("postgres_get_schema", app, db_attachment, options)


def postgres_run_query(app: str, db_attachment: str, **options: Unpack[ToolOptions]) -> AgentTool:
    """Runs SQL that the model writes. Follower databases only (docs: Heroku tools).

    Arguments and errors are those of `postgres_get_schema`.
    """
    return _postgres("postgres_run_query", app, db_attachment, options)


def html_to_markdown(**options: Unpack[ToolOptions]) -> AgentTool:
    """Reads a web page whose address the model gives (docs: Heroku tools).

    Options are those of `AgentTool` but for its name and type.
    """
    return heroku_tool("html_to_markdown", **options)


def pdf_to_markdown(**options: Unpack[ToolOptions]) -> AgentTool:
    """Reads a PDF whose address the model gives (docs: Heroku tools); options as above."""
    return heroku_tool("pdf_to_markdown", **options)


def code_exec_python(**options: Unpack[ToolOptions]) -> AgentTool:
    """Runs Python that the model writes, on a one-off dyno (docs: Heroku tools); options as above.

    The same tool deployed as an MCP server of yours is `mcp_tool("code_exec_python")`.
    """
    return heroku_tool("code_exec_python", **options)


def code_exec_ruby(**options: Unpack[ToolOptions]) -> AgentTool:
    """Runs Ruby that the model writes; otherwise as `code_exec_python`."""
    return heroku_tool("code_exec_ruby", **options)


def code_exec_node(**options: Unpack[ToolOptions]) -> AgentTool:
    """Runs JavaScript that the model writes; otherwise as `code_exec_python`."""
    return heroku_tool("code_exec_node", **options)


def code_exec_go(**options: Unpack[ToolOptions]) -> AgentTool:
    """Runs Go that the model writes; otherwise as `code_exec_python`."""
    return heroku_tool("code_exec_go", **options)


def _postgres(name: str, app: str, db_attachment: str, options: ToolOptions) -> AgentTool:
    params = {"db_attachment": _needed(name, "db_attachment", db_attachment)}
    if clash := {"target_app_name", "tool_params"} & options.keys():
        raise UnknownArgumentError(
            f"{name}() has no argument {min(clash)!r}.", "Pass app and db_attachment instead."
        )
    app = _needed(name, "app", app)
    said: ToolOptions = {**options, "target_app_name": app, "tool_params": params}
    return heroku_tool(name, **said)


def _needed(tool: str, argument: str, value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ConfigError(f"{argument} of {tool} must be a name, got {value!r}.", "Pass one.")
    return value


def _copied(value: Any) -> Any:
    """A copy of a JSON value in Python's own types."""
    if isinstance(value, Mapping):
        return {name: _copied(part) for name, part in value.items()}
    return [_copied(part) for part in value] if isinstance(value, (list, tuple)) else value


# How the types of tools begin that other providers run; Heroku may have new types of its own.
_OF_OTHERS: Final = (
    "bash",
    "code_",
    "computer",
    "custom",
    "file_search",
    "image_generation",
    "memory",
    "text_editor",
    "web_",
)


def _wire_tool(position: int, tool: Any) -> dict[str, Any]:
    if isinstance(tool, AgentTool):
        return tool.as_json()
    try:
        if not isinstance(tool, Mapping):
            raise _no_agent_tool(f"a {type(tool).__name__}")
        _check(tool)
    except ConfigError as error:
        add_place(error, f"tools[{position}]")
        raise
    return {name: _copied(part) for name, part in tool.items()}


def _check(tool: Mapping[str, Any]) -> None:
    """Refuse what the documentation rules out for good; the server decides on the rest."""
    kind, name = tool.get("type"), tool.get("name")
    if kind == "function" or "function" in tool or "input_schema" in tool:
        raise _no_agent_tool("a function")
    if not kind or not name or not isinstance(name, str):
        raise ConfigError("a tool is incomplete.", 'Pass "type" (heroku_tool or mcp) and "name".')
    if isinstance(kind, str) and kind.startswith(_OF_OTHERS):
        raise _no_agent_tool(f"{name!r} of the type {kind!r}")
    params = tool.get("runtime_params")
    if not isinstance(params, Mapping):
        return
    ttl, calls = params.get("ttl_seconds"), params.get("max_calls")
    if kind == "heroku_tool" and isinstance(ttl, (int, float)) and ttl > _LONGEST_TTL:
        raise ConfigError(
            f"ttl_seconds of {name} must be at most {_LONGEST_TTL}, got {ttl}.",
            "Lower it: only MCP tools that you deploy may take longer.",
        )
    if isinstance(calls, (int, float)) and calls < 1:
        raise ConfigError(
            f"max_calls of {name} must be 1 or more, got {calls}.", "Or leave the tool out."
        )


def _no_agent_tool(what: str) -> ConfigError:
    return ConfigError(
        f"{what} cannot be sent: the agents endpoint runs only Heroku's own tools and those of "
        "your MCP servers.",
        "Pass agent_tools.heroku_tool(...) or agent_tools.mcp_tool(...). For functions of your "
        "program use chat with tools=..., or an agent of LangChain or LlamaIndex.",
    )
