"""Server-sent events from bytes that arrive in any pieces. Performs no I/O of its own.

Accepts every framing seen from Heroku: with and without a space after the colon, with and
without event names, any line ending, comments, data of several lines (docs: chat streaming,
agents).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from heroku_inference._http.bodies import EVENT_BYTES, BodyTooLargeError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Event", "EventDecoder", "WholeBody", "decoder_for"]

Event = tuple[str | None, bytes]
"""An event's name, `None` when it has none, and its data."""


class EventDecoder:
    """Collects bytes and gives the events that are complete.

    Args:
        limit: The most bytes that one event may have.
    """

    __slots__ = ("_after_cr", "_fresh", "_limit", "_size", "_waiting")

    def __init__(self, limit: int = EVENT_BYTES) -> None:
        self._limit = limit
        self._waiting: list[bytes] = []  # pieces of a frame that is not complete, none empty
        self._size = 0  # of all that waits
        self._after_cr = False
        self._fresh = True

    def feed(self, piece: bytes) -> list[Event]:
        """The events that this piece completes, in order.

        Raises:
            BodyTooLargeError: An event is larger than the limit.
        """
        if b"\r" in piece or self._after_cr:
            piece = self._with_plain_line_ends(piece)
        if self._waiting:
            # What waits was searched before: a blank line can only begin with its last byte.
            if b"\n\n" not in self._waiting[-1][-1:] + piece:
                if piece:
                    self._keep(piece)
                return []
            piece = b"".join((*self._waiting, piece))
            self._waiting.clear()
            self._size = 0
        *frames, rest = piece.split(b"\n\n")
        if len(piece) > self._limit and len(max(frames, key=len, default=b"")) > self._limit:
            raise _too_large(self._limit)
        if rest:
            self._keep(rest)
        return [event for frame in frames if (event := self._event(frame)) is not None]

    def _keep(self, piece: bytes) -> None:
        self._waiting.append(piece)
        self._size += len(piece)
        if self._size > self._limit:
            raise _too_large(self._limit)

    def flush(self) -> list[Event]:
        """What the end of the body completes: a last event that only lacks its blank line."""
        frame = b"".join(self._waiting)
        self._waiting.clear()
        event = self._event(frame)
        if event is None:
            return []
        # Only a finished line, or the end mark, counts: a line cut in the middle is not an event.
        return [event] if frame.endswith(b"\n") or event[1].strip() == b"[DONE]" else []

    def _with_plain_line_ends(self, piece: bytes) -> bytes:
        if self._after_cr and piece.startswith(b"\n"):
            piece = piece[1:]  # the other half of a CRLF that was split between two pieces
            self._after_cr = False
        if piece:
            self._after_cr = piece.endswith(b"\r")
        return piece.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def _event(self, frame: bytes) -> Event | None:
        if self._fresh:
            frame, self._fresh = frame.removeprefix(b"\xef\xbb\xbf"), False
        name: str | None = None
        data: list[bytes] = []
        for line in frame.split(b"\n"):
            if line.startswith(b"data:"):
                data.append(line[6:] if line.startswith(b"data: ") else line[5:])
            elif line.startswith(b"event:"):
                name = line[6:].strip().decode("utf-8", errors="replace")
        if data:
            return (name, data[0] if len(data) == 1 else b"\n".join(data))
        # Only an end or an error means something without data.
        return (name, b"") if name in {"done", "error"} else None


class WholeBody:
    """Passes on a body that is not an event stream (plain JSON, an HTML page) as one event."""

    __slots__ = ("_left", "_limit", "_pieces")

    def __init__(self, limit: int = EVENT_BYTES) -> None:
        self._pieces: list[bytes] = []
        self._left = self._limit = limit

    def feed(self, piece: bytes) -> list[Event]:
        """Nothing yet."""
        self._pieces.append(piece)
        self._left -= len(piece)
        if self._left < 0:
            raise _too_large(self._limit)
        return []

    def flush(self) -> list[Event]:
        """The body, as the data of one event."""
        return [(None, b"".join(self._pieces))]


def decoder_for(headers: Mapping[str, str], limit: int = EVENT_BYTES) -> EventDecoder | WholeBody:
    """The decoder for the body of an answer with these headers."""
    content_type = headers.get("content-type", "")
    is_whole = content_type.startswith(("application/json", "text/html"))
    return WholeBody(limit) if is_whole else EventDecoder(limit)


def _too_large(limit: int) -> BodyTooLargeError:
    return BodyTooLargeError(f"an event of it has more than {limit:,} bytes")
