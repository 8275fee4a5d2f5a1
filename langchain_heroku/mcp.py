"""`load_mcp_tools`: the tools of your MCP servers on Heroku, as LangChain's.

Your program calls them, with any agent. To have Heroku's own agent call them, pass their names in
the `tools` of `ChatHerokuAgent`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from contextlib import suppress
from datetime import timedelta
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Never

from langchain_core import tools as tool_types
from pydantic import SecretStr

from heroku_inference import Settings
from heroku_inference._adapters.argument_errors import refuse_unknown
from heroku_inference._adapters.arguments import check_timeout, hide_secret
from heroku_inference._adapters.extras import import_of_extra
from heroku_inference._adapters.history import described
from heroku_inference._adapters.mcp_addresses import McpAddress, mcp_addresses, mcp_headers
from heroku_inference._adapters.mcp_bounds import bounding_auth
from heroku_inference._adapters.mcp_errors import forget_frames, toolkit_error, wrong_address
from heroku_inference._adapters.tools import distinct_names
from langchain_heroku.errors import ConfigError, HerokuError, langchain_error, langchain_errors

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence
    from types import TracebackType

    from mcp import types


__all__ = ["error_interceptor", "load_mcp_tools", "mcp_errors"]

# Loaded with this module, because they read files as they load, which may block an event loop. If
# they are missing, `load_mcp_tools` says so when it is called.
with suppress(ImportError):
    import_module("langchain_mcp_adapters.tools")

_HTTP_TIMEOUT: Final = 30.0  # seconds to connect and to send a request
_READ_TIMEOUT: Final = 300.0  # seconds for the result of a tool
_GRACE: Final = 5.0


async def load_mcp_tools(
    *,
    servers: Collection[str] | None = None,
    allowed_tools: Collection[str] | None = None,
    api_key: str | SecretStr | None = None,
    base_url: str | None = None,
    alias: str | None = None,
    inference_url: str | None = None,
    timeout: float | None = None,
    default_headers: Mapping[str, str] | None = None,
    allow_plaintext: bool = False,
    **unknown: Never,
) -> list[tool_types.BaseTool]:
    """Load the tools of all MCP servers attached to the add-on (docs: working with MCP).

    ```python
    tools = await load_mcp_tools()
    agent = create_agent(ChatHeroku(), tools)
    await agent.ainvoke({"messages": [("human", "Which orders are late?")]})
    ```

    Needs the extra `langchain-mcp`. The toolkit is called over streamable HTTP, or over SSE if it
    does not serve that. Each call of a tool opens its own connection. The tools are asynchronous:
    use `ainvoke` and `astream`. A failure that a tool reports is passed on to the model.

    Models accept only letters, digits, `_` and `-` in a tool's name, so other characters of the
    server's name are replaced by `_` (`acute-partridge_add`). The server's own name is in
    `metadata["mcp_name"]`.

    What a result holds besides text, images and PDFs, such as audio or a link to a resource,
    becomes text that says what it is: its kind, name, address and type.

    Args:
        servers: Load only tools of servers with these namespaces.
        allowed_tools: Load only these tools, named with or without their namespace.
        api_key: The add-on's key. Defaults to the config var `<ALIAS>_KEY`.
        base_url: Where the API is; defaults to `<ALIAS>_URL`.
        alias: The attachment whose config vars to read; defaults to `INFERENCE`.
        inference_url: Another name of `base_url`.
        timeout: Seconds to wait for the server, and for the result of a tool. By default 30 to
            connect and 300 for a result.
        default_headers: Headers for every request, merged over ours.
        allow_plaintext: Whether to accept `http://` for public hosts, as `Settings` says.
        **unknown: Any other name; raises UnknownArgumentError.

    Raises:
        ImportError: The extra `langchain-mcp` is not installed, or its packages do not fit
            together.
        ConfigError: No key was found, or there is no such server or tool.
        AuthenticationError: The key is not accepted; other refusals have their classes too.
        APIConnectionError: The toolkit cannot be reached.
        APITimeoutError: The list of tools did not come within `timeout`.
        InvalidResponseError: What answers is not an MCP toolkit.
    """
    api_key = hide_secret(api_key)
    adapters = _adapters()
    with langchain_errors():
        refuse_unknown(unknown, load_mcp_tools.__kwdefaults__ or (), "load_mcp_tools")
        check_timeout(timeout)
        settings = Settings(
            api_key=api_key,
            base_url=base_url,
            alias=alias,
            inference_url=inference_url,
            allow_plaintext=allow_plaintext,
        )
        connections = [
            _connection(address, mcp_headers(settings, default_headers), timeout)
            for address in mcp_addresses(settings)
        ]
        connection, found = await _reach(
            connections, settings, default_headers, timeout or _READ_TIMEOUT
        )
        chosen = await _choose(found, servers, allowed_tools, settings)
    tools = [
        adapters.convert_mcp_tool_to_langchain_tool(
            None,
            tool,
            connection=connection,
            tool_interceptors=[error_interceptor(settings, default_headers), _describe_content],
            server_name="heroku",
        )
        for tool in chosen
    ]
    return _rename(tools)


def _adapters() -> Any:
    return import_of_extra("langchain_mcp_adapters.tools", "langchain-mcp", "load_mcp_tools")


async def _reach(
    connections: Sequence[dict[str, Any]],
    settings: Settings,
    default_headers: Mapping[str, str] | None,
    seconds: float,
) -> tuple[dict[str, Any], list[types.Tool]]:
    """The first connection that serves the toolkit, and the toolkit's tools."""
    first: Exception | None = None
    # The library's own timeouts are for one answer, and each byte of a trickle renews them.
    with mcp_errors(settings, default_headers):
        async with asyncio.timeout(seconds):
            for connection in connections:
                try:
                    return connection, await _list_tools(connection, settings, default_headers)
                except Exception as error:
                    if not wrong_address(error):
                        raise
                    first = first or error
    raise first or ConfigError("unreachable")


