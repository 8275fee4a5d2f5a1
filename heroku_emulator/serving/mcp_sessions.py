"""The open MCP sessions of one emulator."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mcp.server.sse import SseServerTransport

__all__ = ["Toolkit"]

_MESSAGES = "/mcp/messages"


class Toolkit:
    """The SSE sessions, which two routes share."""

    def __init__(self) -> None:
        self._sse: SseServerTransport | None = None

    @property
    def sse(self) -> SseServerTransport:
        """The transport that holds them."""
        from mcp.server.sse import SseServerTransport  # noqa: PLC0415 - optional

        if self._sse is None:
            self._sse = SseServerTransport(_MESSAGES)
        return self._sse
