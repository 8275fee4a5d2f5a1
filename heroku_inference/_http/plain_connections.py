"""Blocking connections that read plain answers themselves.

Nearly every answer is of one form: a status line, headers, and a body of known length or in chunks.
h11 takes a third of a call's time to read that, and gives each chunk by itself. So it is read here,
and all chunks of a read are given at once. Whatever else a request or an answer holds is left to
httpcore2 and h11, which judge it.

Loaded with the first request, as the library is.
"""

from __future__ import annotations

import logging
import re
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NamedTuple

import h11
import httpcore2

from heroku_inference._http.plain_bodies import Body, ChunkedBody, SizedBody

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["PlainConnection", "fits_library"]

_READ: Final = 64 * 1024  # bytes, as the library reads
_LONGEST_HEAD: Final = 100 * 1024  # bytes, likewise

_START: Final = b"HTTP/"
_BLANK_LINE: Final = re.compile(rb"\n\r?\n")
_STATUS: Final = re.compile(rb"HTTP/1\.1 ([2-5][0-9]{2})(?: ([ \t!-~]*))?")
_NAME: Final = re.compile(rb"[-!#$%&'*+.^_`|~0-9A-Za-z]+")
_TARGET: Final = re.compile(rb"[!-~]+")
_CONTROL: Final = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_LENGTH: Final = re.compile(rb"[0-9]{1,18}")
_WITHOUT_BODY: Final = frozenset({204, 304})
_ODD_REQUESTS: Final = frozenset({b"connection", b"expect", b"transfer-encoding", b"upgrade"})
_FRAMING: Final = frozenset({b"connection", b"content-length", b"transfer-encoding"})

# What these connections build on and the library does not promise to keep.
_BUILT_ON: Final[dict[type, frozenset[str]]] = {
    httpcore2.HTTPConnection: frozenset(
        {"_connect", "_connect_failed", "_connection", "_keepalive_expiry", "_origin"}
        | {"_request_lock"}
    ),
    httpcore2.HTTP11Connection: frozenset(
        {"_expire_at", "_h11_state", "_keepalive_expiry", "_network_stream", "_request_count"}
        | {"_receive_response_body", "_receive_response_headers", "_response_closed"}
        | {"_state", "_state_lock"}
    ),
}

_logger: Final = logging.getLogger("httpcore2.http11")


def fits_library() -> bool:
    """Whether the library still has what these connections build on; without, use its own."""
    return all(
        name in vars(kind) or name in kind.__init__.__code__.co_names  # type: ignore[misc]
        for kind, names in _BUILT_ON.items()
        for name in names
    )


class PlainConnection(httpcore2.HTTPConnection):
    """A connection that is opened by its first request; without a proxy."""

    def handle_request(self, request: httpcore2.Request) -> httpcore2.Response:
        """The answer to a request; its body is still to be read."""
        with self._request_lock:
            if self._connection is None:
                try:
                    stream = self._connect(request)
                except BaseException:
                    self._connect_failed = True
                    raise
                self._connection = _OpenConnection(self._origin, stream, self._keepalive_expiry)
        return self._connection.handle_request(request)


class _Head(NamedTuple):
    """The head of a plain answer."""

    status: int
    reason: bytes
    headers: list[tuple[bytes, bytes]]
    body: Body
    is_last: bool
    """Whether the server closes the connection after it."""