def _connection(
    address: McpAddress, headers: dict[str, str], timeout: float | None
) -> dict[str, Any]:
    patience = timeout or _READ_TIMEOUT
    return {
        "transport": address.transport,
        "url": address.url,
        "headers": headers,
        "timeout": timeout or _HTTP_TIMEOUT,
        # Longer than the session's timeout: the session's error names the missing answer.
        "sse_read_timeout": patience + _GRACE,
        "httpx_client_factory": _bounded_client,
        "session_kwargs": {"read_timeout_seconds": timedelta(seconds=patience)},
    }


def _bounded_client(*arguments: Any, **options: Any) -> Any:
    client = import_module("mcp.shared._httpx_utils").create_mcp_http_client(*arguments, **options)
    client.auth = bounding_auth(client)
    return client


async def _list_tools(
    connection: dict[str, Any], settings: Settings, default_headers: Mapping[str, str] | None
) -> list[types.Tool]:
    sessions = import_module("langchain_mcp_adapters.sessions")
    tools: list[types.Tool] = []
    with mcp_errors(settings, default_headers):
        async with sessions.create_session(connection) as session:
            await session.initialize()
            cursor = None
            while True:
                page = await session.list_tools(cursor=cursor)
                tools += page.tools
                cursor = page.nextCursor
                if not cursor:
                    break
    return tools


async def _choose(
    found: list[types.Tool],
    servers: Collection[str] | None,
    allowed: Collection[str] | None,
    settings: Settings,
) -> list[types.Tool]:
    namespaces = await _namespaces(found, settings) if servers is not None else {}
    _refuse_unknown("servers", servers, {ns for of in namespaces.values() for ns in of})
    known = {tool.name for tool in found} | {_plain(tool.name) for tool in found}
    _refuse_unknown("allowed_tools", allowed, known)
    return [
        tool
        for tool in found
        if (servers is None or not namespaces[tool.name].isdisjoint(servers))
        and (allowed is None or tool.name in allowed or _plain(tool.name) in allowed)
    ]


