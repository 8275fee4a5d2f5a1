"""The MCP toolkit: the tools of all servers at `/mcp` and `/mcp/sse` (docs: working with MCP).

It speaks MCP through the official package `mcp`; without that package it answers 404.
"""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from heroku_emulator.agent_tools.tool import failure
from heroku_emulator.errors import ApiError
from heroku_emulator.mcp_servers import find_tool, run_tool

if TYPE_CHECKING:
    from mcp.server.lowlevel import Server
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from heroku_emulator.serving.exchange import Exchange

__all__ = ["mcp_messages", "mcp_sse", "mcp_streamable_http"]

_PACKAGE = "mcp"
_SECONDS = 120


async def mcp_streamable_http(exchange: Exchange) -> Response:
    """GET, POST and DELETE /mcp: every request is its own session."""
    _check_offered(exchange, "streamable_http")
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager  # noqa: PLC0415

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        manager = StreamableHTTPSessionManager(_server(exchange), stateless=True)
        async with manager.run():
            await manager.handle_request(scope, receive, send)

    return _Delegated(app, exchange)


async def mcp_sse(exchange: Exchange) -> Response:
    """GET /mcp/sse: a session that lasts as long as its stream."""
    _check_offered(exchange, "sse")
    server, sse = _server(exchange), exchange.service.toolkit.sse

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        async with sse.connect_sse(scope, receive, send) as (incoming, outgoing):
            await server.run(incoming, outgoing, server.create_initialization_options())

    return _Delegated(app, exchange)


async def mcp_messages(exchange: Exchange) -> Response:
    """POST /mcp/messages: messages from the client of an SSE session."""
    _check_offered(exchange, "sse")
    return _Delegated(exchange.service.toolkit.sse.handle_post_message, exchange)


def _check_offered(exchange: Exchange, transport: str) -> None:
    """Refuses the request if the transport is switched off or the package is missing.

    Raises:
        ApiError: 404.
    """
    is_offered = exchange.switches.mcp_transport in ("both", transport)
    if not is_offered or importlib.util.find_spec(_PACKAGE) is None:
        raise ApiError(404)


def _server(exchange: Exchange) -> Server[Any, Any]:
    """Returns an MCP server with all deployed tools."""
    from mcp import types  # noqa: PLC0415 - optional
    from mcp.server.lowlevel import Server  # noqa: PLC0415 - the same

    deployed = exchange.service.toolbox.mcp_servers
    is_plain = exchange.switches.tool_names == "plain"
    server: Server[Any, Any] = Server("heroku-mcp-toolkit")

    async def list_tools(_: types.ListToolsRequest) -> types.ServerResult:
        tools = [
            types.Tool(
                name=tool.name if is_plain else each.namespaced(tool),
                description=tool.description or None,
                inputSchema=dict(tool.input_schema),
                annotations=None
                if tool.annotations is None
                else types.ToolAnnotations(**tool.annotations),
            )
            for each in deployed
            for tool in each.tools
        ]
        return types.ServerResult(types.ListToolsResult(tools=tools))

    async def call_tool(request: types.CallToolRequest) -> types.ServerResult:
        name, arguments = request.params.name, request.params.arguments or {}
        found = find_tool(deployed, name)
        if found is None:
            outcome = failure(f"there is no tool {name}")
        else:
            outcome = await run_tool(*found, arguments, _SECONDS)
        return types.ServerResult(types.CallToolResult.model_validate(outcome.as_mcp()))

    # Not by the decorators, which warn about every name with a namespace.
    server.request_handlers[types.ListToolsRequest] = list_tools
    server.request_handlers[types.CallToolRequest] = call_tool
    return server


class _Delegated(Response):
    """An answer by another ASGI application, which gets the body again."""

    def __init__(self, app: ASGIApp, exchange: Exchange) -> None:
        super().__init__()
        del self.headers["content-length"]
        self._app = app
        self._exchange = exchange

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Forwards the request; records the status and adds our headers."""
        body = [{"type": "http.request", "body": self._exchange.raw, "more_body": False}]

        async def replay() -> Message:
            return body.pop() if body else await receive()

        async def forward(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._exchange.entry.status = int(message["status"])
                theirs = {name for name, _ in message["headers"]}
                ours = [header for header in self.raw_headers if header[0] not in theirs]
                message = {**message, "headers": [*message["headers"], *ours]}
            await send(message)

        await self._app(scope, replay, forward)
