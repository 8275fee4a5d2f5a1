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
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from heroku_emulator.agent_tools.tool import Outcome
    from heroku_emulator.serving.exchange import Exchange

__all__ = ["mcp_messages", "mcp_sse", "mcp_streamable_http"]

_PACKAGE = "mcp"
_NAME = "heroku-mcp-toolkit"
_SECONDS = 120
_STREAMABLE_HEADERS = {"mcp-session-id", "mcp-protocol-version", "last-event-id"}
"""Headers that clients of streamable HTTP send with a GET, and clients of SSE do not."""


async def mcp_streamable_http(exchange: Exchange) -> Response:
    """GET, POST and DELETE /mcp: every request is its own session.

    A GET opens an SSE session, as clients do that are configured for SSE with this address. Clients
    of streamable HTTP send more headers with a GET; there is nothing to stream to them.
    """
    if exchange.entry.method == "GET":
        if not exchange.entry.headers.keys() & _STREAMABLE_HEADERS:
            return await mcp_sse(exchange)
        _check_offered(exchange, "streamable_http")
        raise ApiError(405, "Method Not Allowed")
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


def _server(exchange: Exchange) -> Any:
    """Returns an MCP server with all deployed tools, of version 1 or 2 of `mcp`."""
    from mcp import types  # noqa: PLC0415 - optional
    from mcp.server import lowlevel  # noqa: PLC0415 - the same

    server_class: Any = lowlevel.Server

    def list_tools() -> types.ListToolsResult:
        return types.ListToolsResult.model_validate({"tools": _tools(exchange)})

    async def call_tool(params: types.CallToolRequestParams) -> types.CallToolResult:
        outcome = await _outcome(exchange, params.name, params.arguments or {})
        return types.CallToolResult.model_validate(outcome.as_mcp())

    if hasattr(server_class, "add_request_handler"):

        async def on_list_tools(_context: Any, _params: Any) -> types.ListToolsResult:
            return list_tools()

        async def on_call_tool(_context: Any, params: Any) -> types.CallToolResult:
            return await call_tool(params)

        return server_class(_NAME, on_list_tools=on_list_tools, on_call_tool=on_call_tool)

    async def handle_list(_request: types.ListToolsRequest) -> types.ServerResult:
        return types.ServerResult(list_tools())

    async def handle_call(request: types.CallToolRequest) -> types.ServerResult:
        return types.ServerResult(await call_tool(request.params))

    server = server_class(_NAME)
    # Not by the decorators, which warn about every name with a namespace.
    server.request_handlers[types.ListToolsRequest] = handle_list
    server.request_handlers[types.CallToolRequest] = handle_call
    return server


def _tools(exchange: Exchange) -> list[dict[str, Any]]:
    """Returns the deployed tools as MCP lists them."""
    is_plain = exchange.switches.tool_names == "plain"
    return [
        {
            "name": tool.name if is_plain else server.namespaced(tool),
            "description": tool.description or None,
            "inputSchema": dict(tool.input_schema),
            "annotations": tool.annotations,
        }
        for server in exchange.service.toolbox.mcp_servers
        for tool in server.tools
    ]


async def _outcome(exchange: Exchange, name: str, arguments: dict[str, Any]) -> Outcome:
    found = find_tool(exchange.service.toolbox.mcp_servers, name)
    if found is None:
        return failure(f"there is no tool {name}")
    return await run_tool(*found, arguments, _SECONDS)


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
