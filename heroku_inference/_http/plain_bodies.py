"""Bodies of plain HTTP/1.1 answers, of known length or in chunks. Pure: bytes in, bytes out.

All that a read of the network holds is given at once, however many chunks it was sent in.
"""

from __future__ import annotations

import re
from typing import Final

import httpcore2

__all__ = ["Body", "ChunkedBody", "SizedBody"]

_SIZE: Final = re.compile(rb"([0-9a-fA-F]{1,20})(?:;[\t -~\x80-\xff]*)?[ \t]*")
_LAST_LINES: Final = re.compile(rb"(?:[^\r\n]+\r?\n)*\r?\n")
_LONGEST_LINE: Final = 16 * 1024  # bytes of the line before a chunk, and of what follows the last


class SizedBody:
    """A body whose length is known.

    Attributes:
        done: Whether all of it has come.
        excess: Whether more has come, which belongs to no answer.
    """

    __slots__ = ("_left", "done", "excess")

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

    __slots__ = ("_is_ending", "_left", "_line_end", "_rest", "done", "excess")

    def __init__(self) -> None:
        self._rest = b""  # a line that is not complete
        self._left = 0  # bytes that the current chunk lacks
        self._line_end = b""  # what it lacks of the line end behind it
        self._is_ending = False  # the last chunk has come
        self.done = self.excess = False

    def feed(self, data: bytes) -> bytes:
        """The parts of it that this data holds.

        Raises:
            httpcore2.RemoteProtocolError: This is not how chunks are written.
        """
        found: list[bytes] = []
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
            self._end(data[at:])
        return b"".join(found)

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

    def _end(self, data: bytes) -> None:
        """Take what follows the last chunk: lines that say nothing here, and a blank one."""
        end = _LAST_LINES.match(data)
        if end is None:
            self._wait(data)
            return
        self.done = True
        self.excess = len(data) > end.end()


Body = SizedBody | ChunkedBody


def _wrong(what: str) -> httpcore2.RemoteProtocolError:
    return httpcore2.RemoteProtocolError(f"malformed chunked body: {what}")
