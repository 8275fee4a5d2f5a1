"""A server of raw sockets: it sends what no HTTP library would send."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

__all__ = ["STREAM", "Connection", "RawServer", "answer", "chunked", "completion", "event"]


class Connection:
    """One accepted connection. `number` counts from 1."""

    def __init__(self, raw: socket.socket, number: int) -> None:
        self.raw = raw
        self.number = number
        self.requests = 0
        self._left = b""

    def request(self) -> bytes | None:
        """The next request with its body, or `None` when the client has left."""
        while b"\r\n\r\n" not in self._left:
            if not self._more():
                return None
        head, _, rest = self._left.partition(b"\r\n\r\n")
        fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
        length = int(fields.get(b"content-length", 0))
        while len(rest) < length:
            if not self._more():
                return None
            rest = self._left.partition(b"\r\n\r\n")[2]
        self._left = rest[length:]
        self.requests += 1
        return head + b"\r\n\r\n" + rest[:length]

    def send(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.raw.sendall(piece)

    def reset(self) -> None:
        self.raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        self.raw.close()

    def _more(self) -> bool:
        data = self.raw.recv(65536)
        self._left += data
        return bool(data)


class RawServer:
    """Gives each connection to `handle`, in a thread of its own, and closes it afterwards."""

    def __init__(self, handle: Callable[[Connection], None]) -> None:
        self._handle = handle
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.connections: list[Connection] = []

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        for raw in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                raw.shutdown(socket.SHUT_RDWR)
            raw.close()

    @property
    def requests(self) -> int:
        """How many requests have come, over all connections."""
        return sum(connection.requests for connection in self.connections)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                raw, _ = self._listener.accept()
                self._open.append(raw)
                connection = Connection(raw, len(self.connections) + 1)
                self.connections.append(connection)
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: Connection) -> None:
        with contextlib.suppress(OSError), connection.raw:
            self._handle(connection)


def answer(
    body: bytes,
    status: str = "200 OK",
    content_type: str = "application/json",
    *headers: str,
    length: int | None = None,
) -> bytes:
    """A whole answer with its length."""
    head = [
        f"HTTP/1.1 {status}",
        f"content-type: {content_type}",
        f"content-length: {len(body) if length is None else length}",
        *headers,
    ]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def chunked(*pieces: bytes, content_type: str = "text/event-stream", end: bool = True) -> bytes:
    """The beginning of an answer in chunks, with these pieces; with its end, if asked for."""
    head = (
        f"HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\ntransfer-encoding: chunked\r\n\r\n"
    ).encode()
    body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    return head + body + (b"0\r\n\r\n" if end else b"")


def completion(text: str) -> bytes:
    """A chat completion."""
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return json.dumps({"id": "x", "model": "m", "choices": [choice]}).encode()


def event(text: str, finish_reason: str | None = None) -> bytes:
    """An event of a chat stream."""
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish_reason}
    return b"data: " + json.dumps({"id": "x", "choices": [choice]}).encode() + b"\n\n"


STREAM = event("Hi") + event("", "stop") + b"data: [DONE]\n\n"
