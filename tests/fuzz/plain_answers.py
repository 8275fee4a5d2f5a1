"""One answer, read by a connection of ours and by one of the library, which leaves all to h11."""

from __future__ import annotations

import random
import zlib
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import httpcore2

from heroku_inference._http.plain_connections import PlainConnection

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Outcome", "cuts_of", "read_by_library", "read_here"]

_URL = "http://127.0.0.1:80/v1/models"
_NEXT = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nnext"


class Outcome(NamedTuple):
    """What a caller sees of an answer, and of the next one on the same connection."""

    head: tuple[int, bytes, list[tuple[bytes, bytes]]] | None
    body: bytes
    error: type[Exception] | None
    following: bytes | None
    """The next answer's body; `None` if the connection is not used again."""


class _Network(httpcore2.NetworkStream, httpcore2.NetworkBackend):
    """A server that has sent these pieces, and then is silent or leaves."""

    def __init__(self, pieces: list[bytes], *, leaves: bool) -> None:
        self._pieces = [piece for piece in reversed(pieces) if piece]
        self._leaves = leaves
        self._requests = 0

    def connect_tcp(self, *_args: Any, **_options: Any) -> httpcore2.NetworkStream:
        return self

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if buffer.startswith(b"GET "):
            self._requests += 1
            if self._requests > 1:
                self._pieces.insert(0, _NEXT)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if not self._pieces:
            if self._leaves:
                return b""
            raise httpcore2.ReadTimeout
        piece = self._pieces.pop()
        if piece[max_bytes:]:
            self._pieces.append(piece[max_bytes:])
        return piece[:max_bytes]

    def get_extra_info(self, info: str) -> Any:
        if info == "is_readable":
            return self._leaves or bool(self._pieces)
        return None

    def close(self) -> None:
        pass


def cuts_of(data: bytes) -> Iterator[list[bytes]]:
    """The data whole, cut at places that depend on it, and byte by byte if it is short."""
    yield [data]
    places = random.Random(zlib.crc32(data)).choices(range(1, max(len(data), 2)), k=7)
    edges = [0, *sorted({*places}), len(data)]
    yield [data[start:end] for start, end in pairwise(edges)]
    if len(data) < 500:
        yield [data[at : at + 1] for at in range(len(data))]


def read_here(pieces: list[bytes], *, leaves: bool) -> Outcome:
    """By a connection of ours."""
    network = _Network(pieces, leaves=leaves)
    origin = httpcore2.Request("GET", _URL).url.origin
    return _outcome(PlainConnection(origin, network_backend=network))


def read_by_library(pieces: list[bytes], *, leaves: bool) -> Outcome:
    """By a connection of the library."""
    network = _Network(pieces, leaves=leaves)
    origin = httpcore2.Request("GET", _URL).url.origin
    return _outcome(httpcore2.HTTPConnection(origin, network_backend=network))


def _outcome(connection: httpcore2.HTTPConnection) -> Outcome:
    head, error, body = None, None, b""
    try:
        response = _answer(connection)
        head = (response.status, response.extensions["reason_phrase"], response.headers)
        try:
            for piece in response.iter_stream():
                body += piece
        finally:
            response.close()
    except (httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.TimeoutException) as raised:
        error = type(raised)
    return Outcome(head, body, error, None if error else _following(connection))


def _following(connection: httpcore2.HTTPConnection) -> bytes | None:
    state = connection._connection._h11_state  # type: ignore[union-attr]
    if not connection.is_available() or connection.has_expired() or state.trailing_data[0]:
        return None
    return _answer(connection).read()


def _answer(connection: httpcore2.HTTPConnection) -> httpcore2.Response:
    return connection.handle_request(httpcore2.Request("GET", _URL, headers=[("Host", "h")]))
