"""A TCP relay in front of a server, to see its connections from outside."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self


class Relay:
    """Passes bytes on between its own port and another, and counts."""

    def __init__(self, url: str) -> None:
        self._target = (urlsplit(url).hostname, urlsplit(url).port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sockets: list[socket.socket] = [self._listener]
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.opened = 0
        self.closed_by_client = 0
        self.first_lines: list[str] = []

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        for open_socket in self._sockets:
            with contextlib.suppress(OSError):
                open_socket.shutdown(socket.SHUT_RDWR)
            open_socket.close()

    def eventually(self, condition: Callable[[Relay], bool]) -> bool:
        """Whether something becomes true within two seconds."""
        deadline = time.monotonic() + 2
        while not condition(self) and time.monotonic() < deadline:
            time.sleep(0.01)
        return condition(self)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self.opened += 1
                server = socket.create_connection(self._target)
                self._sockets += [client, server]
                for pair in ((client, server, True), (server, client, False)):
                    threading.Thread(target=self._pass_on, args=pair, daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket, from_client: bool) -> None:
        first = True
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if first and from_client:
                    self.first_lines.append(data.split(b"\r\n")[0].decode())
                first = False
                sink.sendall(data)
        if from_client:
            self.closed_by_client += 1
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)