async def _namespaces(found: list[types.Tool], settings: Settings) -> dict[str, set[str]]:
    """The namespaces of each tool, from its name, or from the list of servers if it has none."""
    whose = {tool.name: {tool.name.partition("/")[0]} for tool in found if "/" in tool.name}
    if len(whose) == len(found):
        return whose
    from heroku_inference import AsyncClient  # noqa: PLC0415 - needed rarely

    servers = await AsyncClient(settings=settings).mcp_servers()
    for tool in found:
        whose.setdefault(tool.name, set()).update(
            server.namespace
            for server in servers
            if any(tool.name == theirs.name for theirs in server.tools)
        )
    return whose


def _plain(name: str) -> str:
    return name.rpartition("/")[2]


def _refuse_unknown(argument: str, asked_for: Collection[str] | None, known: Iterable[str]) -> None:
    if isinstance(asked_for, str):
        raise ConfigError(
            f"{argument} must be a list, got a str.", f"Pass a list: [{asked_for!r}]."
        )
    if missing := sorted(set(asked_for or ()) - set(known)):
        there = ", ".join(sorted(known)) or "none"
        raise ConfigError(
            f"{argument}: the toolkit does not have {', '.join(missing)}.",
            f"Choose among these: {there}.",
        )


def _rename(tools: list[tool_types.BaseTool]) -> list[tool_types.BaseTool]:
    """Give the tools distinct names that models accept."""
    for tool, name in zip(tools, distinct_names(tool.name for tool in tools), strict=True):
        tool.metadata = {**(tool.metadata or {}), "mcp_name": tool.name}
        tool.name = name
    return tools


async def _describe_content(request: Any, handler: Callable[[Any], Awaitable[Any]]) -> Any:
    """An interceptor of tool calls for content that Heroku's models do not take.

    The MCP library raises NotImplementedError for audio, and loses the names of links.
    """
    result = await handler(request)
    if (content := getattr(result, "content", None)) and not all(map(_is_shown, content)):
        text = import_module("mcp.types").TextContent
        result.content = [
            part
            if _is_shown(part)
            else text(type="text", text=described(part.model_dump(mode="json", exclude_none=True)))
            for part in content
        ]
    return result


def _is_shown(part: Any) -> bool:
    """Whether the MCP library makes a text, an image or a PDF of a part."""
    kind = getattr(part, "type", None)
    if kind == "resource":
        held = part.resource
        return hasattr(held, "text") or (held.mimeType or "").startswith(_SHOWN)
    if kind == "resource_link":
        is_image = (part.mimeType or "").startswith("image/")
        return is_image and str(part.uri).startswith("https://")
    return kind not in {"audio", "resource_link"}


_SHOWN: Final = ("image/", "application/pdf")


class mcp_errors:  # noqa: N801 - used as `with mcp_errors(settings):`
    """Turns errors of the MCP library in the block into ours."""

    __slots__ = ("_default_headers", "_settings")

    def __init__(
        self, settings: Settings, default_headers: Mapping[str, str] | None = None
    ) -> None:
        self._settings = settings
        self._default_headers = default_headers

    def __enter__(self) -> None:
        """Does nothing: only failures are handled."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Replace a failure; leave cancellation and our own errors alone."""
        if isinstance(error, Exception) and not isinstance(error, HerokuError):
            ours = toolkit_error(error, self._settings, headers=self._default_headers)
            if ours is not None:
                forget_frames(error)
                raise langchain_error(ours) from None


def error_interceptor(
    settings: Settings, default_headers: Mapping[str, str] | None = None
) -> Callable[[Any, Callable[[Any], Awaitable[Any]]], Awaitable[Any]]:
    """An interceptor of tool calls that turns their errors into ours."""

    async def call(request: Any, handler: Callable[[Any], Awaitable[Any]]) -> Any:
        with mcp_errors(settings, default_headers):
            return await handler(request)

    return call
