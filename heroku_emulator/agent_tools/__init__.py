"""The tools of agents: Heroku's own, and those of MCP servers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from heroku_emulator.agent_tools.tool import Outcome, Tool

if TYPE_CHECKING:
    from heroku_emulator.switches import Switches

__all__ = ["Outcome", "Tool", "tools_of"]

_MAX_CALLS = 3
_CODE_NAMESPACES = {
    "code_exec_python": "mcp-python",
    "code_exec_ruby": "mcp-ruby",
    "code_exec_node": "mcp-node",
    "code_exec_go": "mcp-go",
}


def tools_of(body: dict[str, Any], switches: Switches) -> list[Tool]:
    """Returns the tools that a checked request names, in order."""
    return [_tool(entry, switches) for entry in body.get("tools") or []]


def _tool(entry: dict[str, Any], switches: Switches) -> Tool:
    name = entry["name"]
    runtime = entry.get("runtime_params") or {}
    is_mcp = entry["type"] == "mcp"
    short = name.rsplit("/", 1)[-1]
    namespace = _CODE_NAMESPACES.get(short) if is_mcp else None
    shown = f"{namespace}/{short}" if namespace and "/" not in name else name

    async def run(_arguments: dict[str, Any]) -> Outcome:
        return Outcome(f"{name} does not run here: script a ToolResult", is_error=True)

    return Tool(
        name=short,
        shown=shown if switches.tool_names == "namespaced" else short,
        run=run,
        description=entry.get("description") or "",
        is_mcp=is_mcp,
        max_calls=runtime.get("max_calls") or _MAX_CALLS,
    )
