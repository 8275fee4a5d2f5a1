"""The toolbox of agents: Heroku's own tools and those of MCP servers (docs: Heroku tools, MCP)."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from heroku_emulator.agent_tools.code_exec_python import CODE_EXEC_PYTHON
from heroku_emulator.agent_tools.html_to_markdown import HTML_TO_MARKDOWN
from heroku_emulator.agent_tools.pdf_to_markdown import PDF_TO_MARKDOWN
from heroku_emulator.agent_tools.postgres_get_schema import POSTGRES_GET_SCHEMA
from heroku_emulator.agent_tools.postgres_run_query import POSTGRES_RUN_QUERY
from heroku_emulator.agent_tools.scripted_only import DYNO_RUN_COMMAND, code_exec, unavailable
from heroku_emulator.agent_tools.tool import NO_ARGUMENTS, Job, Kind, Outcome, Tool, failure
from heroku_emulator.mcp_servers import find_tool, run_tool

if TYPE_CHECKING:
    from heroku_emulator.mcp_servers import McpServer

__all__ = ["Toolbox"]

_SECONDS = 120
_GRACE = 0.5  # seconds: a tool that watches the time itself explains more
_MAX_CALLS = 3

_KINDS = {
    "code_exec_go": code_exec("go"),
    "code_exec_node": code_exec("node"),
    "code_exec_python": CODE_EXEC_PYTHON,
    "code_exec_ruby": code_exec("ruby"),
    "dyno_run_command": DYNO_RUN_COMMAND,
    "html_to_markdown": HTML_TO_MARKDOWN,
    "pdf_to_markdown": PDF_TO_MARKDOWN,
    "postgres_get_schema": POSTGRES_GET_SCHEMA,
    "postgres_run_query": POSTGRES_RUN_QUERY,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Toolbox:
    """The tools that agents of one emulator can use."""

    run_code: bool = False
    database_url: str | None = field(default=None, repr=False)
    mcp_servers: tuple[McpServer, ...] = ()

    def tools_of(self, body: dict[str, Any]) -> list[Tool]:
        """Returns the tools that a checked request names, in order.

        Tools of the same name in several namespaces keep their namespaces in what the model sees.
        """
        tools = [self._tool(entry) for entry in body.get("tools") or []]
        times = Counter(tool.name for tool in tools)
        return [replace(tool, name=tool.shown) if times[tool.name] > 1 else tool for tool in tools]

    def _tool(self, entry: dict[str, Any]) -> Tool:
        name, runtime = entry["name"], entry.get("runtime_params") or {}
        job = Job(
            seconds=runtime.get("ttl_seconds") or _SECONDS,
            params=runtime.get("tool_params") or {},
            run_code=self.run_code,
            database_url=self.database_url,
        )
        is_mcp = entry["type"] == "mcp"
        parts = self._mcp_tool(name, job) if is_mcp else _heroku_tool(name, job)
        if entry.get("description"):
            parts["description"] = entry["description"]
        return Tool(
            **({"shown": name} | parts),
            is_mcp=is_mcp,
            max_calls=runtime.get("max_calls") or _MAX_CALLS,
        )

    def _mcp_tool(self, name: str, job: Job) -> dict[str, Any]:
        """Returns a deployed server's tool, or else one of Heroku's own MCP servers."""
        found = find_tool(self.mcp_servers, name)
        short = name.rsplit("/", 1)[-1]
        if found is None:
            language = short.removeprefix("code_exec_")
            is_offered = short in _KINDS and name in (short, f"mcp-{language}/{short}")
            if is_offered and language != short:
                return _heroku_tool(short, job) | {"shown": f"mcp-{language}/{short}"}
            return _unknown(name)
        server, tool = found

        async def run(arguments: dict[str, Any]) -> Outcome:
            return await run_tool(server, tool, arguments, job.seconds)

        return {
            "name": tool.name,
            "shown": server.namespaced(tool),
            "run": run,
            "description": tool.description,
            "parameters": tool.input_schema,
        }


def _heroku_tool(name: str, job: Job) -> dict[str, Any]:
    kind = _KINDS.get(name)
    if kind is None:
        return _unknown(name)
    described = job.params if name == "dyno_run_command" else {}
    return {
        "name": name,
        "run": partial(_run, kind, job),
        "description": described.get("description") or kind.description,
        "parameters": described.get("parameters") or kind.parameters,
    }


async def _run(kind: Kind, job: Job, arguments: dict[str, Any]) -> Outcome:
    """Runs a tool within its time limit; errors become its outcome, for the model to see."""
    try:
        return await asyncio.wait_for(kind.run(arguments, job), job.seconds + _GRACE)
    except TimeoutError:
        return failure(f"it did not end within {job.seconds} seconds (ttl_seconds)")
    except Exception as error:  # noqa: BLE001 - a tool can raise anything
        return failure(f"{type(error).__name__}: {error}")


def _unknown(name: str) -> dict[str, Any]:
    """Returns an unknown tool, which needs a script: Heroku can add tools at any time."""

    async def run(_arguments: dict[str, Any]) -> Outcome:
        return unavailable(name)

    short = name.rsplit("/", 1)[-1]
    return {"name": short, "shown": name, "run": run, "parameters": NO_ARGUMENTS}
