"""An event stream of slow frames: it stops the run when the client leaves."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

from heroku_emulator.serving.responses import EventStream, Pieces

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from starlette.types import Send

    from heroku_emulator.journal import JournalEntry
    from heroku_emulator.switches import Switches

__all__ = ["AgentsStream", "ConnectionLost"]


class ConnectionLost(Exception):  # noqa: N818 - an event of the run, not an error
    """Raised by a run to break the connection."""


class AgentsStream(EventStream):
    """Writes the frames of a run as they arrive."""

    def __init__(
        self, run: AsyncGenerator[bytes, None], switches: Switches, entry: JournalEntry
    ) -> None:
        """A `ConnectionLost` from the run breaks the connection after the last frame."""
        super().__init__((), switches, entry)
        self._run = run

    async def _write(self, leaving: asyncio.Future[None], send: Send) -> None:
        pieces = Pieces(self._switches.split_bytes)
        async with contextlib.aclosing(self._run):
            while (frame := await self._next(leaving)) is not None:
                for piece in pieces.of(frame):
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
                self._entry.events += 1
        if not self._entry.client_left:
            body = {"body": pieces.rest(), "more_body": self._broken}
            await send({"type": "http.response.body", **body})

    async def _next(self, leaving: asyncio.Future[None]) -> bytes | None:
        """Returns the next frame, or `None` when the run is over or the client has left."""
        coming: asyncio.Task[bytes | None] = asyncio.create_task(_advance(self._run))
        try:
            both: set[asyncio.Future[Any]] = {coming, leaving}
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            if not leaving.done():
                frame = coming.result()
                await self._keep_silent(self._entry.events, leaving)
                if frame is None or not leaving.done():
                    return frame
            self._entry.client_left = True
        except ConnectionLost:
            self._broken = True
        finally:
            coming.cancel()
            with contextlib.suppress(asyncio.CancelledError, ConnectionLost):
                await coming
        return None


async def _advance(run: AsyncGenerator[bytes, None]) -> bytes | None:
    return await anext(run, None)
