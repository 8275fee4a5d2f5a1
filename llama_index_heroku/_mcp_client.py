"""Calls Heroku's MCP toolkit with LlamaIndex's MCP client: transports and errors."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any

from heroku_inference._adapters.extras import import_of_extra
from heroku_inference._adapters.mcp_addresses import mcp_addresses, mcp_headers
from heroku_inference._adapters.mcp_bounds import bounding_auth
from heroku_inference._adapters.mcp_errors import forget_frames, toolkit_error, wrong_address
from heroku_inference._errors import ConfigError, HerokuError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llama_index.core.tools import FunctionTool

    from heroku_inference import Settings
    from heroku_inference._adapters.mcp_addresses import McpAddress

__all__ = ["Toolkit"]

# Loaded with this module, because it reads files as it loads, which may block an event loop. If it
# is missing, `load_mcp_tools` says so when it is called.
with suppress(ImportError):
    import_module("llama_index.tools.mcp")


class Toolkit:
    """The methods of an MCP session that LlamaIndex's `McpToolSpec` calls.

    Each call opens and closes its own session, so that a toolkit can be used from several event
    loops. The first address that serves the toolkit is used from then on.

    Args:
        settings: The key and URL of the add-on.
        timeout: The time limit of a call, in seconds.
    """

    def __init__(self, settings: Settings, timeout: float) -> None:
        self._settings = settings
        self._timeout = timeout
        self._addresses = mcp_addresses(settings)

    async def tools(
        self, allowed_tools: Sequence[str] | None, **options: Any
    ) -> list[FunctionTool]:
        """The tools that LlamaIndex's spec makes.

        Raises:
            ImportError: The extra is not installed, or its packages do not fit together.
            ConfigError: An allowed tool is not there.
            APIError: The toolkit refused, or could not be reached.
        """
        spec = _library().McpToolSpec(self, **options)
        if allowed_tools is None:
            return await self._made_by(spec)
        if isinstance(allowed_tools, str):
            raise ConfigError(
                "allowed_tools must be a list, got a str.", f"Pass a list: [{allowed_tools!r}]."
            )
        named = [(_names_of(tool), tool) for tool in await self._made_by(spec)]
        # The names of resources lose their slashes.
        if missing := [
            name
            for name in allowed_tools
            if not any({name, name.replace("/", "_")} & names for names, _ in named)
        ]:
            raise ConfigError(
                f"allowed_tools names {', '.join(map(repr, missing))}, which the MCP toolkit does "
                "not have.",
                "Leave allowed_tools out to load all.",
            )
        wanted = {*allowed_tools, *(name.replace("/", "_") for name in allowed_tools)}
        return [tool for names, tool in named if wanted & names]

    async def _made_by(self, spec: Any) -> list[FunctionTool]:
        """The tools of LlamaIndex's spec, which stumbles over schemas that are none."""
        try:
            tools: list[FunctionTool] = await spec.to_tool_list_async()
        except Exception as error:
            failure = toolkit_error(error, self._settings)
            if failure is None or failure is error:
                raise
            forget_frames(error)
        else:
            return tools
        raise failure

    async def list_tools(self) -> Any:
        return await self._ask("list_tools")

    async def call_tool(self, name: str, arguments: dict[str, Any]) -> Any:
        return await self._ask("call_tool", name, arguments)

    async def list_resources(self) -> Any:
        return await self._ask("list_resources")

    async def list_resource_templates(self) -> Any:
        return await self._ask("list_resource_templates")

    async def read_resource(self, uri: Any) -> Any:
        return await self._ask("read_resource", uri)

    async def _ask(self, method: str, *arguments: Any) -> Any:
        """Call a method of the client at the first address that serves the toolkit."""
        # The library's own timeouts are for one answer, and each byte of a trickle renews them.
        latest = asyncio.get_running_loop().time() + self._timeout
        first: HerokuError | None = None
        for address in self._addresses:
            # Errors of the library hold headers and requests: ours are raised without them.
            refusals: list[Any] = []
            try:
                async with asyncio.timeout_at(latest):
                    answer = await self._ask_at(address, method, arguments, refusals)
            except Exception as error:
                failure = toolkit_error(error, self._settings, refusals)
                if failure is None:
                    raise
                forget_frames(error)
            else:
                self._addresses = (address,)
                return answer
            first = first or failure
            if not wrong_address(failure):
                raise failure
        raise first or AssertionError("unreachable")

    async def _ask_at(
        self, address: McpAddress, method: str, arguments: tuple[Any, ...], refusals: list[Any]
    ) -> Any:
        """Calls the client at one address, and collects the answers that refuse its requests."""

        async def collect(response: Any) -> None:
            if response.is_error and response.request.method == "POST":
                await response.aread()
                refusals.append(response)

        client = _library().BasicMCPClient(
            _url_for_client(address), headers=mcp_headers(self._settings), timeout=self._timeout
        )
        client.http_client.event_hooks["response"].append(collect)
        client.auth = client.http_client.auth = bounding_auth(client.http_client)
        try:
            return await getattr(client, method)(*arguments)
        finally:
            await client.http_client.aclose()


def _url_for_client(address: McpAddress) -> str:
    """The URL in the form from which LlamaIndex's client infers the transport."""
    if address.transport == "sse" and not address.url.endswith("/sse"):
        return f"{address.url}?transport=sse"
    return address.url


def _names_of(tool: FunctionTool) -> frozenset[str]:
    """The tool's name, with and without its namespace."""
    name = tool.metadata.get_name()
    return frozenset({name, name.rpartition("/")[2]})


def _library() -> Any:
    return import_of_extra("llama_index.tools.mcp", "llama-index-mcp", "load_mcp_tools")
