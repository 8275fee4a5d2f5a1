"""Tools that Heroku runs, as fields of a request. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from heroku_inference import McpTool
from heroku_inference.agent_tools import AgentTool, heroku_tool, mcp_tool, wire_agent_tools
from langchain_heroku.errors import ConfigError, langchain_errors

__all__ = ["agent_tools"]


def agent_tools(tools: Any) -> list[dict[str, Any]]:
    """The tools of an agent in the shape of Heroku's API.

    Args:
        tools: A list of `AgentTool`s, mappings in the shape of Heroku's API, tools of MCP servers
            as `Client.mcp_servers()` lists them, or names. A name with a namespace
            (`namespace/tool`) is an MCP tool, any other one of Heroku's own.

    Raises:
        ConfigError: A tool is something else, such as a function, which the agent cannot call.
    """
    if isinstance(tools, str | Mapping) or not isinstance(tools, Sequence):
        raise ConfigError(
            f"tools must be a list, got a value of type {type(tools).__name__}.",
            'Pass a list of tools, such as [heroku_tool("code_exec_python")].',
        )
    with langchain_errors():
        return wire_agent_tools([_of_heroku(tool) for tool in tools])


def _of_heroku(tool: Any) -> AgentTool | Mapping[str, Any]:
    if isinstance(tool, str):
        return mcp_tool(tool) if "/" in tool else heroku_tool(tool)
    if isinstance(tool, McpTool):
        return mcp_tool(tool)
    if isinstance(tool, AgentTool) or (isinstance(tool, Mapping) and not _is_function(tool)):
        return tool
    raise ConfigError(
        f"{_describe_tool(tool)} cannot be a tool of this agent: Heroku runs its tools, and does "
        "not have your functions (docs: agents).",
        "Pass Heroku's own (heroku_inference.agent_tools) or MCP tools that you deploy there "
        "(mcp_tool). For functions use ChatHeroku with create_agent(...), which can have this "
        "agent as a tool: agent.as_tool(...).",
    )


def _is_function(tool: Mapping[str, Any]) -> bool:
    """Whether a mapping defines a function in OpenAI's or Anthropic's form."""
    of_functions = {"function", "input_schema", "parameters"}
    return tool.get("type") == "function" or bool(tool.keys() & of_functions)


def _describe_tool(tool: Any) -> str:
    if isinstance(tool, Mapping):
        function = tool.get("function")
        name = function.get("name") if isinstance(function, Mapping) else tool.get("name")
        return f"The definition of {name!r}" if name else f"A mapping with {sorted(map(str, tool))}"
    name = getattr(tool, "name", None) or getattr(tool, "__name__", None)
    return f"{name!r} ({type(tool).__name__})" if name else f"A {type(tool).__name__}"
