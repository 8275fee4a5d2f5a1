"""The application under uvicorn, in a daemon thread."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import TYPE_CHECKING

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    from starlette.types import ASGIApp

__all__ = ["ServerThread"]

_PATIENCE = 10.0  # seconds to wait for the thread to start or stop
_TURNS = 5  # turns of the event loop in which an accepted connection is set up


class ServerThread:
    """Serves from its construction until `stop`."""

    def __init__(self, app: ASGIApp, host: str, port: int) -> None:
        """Listens on `host` and `port`; 0 lets the system choose a port.

        Raises:
            OSError: It cannot listen on the address.
        """
        self._listener = socket.create_server((host, port), family=_family(host), backlog=512)
        self.address: tuple[str, int] = self._listener.getsockname()[:2]
        self._server = _Server(app)
        self._thread = threading.Thread(target=self._serve, name="heroku-emulator", daemon=True)
        self._thread.start()
        if not self._server.ready.wait(_PATIENCE):
            self._listener.close()
            raise RuntimeError("The emulator did not start")

    def stop(self) -> None:
        """Closes the port and every connection, and waits for the thread to end."""
        self._server.stop()
        self._thread.join(_PATIENCE)

    def _serve(self) -> None:
        self._server.run(sockets=[self._listener])


class _Protocol(H11Protocol):
    """Gives answers access to their connection, so that they can break it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        # asyncio only does this for sockets that name their protocol.
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.app_state = {**self.app_state, "transport": transport}


class _Server(uvicorn.Server):
    """uvicorn without polling and signal handlers, and without waiting for open connections."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                loop="asyncio",
                http=_Protocol,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                date_header=False,  # it would stand still: `_add_headers` sends it
            )
        )
        self.ready = threading.Event()

    def stop(self) -> None:
        """Ends `main_loop`, from any thread."""
        self._loop.call_soon_threadsafe(self._stopping.set)

    async def main_loop(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        self.ready.set()
        await self._stopping.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for listener in sockets or []:
            self._loop.remove_reader(listener)
        # Connections accepted just now must be set up before the port closes.
        for _ in range(_TURNS):
            await asyncio.sleep(0)
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        if self.server_state.tasks:
            # They notice that their client is gone, and end.
            await asyncio.wait(set(self.server_state.tasks), timeout=1)
        await asyncio.sleep(0)


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
