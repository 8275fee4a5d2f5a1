"""The tools that Heroku runs, with their descriptions for models that call them from here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from heroku_inference import McpTool, agent_tools
from heroku_inference._adapters.tools import wire_name
from heroku_inference._errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from heroku_inference.agent_tools import AgentTool

__all__ = ["ServerTool", "command_tool", "database_tools", "mcp_tools", "unattached_tools"]

_LANGUAGES: Final = {"python": "Python", "ruby": "Ruby", "node": "JavaScript (Node)", "go": "Go"}


@dataclass(frozen=True)
class ServerTool:
    """A tool that Heroku runs, with its description for the model that calls it."""

    tool: AgentTool
    name: str
    description: str
    parameters: Mapping[str, Any]
    as_given: bool = True
    """Whether the tool on the server must get these arguments unchanged."""


def _object(required: Sequence[str] = (), **properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required)}


def unattached_tools(run: Mapping[str, Any]) -> list[ServerTool]:
    """The tools that do not need an app; `run` holds the options of `AgentTool` for all."""
    return [*_readers(run), *_runners(run)]


def _readers(run: Mapping[str, Any]) -> list[ServerTool]:
    web = {"type": "string", "description": "Address of the page, with https://"}
    pdf = {"type": "string", "description": "Address of the PDF, with https://"}
    return [
        ServerTool(
            agent_tools.html_to_markdown(**run),
            "html_to_markdown",
            "Reads a web page, and returns it as Markdown.",
            _object(["url"], url=web),
        ),
        ServerTool(
            agent_tools.pdf_to_markdown(**run),
            "pdf_to_markdown",
            "Reads a PDF on the web, and returns it as Markdown.",
            _object(["url"], url=pdf),
        ),
    ]


def _runners(run: Mapping[str, Any]) -> list[ServerTool]:
    code = {"type": "string", "description": "The whole program"}
    packages = {
        "type": "array",
        "items": {"type": "string"},
        "description": "Packages to install before it runs",
    }
    return [
        ServerTool(
            agent_tools.heroku_tool(f"code_exec_{word}", **run),
            f"code_exec_{word}",
            f"Runs a program in {language} on its own machine, and returns what it prints.",
            _object(["code"], code=code, packages=packages),
        )
        for word, language in _LANGUAGES.items()
    ]


def command_tool(
    app: str,
    cmd: str,
    description: str | None,
    parameters: Mapping[str, Any] | None,
    run: Mapping[str, Any],
) -> ServerTool:
    """The tool that runs a command on an app's dyno."""
    tool = agent_tools.dyno_run_command(
        app, cmd, description=description, parameters=parameters, **run
    )
    description = description or f"Runs `{cmd}` on the app {app}, and returns what it prints."
    return ServerTool(tool, tool.name, description, parameters or {})


def database_tools(app: str, db_attachment: str, run: Mapping[str, Any]) -> list[ServerTool]:
    """The tools that read an app's follower database."""
    query = {"type": "string", "description": "One read-only PostgreSQL query"}
    return [
        ServerTool(
            agent_tools.postgres_get_schema(app, db_attachment, **run),
            "postgres_get_schema",
            f"Returns tables and columns of the PostgreSQL database {db_attachment} of {app}.",
            _object(),
        ),
        ServerTool(
            agent_tools.postgres_run_query(app, db_attachment, **run),
            "postgres_run_query",
            f"Runs a query on the PostgreSQL database {db_attachment} of {app}. Look at its schema "
            "first.",
            _object(["query"], query=query),
        ),
    ]


def mcp_tools(
    tools: Sequence[McpTool | str], taken: Sequence[str], run: Mapping[str, Any]
) -> list[ServerTool]:
    """Tools of MCP servers, under names that are not in `taken`.

    Raises:
        ConfigError: Two tools have the same name, namespace included.
    """
    served: dict[str, ServerTool] = {}
    for tool in tools:
        full = tool if isinstance(tool, str) else tool.namespaced_name
        name = full.rpartition("/")[2]
        if name in served or name in taken:
            name = wire_name(full)
        if name in served or name in taken:
            raise ConfigError(f"Two tools have the name {name!r}.", "Leave out one of them.")
        served[name] = _mcp_tool(tool, full, name, run)
    return list(served.values())


def _mcp_tool(tool: McpTool | str, full: str, name: str, run: Mapping[str, Any]) -> ServerTool:
    served, default = agent_tools.mcp_tool(tool, **run), f"The MCP tool {full}."
    if isinstance(tool, McpTool):
        return ServerTool(served, name, tool.description or default, tool.input_schema)
    request = {
        "type": "string",
        "description": "What the tool should do, with all the values it needs",
    }
    parameters = _object(["request"], request=request)
    return ServerTool(served, name, default, parameters, as_given=False)