class _OpenConnection(httpcore2.HTTP11Connection):
    _answer: _Head | None = None  # the one under way, if it is plain

    def handle_request(self, request: httpcore2.Request) -> httpcore2.Response:
        self._answer = None
        sent = _request_head(request)
        if sent is None or "trace" in request.extensions or _logger.isEnabledFor(logging.DEBUG):
            return super().handle_request(request)
        self._occupy()
        try:
            timeouts = request.extensions.get("timeout", {})
            content = b"".join(request.stream)  # type: ignore[arg-type] # it is not an async one
            # A server may refuse a request before it has read it to its end, and say why.
            with suppress(httpcore2.WriteError):
                self._network_stream.write(sent + content, timeout=timeouts.get("write"))
            timeout = timeouts.get("read")
            read, end = self._receive_head(timeout)
            answer = self._answer = _plain_answer(read[:end])
            if answer is None:
                return self._leave_to_library(request, content, read)
        except BaseException:
            self.close()
            raise
        pieces = self._plain_pieces(answer.body, read[end:], timeout)
        return self._response(answer.status, answer.reason, answer.headers, pieces)

    def _occupy(self) -> None:
        states = type(self._state)
        with self._state_lock:
            if self._state not in {states.NEW, states.IDLE}:
                raise httpcore2.ConnectionNotAvailable
            self._request_count += 1
            self._state = states.ACTIVE
            self._expire_at = None

    def _receive_head(self, timeout: float | None) -> tuple[bytes, int]:
        """What came first, and where the head ends in it; 0 if that is not clear."""
        read = b""
        while True:
            piece = self._network_stream.read(_READ, timeout=timeout)
            searched = max(len(read) - 2, 0)
            read += piece
            if blank := _BLANK_LINE.search(read, searched):
                return read, blank.end()
            if not piece or len(read) > _LONGEST_HEAD or read[:5] != _START[: len(read)]:
                return read, 0

    def _plain_pieces(self, body: Body, read: bytes, timeout: float | None) -> Iterator[bytes]:
        while True:
            if piece := body.feed(read):
                yield piece
            if body.done:
                return
            if body.wrong is not None:
                raise body.wrong
            read = self._network_stream.read(_READ, timeout=timeout)
            if not read:
                raise httpcore2.RemoteProtocolError(
                    "peer closed connection without sending complete message body"
                )

    def _leave_to_library(
        self, request: httpcore2.Request, content: bytes, read: bytes
    ) -> httpcore2.Response:
        """The answer that begins with what was read, as h11 reads it."""
        state = self._h11_state
        state.send(
            h11.Request(method=request.method, target=request.url.target, headers=request.headers)
        )
        if content:
            state.send(h11.Data(data=content))
        state.send(h11.EndOfMessage())
        if read:
            state.receive_data(read)
        _, status, reason, headers, _ = self._receive_response_headers(request)
        return self._response(status, reason, headers, self._receive_response_body(request))

    def _response(
        self,
        status: int,
        reason: bytes,
        headers: list[tuple[bytes, bytes]],
        pieces: Iterator[bytes],
    ) -> httpcore2.Response:
        return httpcore2.Response(
            status,
            headers=headers,
            content=_Pieces(self, pieces),
            extensions={
                "http_version": b"HTTP/1.1",
                "reason_phrase": reason,
                "network_stream": self._network_stream,
            },
        )

    def _response_closed(self) -> None:
        answer = self._answer
        if answer is None:
            super()._response_closed()
            return
        with self._state_lock:
            if not answer.body.done or answer.body.excess or answer.is_last:
                self.close()
                return
            self._state = type(self._state).IDLE
            if self._keepalive_expiry is not None:
                self._expire_at = time.monotonic() + self._keepalive_expiry


class _Pieces:
    """The body of an answer, which gives its connection back when it is closed."""

    def __init__(self, connection: _OpenConnection, pieces: Iterator[bytes]) -> None:
        self._connection = connection
        self._pieces = pieces
        self._is_closed = False

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._pieces
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        if not self._is_closed:
            self._is_closed = True
            self._connection._response_closed()  # noqa: SLF001 - of this file


def _request_head(request: httpcore2.Request) -> bytes | None:
    """The head of a plain request; `None` for others, and for what could break the head."""
    if request.method not in {b"GET", b"POST"} or not _TARGET.fullmatch(request.url.target):
        return None
    host = b""
    lines = [b"%b %b HTTP/1.1" % (request.method, request.url.target)]
    for name, value in request.headers:
        key = name.lower()
        if key in _ODD_REQUESTS or not _NAME.fullmatch(name) or value.strip() != value:
            return None
        if key == b"host" and host:
            return None
        if key == b"host":
            host = value
            lines.insert(1, b"%b: %b" % (name, value))  # first, as h11 has it
        else:
            lines.append(b"%b: %b" % (name, value))
    if not host or _CONTROL.search(b"".join(lines)):
        return None
    return b"\r\n".join([*lines, b"", b""])


def _plain_answer(head: bytes) -> _Head | None:
    """The head of a plain answer; `None` for any other."""
    if not head.endswith(b"\r\n\r\n"):
        return None
    first, *lines = head[:-4].split(b"\r\n")
    status_line = _STATUS.fullmatch(first)
    if status_line is None or _CONTROL.search(b"".join(lines)):
        return None
    headers: list[tuple[bytes, bytes]] = []
    framing: dict[bytes, bytes] = {}
    for line in lines:
        name, colon, value = line.partition(b":")
        if not colon or not _NAME.fullmatch(name):
            return None
        value = value.strip(b" \t")
        headers.append((name, value))
        key = name.lower()
        if key in _FRAMING:
            if key in framing:
                return None
            framing[key] = value
    status, body = int(status_line[1]), _body(framing)
    ending = framing.get(b"connection", b"keep-alive").lower()
    if body is None or status in _WITHOUT_BODY or ending not in {b"close", b"keep-alive"}:
        return None
    return _Head(status, status_line[2] or b"", headers, body, ending == b"close")


def _body(framing: dict[bytes, bytes]) -> Body | None:
    """The body that these headers announce, if they announce exactly one."""
    length, coding = framing.get(b"content-length"), framing.get(b"transfer-encoding")
    if length is None:
        return ChunkedBody() if coding == b"chunked" else None
    return SizedBody(int(length)) if coding is None and _LENGTH.fullmatch(length) else None
