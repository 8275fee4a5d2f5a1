"""Responses: plain bodies, event streams in any pieces, and broken connections."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from heroku_emulator.errors import ApiError, compact, error_body

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from starlette.types import Receive, Scope, Send

    from heroku_emulator.errors import AnyEnvelope
    from heroku_emulator.journal import JournalEntry
    from heroku_emulator.switches import Switches

__all__ = [
    "BrokenBody",
    "EventStream",
    "NoAnswer",
    "Pieces",
    "body_response",
    "disconnection",
    "error_response",
]


def body_response(
    body: Any,
    *,
    status: int = 200,
    content_type: str = "application/json",
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Returns a plain answer: bytes and text unchanged, other values as compact JSON."""
    content = body if isinstance(body, bytes | str) else compact(body)
    response = Response(content, status_code=status)
    response.headers["content-type"] = content_type  # without the charset that Starlette adds
    response.headers.update(headers or {})
    return response


def error_response(
    error: ApiError, envelope: AnyEnvelope, headers: Mapping[str, str] | None = None
) -> Response:
    """Returns the answer for a refusal."""
    content, content_type = error_body(error, envelope)
    return body_response(content, status=error.status, content_type=content_type, headers=headers)


class BrokenBody(Response):
    """A plain answer whose connection breaks in the middle of the body."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends the first half, then closes."""
        start = {"status": self.status_code, "headers": self.raw_headers}
        await send({"type": "http.response.start", **start})
        half = self.body[: len(self.body) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})
        scope["state"]["transport"].close()
        await disconnection(receive)


class NoAnswer(Response):
    """A connection that ends without an answer."""

    def __init__(self, *, politely: bool) -> None:
        super().__init__()
        self._politely = politely

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Closes."""
        transport: asyncio.Transport = scope["state"]["transport"]
        if not self._politely:
            # With a linger time of 0, closing sends RST instead of FIN.
            linger = struct.pack("ii", 1, 0)
            transport.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, linger
            )
        transport.abort()
        await disconnection(receive)


class EventStream(Response):
    """An event stream, written frame by frame; it notices when the client leaves."""

    media_type = "text/event-stream"

    def __init__(
        self,
        frames: Iterable[bytes],
        switches: Switches,
        entry: JournalEntry,
        *,
        status: int = 200,
        broken: bool = False,
    ) -> None:
        """With `broken`, the connection breaks after the last frame."""
        super().__init__(status_code=status)
        del self.headers["content-length"]
        self.headers["content-type"] = self.media_type
        self.headers["cache-control"] = "no-cache"
        self._frames = frames
        self._switches = switches
        self._entry = entry
        self._broken = broken

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends the frames one by one."""
        start = {"status": self.status_code, "headers": self.raw_headers}
        await send({"type": "http.response.start", **start})
        leaving = asyncio.ensure_future(disconnection(receive))
        try:
            await self._write(leaving, send)
        finally:
            leaving.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await leaving
        if self._broken and not self._entry.client_left:
            scope["state"]["transport"].close()
            await disconnection(receive)

    async def _write(self, leaving: asyncio.Future[None], send: Send) -> None:
        pieces = Pieces(self._switches.split_bytes)
        for number, frame in enumerate(self._frames):
            await self._keep_silent(number, leaving)
            if leaving.done():
                self._entry.client_left = True
                return
            for piece in pieces.of(frame):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            self._entry.events = number + 1
        await send({"type": "http.response.body", "body": pieces.rest(), "more_body": self._broken})

    async def _keep_silent(self, number: int, leaving: asyncio.Future[None]) -> None:
        """Waits as long as the switches say, or until the client leaves."""
        gap = self._switches.gap_seconds if number == self._switches.gap_after else 0.0
        await asyncio.wait({leaving}, timeout=self._switches.pace + gap)


class Pieces:
    """Cuts a stream into pieces of equal size, or leaves its frames whole."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._held = b""

    def of(self, frame: bytes) -> Iterator[bytes]:
        """Yields the pieces that this frame completes."""
        if self._size == 0:
            yield frame
            return
        self._held += frame
        while len(self._held) >= self._size:
            yield self._held[: self._size]
            self._held = self._held[self._size :]

    def rest(self) -> bytes:
        """Returns the last piece."""
        return self._held


async def disconnection(receive: Receive) -> None:
    """Returns when the client leaves."""
    while (await receive())["type"] != "http.disconnect":
        pass
