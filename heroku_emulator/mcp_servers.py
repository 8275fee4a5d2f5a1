"""The MCP servers deployed on the emulated Heroku, and their tools (docs: working with MCP)."""

from __future__ import annotations

import asyncio
import importlib
import inspect
import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from anyio.to_thread import run_sync

from heroku_emulator.agent_tools.tool import Outcome, failure, truncate

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["McpServer", "McpTool", "find_tool", "listing", "run_tool"]

_DEPLOYED = "2025-05-07T16:44:34.259Z"
_UPDATED = "2025-05-07T16:44:38.291Z"


@dataclass(frozen=True, slots=True, kw_only=True)
class McpTool:
    """One tool of an MCP server.

    `run` gets the model's arguments by name and can be `async`. Its value is the result: text and
    lists of MCP parts (`{"type": "image", ...}`) unchanged, anything else as JSON. An exception
    becomes a result with `isError`, which the model sees.
    """

    name: str
    run: Callable[..., Any] = field(repr=False)
    description: str = ""
    input_schema: Mapping[str, Any] = field(
        default_factory=lambda: {"type": "object", "properties": {}}
    )
    annotations: Mapping[str, Any] | None = None
    """MCP's hints, for example `{"readOnlyHint": True}`."""


@dataclass(frozen=True, slots=True)
class McpServer:
    """One MCP server: `McpServer("acute-partridge", tools=[McpTool(name="add", run=add)])`."""

    namespace: str
    tools: Sequence[McpTool] = ()
    process_type: str = "mcp"
    process_command: str = "python -m src.stdio_server"
    server_status: Literal["registered", "disconnected"] = "registered"
    """The tools of a disconnected server are listed, and fail."""
    primitives_status: Literal["syncing", "synced", "error"] = "synced"

    def namespaced(self, tool: McpTool) -> str:
        """Returns the tool's name with the namespace."""
        return f"{self.namespace}/{tool.name}"


def find_tool(servers: Iterable[McpServer], name: str) -> tuple[McpServer, McpTool] | None:
    """Returns the first tool of that name, with or without namespace, and its server."""
    named = (
        (server, tool)
        for server in servers
        for tool in server.tools
        if name in (tool.name, server.namespaced(tool))
    )
    return next(named, None)


def listing(servers: Iterable[McpServer]) -> list[dict[str, Any]]:
    """Returns the answer of `GET /v1/mcp/servers`: a bare array, keys in the documented order."""
    return [
        {
            "id": str(uuid.uuid5(uuid.NAMESPACE_DNS, server.namespace)),
            "app_id": str(uuid.uuid5(uuid.NAMESPACE_DNS, f"app of {server.namespace}")),
            "process_type": server.process_type,
            "process_command": server.process_command,
            "created_at": _DEPLOYED,
            "updated_at": _UPDATED,
            "namespace": server.namespace,
            "server_status": server.server_status,
            "primitives_status": server.primitives_status,
            "tools": [_entry(server, tool) for tool in server.tools],
        }
        for server in servers
    ]


async def run_tool(
    server: McpServer, tool: McpTool, arguments: Mapping[str, Any], seconds: float
) -> Outcome:
    """Runs a tool for at most `seconds`; errors become its outcome."""
    if server.server_status == "disconnected":
        return failure(f"the MCP server {server.namespace} is disconnected")
    try:
        invalid = _validation_error(tool, arguments)
        if invalid is not None:
            return failure(f"Input validation error: {invalid}")
        returned = await asyncio.wait_for(_call_tool(tool, arguments), seconds)
    except TimeoutError:
        return failure(f"{tool.name} did not end within {seconds} seconds")
    except Exception as error:  # noqa: BLE001 - a tool can raise anything, and the model sees it
        return failure(f"{type(error).__name__}: {error}")
    if isinstance(returned, list) and returned and all(map(_is_part, returned)):
        texts = [part["text"] for part in returned if part["type"] == "text"]
        return Outcome("\n".join(texts), parts=tuple(returned))
    if isinstance(returned, str):
        return Outcome(truncate(returned))
    return Outcome(truncate(json.dumps(returned, default=str, ensure_ascii=False)))


def _validation_error(tool: McpTool, arguments: Mapping[str, Any]) -> str | None:
    """Checks the arguments as official servers do, if their library is installed."""
    try:
        jsonschema: Any = importlib.import_module("jsonschema")
    except ModuleNotFoundError:
        return None
    error = next(jsonschema.Draft202012Validator(tool.input_schema).iter_errors(arguments), None)
    return None if error is None else str(error.message)


async def _call_tool(tool: McpTool, arguments: Mapping[str, Any]) -> Any:
    if inspect.iscoroutinefunction(tool.run):
        return await tool.run(**arguments)
    work = partial(tool.run, **arguments)
    returned = await run_sync(work, abandon_on_cancel=True)
    return await returned if inspect.isawaitable(returned) else returned


def _is_part(value: Any) -> bool:
    kinds = ("text", "image", "audio", "resource", "resource_link")
    return isinstance(value, dict) and value.get("type") in kinds


def _entry(server: McpServer, tool: McpTool) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": tool.name, "namespaced_name": server.namespaced(tool)}
    if tool.description:
        entry["description"] = tool.description
    entry["input_schema"] = dict(tool.input_schema)
    if tool.annotations is not None:
        entry["annotations"] = dict(tool.annotations)
    return entry
