"""The addresses of an add-on's MCP toolkit, in the order in which to try them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from heroku_inference._config.arguments import check_headers
from heroku_inference._endpoints.mcp import mcp_endpoint

if TYPE_CHECKING:
    from collections.abc import Mapping

    from heroku_inference._config.settings import Settings

__all__ = ["McpAddress", "mcp_addresses", "mcp_headers"]


@dataclass(frozen=True, slots=True)
class McpAddress:
    """A URL and the MCP transport to use there.

    Attributes:
        url: A possible address of the toolkit.
        transport: `streamable_http`, or `sse`, the older one.
    """

    url: str
    transport: Literal["streamable_http", "sse"]


def mcp_addresses(settings: Settings) -> tuple[McpAddress, ...]:
    """The addresses to try, one after the other.

    Heroku documents SSE at `/mcp/sse` and does not name a transport for `/mcp`. Some of its
    examples use `/mcp` with SSE clients (docs: working with MCP).
    """
    endpoint = mcp_endpoint(settings)
    return (
        McpAddress(endpoint.url, "streamable_http"),
        McpAddress(endpoint.sse_url, "sse"),
        McpAddress(endpoint.url, "sse"),
    )


def mcp_headers(
    settings: Settings, default_headers: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The headers of requests to the toolkit; their `repr` does not show the key."""
    headers = mcp_endpoint(settings).headers
    for name, value in check_headers(default_headers).items():
        for same in [ours for ours in headers if ours.lower() == name]:
            del headers[same]
        headers[name] = value
    return headers
