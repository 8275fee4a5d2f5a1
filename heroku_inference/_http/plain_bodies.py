"""Bodies of plain HTTP/1.1 answers, of known length or in chunks. Pure: bytes in, bytes out.

All that a read of the network holds is given at once, however many chunks it was sent in.
"""

from __future__ import annotations

import re
from typing import Final

import h11
import httpcore2

__all__ = ["Body", "ChunkedBody", "SizedBody"]

_SIZE: Final = re.compile(rb"([0-9a-fA-F]{1,20})(?:;[^\n]*)?[ \t]*")
_LONGEST_LINE: Final = 100 * 1024  # bytes of the line before a chunk and of what follows the last


class SizedBody:
    """A body whose length is known.

    Attributes:
        done: Whether all of it has come.
        excess: Whether more has come, which belongs to no answer.
        wrong: Why no more of it can be read.
    """

    __slots__ = ("_left", "done", "excess")
    wrong: Final = None

    def __init__(self, length: int) -> None:
        self._left = length
        self.done = self.excess = False

    def feed(self, data: bytes) -> bytes:
        """The part of it that this data holds."""
        self._left -= len(data)
        if self._left > 0:
            return data
        self.done = True
        if not self._left:
            return data
        self.excess = True
        return data[: self._left]


class ChunkedBody:
    """A body in chunks; the attributes are those of `SizedBody`."""

    __slots__ = ("_end", "_is_ending", "_left", "_line_end", "_rest", "done", "excess", "wrong")

    def __init__(self) -> None:
        self._rest = b""  # a line that is not complete
        self._left = 0  # bytes that the current chunk lacks
        self._line_end = b""  # what it lacks of the line end behind it
        self._is_ending = False  # the last chunk has come
        self._end: h11.Connection | None = None  # reads what follows it, if that is not plain
        self.done = self.excess = False
        self.wrong: httpcore2.RemoteProtocolError | None = None

    def feed(self, data: bytes) -> bytes:
        """The parts of it that this data holds, up to where it is wrong."""
        found: list[bytes] = []
        try:
            self._read(data, found)
        except httpcore2.RemoteProtocolError as error:
            self.wrong = error.with_traceback(None)
        return b"".join(found)

    def _read(self, data: bytes, found: list[bytes]) -> None:
        at = self._continue(data, 0, found) if self._line_end else 0
        if self._rest:
            data, self._rest = self._rest + data, b""
        while at < len(data) and not self._is_ending:
            line_end = data.find(b"\r\n", at)
            if line_end < 0:
                self._wait(data[at:])
                break
            size = _SIZE.fullmatch(data, at, line_end)
            if size is None:
                raise _wrong(f"a chunk begins with {data[at:line_end][:20]!r}")
            at = line_end + 2
            self._left = int(size[1], 16)
            if self._left:
                self._line_end = b"\r\n"
                at = self._continue(data, at, found)
            else:
                self._is_ending = True
        if self._is_ending:
            self._read_end(data[at:])

    def _continue(self, data: bytes, at: int, found: list[bytes]) -> int:
        """Take what the data adds to the current chunk; where in the data it ends."""
        text = data[at : at + self._left]
        if text:
            found.append(text)
            self._left -= len(text)
            at += len(text)
        line_end = data[at : at + len(self._line_end)]
        if not self._line_end.startswith(line_end):
            raise _wrong("a chunk is longer than it says")
        self._line_end = self._line_end[len(line_end) :]
        return at + len(line_end)

    def _wait(self, rest: bytes) -> None:
        """Keep the beginning of a line until the rest of it comes."""
        if len(rest) > _LONGEST_LINE:
            raise _wrong("a line is too long")
        self._rest = rest

    def _read_end(self, data: bytes) -> None:
        """Take what follows the last chunk: a blank line, or else what h11 makes of it."""
        if self._end is None and data.startswith(b"\r\n"):
            self.done, self.excess = True, len(data) > len(b"\r\n")
            return
        if self._end is None and b"\r\n".startswith(data):
            self._rest = data
            return
        end = self._end = self._end or _after_last_chunk()
        end.receive_data(data)
        try:
            self.done = end.next_event() is not h11.NEED_DATA
        except h11.RemoteProtocolError as error:
            raise _wrong(str(error)) from None
        self.excess = self.done and bool(end.trailing_data[0])


Body = SizedBody | ChunkedBody


def _wrong(what: str) -> httpcore2.RemoteProtocolError:
    return httpcore2.RemoteProtocolError(f"malformed chunked body: {what}")


def _after_last_chunk() -> h11.Connection:
    """What reads an answer whose last chunk has come."""
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=_LONGEST_LINE)
    connection.send(h11.Request(method="GET", target="/", headers=[("Host", "h")]))
    connection.send(h11.EndOfMessage())
    connection.receive_data(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n")
    connection.next_event()
    return connection
