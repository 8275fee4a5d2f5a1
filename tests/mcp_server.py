"""An MCP toolkit as Heroku has one, served over loopback by the official library.

`McpServer` speaks streamable HTTP at `/mcp` and SSE at `/mcp/sse`, and asks for the Bearer key.
"""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import uvicorn
from mcp.server.fastmcp import FastMCP, Image
from mcp.types import ToolAnnotations
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Self

    from starlette.types import ASGIApp, Receive, Scope, Send

from tests.wire_cases import PIXEL

__all__ = ["PIXEL", "McpServer", "Request"]

_PATIENCE = 10.0  # seconds that the thread may take to start or stop


class Request(NamedTuple):
    """A request that reached the server, refused or not."""

    method: str
    path: str
    headers: Mapping[str, str]


class McpServer:
    """Serves within a `with` block.

    ```python
    with McpServer(key="inf-made-up") as server:
        tools = await load_mcp_tools(base_url=server.url, api_key=server.key)
    ```

    Its tools: `add(a, b)` gives a number, `acute-partridge/shout(text)` has a name with a namespace
    as Heroku gives them, `fail()` fails, `picture()` gives an image, and `slow(seconds)` sleeps.

    Args:
        key: What the header `authorization` must hold after `Bearer`.
        transports: Which are served; a path of another answers 404.
        tools: More tools: functions that return what FastMCP makes a result of.
    """

    def __init__(
        self,
        *,
        key: str = "inf-made-up",
        transports: tuple[Literal["http", "sse"], ...] = ("http", "sse"),
        tools: tuple[Callable[..., Any], ...] = (),
    ) -> None:
        self.key = key
        self.requests: list[Request] = []
        self.calls: list[tuple[str, dict[str, Any]]] = []
        """The tools that were called, and with what."""
        self.refusal: Response | None = None
        """What every request gets as long as it is set."""
        self._transports = transports
        self._tools = tools
        self._stopped = False

    @property
    def url(self) -> str:
        """The URL that a config var would hold: `/mcp` and `/mcp/sse` are below it."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def paths(self) -> list[str]:
        """The requested paths, each once, in the order of their first request."""
        return list(dict.fromkeys(request.path for request in self.requests))

    def refuse(self, status: int, message: str = "refused", error_type: str = "refused") -> None:
        """Answers every request from now on with an error in Heroku's envelope."""
        self.refusal = _error(status, message, error_type)

    def __enter__(self) -> Self:
        listener = socket.create_server(("127.0.0.1", 0))
        self._port = listener.getsockname()[1]
        config = uvicorn.Config(
            self._app(),
            loop="asyncio",
            http="h11",
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, args=([listener],), name="mcp-server", daemon=True
        )
        self._thread.start()
        for _ in range(int(_PATIENCE * 100)):
            if self._server.started:
                return self
            threading.Event().wait(0.01)
        raise RuntimeError("The MCP server did not start")

    def __exit__(self, *_: object) -> None:
        if self._stopped:
            return
        self._stopped = True
        # An open event stream would keep the server from ending.
        self._server.should_exit = self._server.force_exit = True
        self._thread.join(_PATIENCE)

    def stop(self) -> None:
        """Ends the server early; nobody listens at `url` any more."""
        self.__exit__()

    def _app(self) -> ASGIApp:
        toolkit = _toolkit(self.calls)
        for tool in self._tools:
            toolkit.add_tool(tool)
        routes = []
        http, sse = toolkit.streamable_http_app(), toolkit.sse_app()
        if "http" in self._transports:
            routes += http.routes
        if "sse" in self._transports:
            routes += sse.routes
        app = Starlette(routes=routes, lifespan=lambda _: toolkit.session_manager.run())
        return _Guarded(app, self)


class _Guarded:
    """Notes every request, and lets those pass that have the key."""

    def __init__(self, app: ASGIApp, server: McpServer) -> None:
        self._app, self._server = app, server

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer: ASGIApp = self._app
        if scope["type"] == "http":
            headers = {name.decode(): value.decode() for name, value in scope["headers"]}
            self._server.requests.append(Request(scope["method"], scope["path"], headers))
            if self._server.refusal is not None:
                answer = self._server.refusal
            elif headers.get("authorization") != f"Bearer {self._server.key}":
                answer = _error(401, "Invalid API key", "unauthorized")
        await answer(scope, receive, send)


def _error(status: int, message: str, error_type: str) -> Response:
    return JSONResponse({"error": {"message": message, "type": error_type}}, status)


def _toolkit(calls: list[tuple[str, dict[str, Any]]]) -> FastMCP:
    toolkit = FastMCP(
        "toolkit",
        streamable_http_path="/mcp",
        sse_path="/mcp/sse",
        message_path="/mcp/messages/",
        log_level="CRITICAL",
    )

    @toolkit.tool(annotations=ToolAnnotations(readOnlyHint=True))
    def add(a: int, b: int) -> str:
        """Adds two numbers."""
        calls.append(("add", {"a": a, "b": b}))
        return str(a + b)

    @toolkit.tool(name="acute-partridge/shout")
    def shout(text: str) -> str:
        """Says it louder."""
        calls.append(("acute-partridge/shout", {"text": text}))
        return json.dumps({"said": text.upper()})

    @toolkit.tool()
    def fail() -> str:
        """Fails."""
        calls.append(("fail", {}))
        raise ValueError("no such table")

    @toolkit.tool()
    def picture() -> Image:
        """Draws a picture."""
        calls.append(("picture", {}))
        return Image(data=PIXEL, format="png")

    @toolkit.tool()
    async def slow(seconds: float) -> str:
        """Takes its time."""
        calls.append(("slow", {"seconds": seconds}))
        await asyncio.sleep(seconds)
        return "done"

    return toolkit
