"""Bodies of answers: decompressed, and bounded while they are read. Pure.

A compressed body of a megabyte can hold gigabytes, and an endless one never ends: what is read is
counted after it was decompressed, and before it is kept.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "ANSWER_BYTES",
    "ERROR_BYTES",
    "EVENT_BYTES",
    "BodyReader",
    "BodyTooLargeError",
    "Decoder",
    "decoder_of",
]

ANSWER_BYTES: Final = 64 * 2**20
"""The most that a whole answer may have, unless the caller says otherwise.

96 vectors of 28,000 numbers fit, and so does every picture. With a few times as much, an answer
that never ends would take more memory than a small machine has.
"""

ERROR_BYTES: Final = 2**20
"""The most of an error's body that is kept: it is read by people."""

EVENT_BYTES: Final = 16 * 2**20
"""The most that one event of a stream may have, unless the caller says otherwise."""


class BodyTooLargeError(Exception):
    """A body, or an event of a stream, is larger than its limit; the text says which."""


class Decoder:
    """Decompresses gzip and deflate, piece by piece."""

    __slots__ = ("_again", "_engine", "_is_new")

    def __init__(self, bits: int) -> None:
        self._engine = zlib.decompressobj(bits)
        self._again = bits
        self._is_new = True

    def feed(self, piece: bytes, limit: int) -> bytes:
        """What a piece holds, up to one byte more than `limit`, which says that there is more.

        Raises:
            zlib.error: It is not compressed in the way that the header says.
        """
        found = []
        while piece and limit >= 0:
            try:
                text = self._engine.decompress(piece, limit + 1)
            except zlib.error:
                if not self._is_new or self._again < 0 or self._again > zlib.MAX_WBITS:
                    raise
                # "deflate" has always meant two things: with a frame around it, and without.
                self._engine = zlib.decompressobj(-zlib.MAX_WBITS)
                self._again = -zlib.MAX_WBITS
                continue
            self._is_new = False
            limit -= len(text)
            found.append(text)
            piece = self._engine.unused_data
            if piece:  # one compressed part after the other
                self._engine = zlib.decompressobj(self._again)
        return b"".join(found)

    def unpack(self, piece: bytes, limit: int) -> bytes:
        """What a piece of a stream holds, which may be many events of up to `limit` bytes.

        Raises:
            BodyTooLargeError: It is more than any stream sends at once.
            zlib.error: It is not compressed in the way that the header says.
        """
        limit = max(limit, EVENT_BYTES)
        text = self.feed(piece, limit)
        if len(text) > limit:
            raise BodyTooLargeError(f"a piece of it has more than {limit:,} bytes")
        return text

    def finish(self) -> None:
        """Take the end.

        Raises:
            zlib.error: It came early.
        """
        if not self._engine.eof:
            raise zlib.error("the compressed body ends early")


def decoder_of(headers: Mapping[str, str]) -> Decoder | None:
    """The decoder for the body of an answer with these headers, if it needs one that we have."""
    encoding = headers.get("content-encoding", "").strip().lower()
    if encoding in {"gzip", "x-gzip"}:
        return Decoder(zlib.MAX_WBITS | 16)
    return Decoder(zlib.MAX_WBITS) if encoding == "deflate" else None


class BodyReader:
    """Collects a body.

    Args:
        headers: Those of the answer, with lower-case names.
        limit: The most bytes that it may have, decompressed.
        decoded: Whether the library decompresses it already.
    """

    __slots__ = ("_decoder", "_left", "_limit", "_pieces")

    def __init__(self, headers: Mapping[str, str], limit: int, *, decoded: bool = False) -> None:
        self._decoder = None if decoded else decoder_of(headers)
        self._left = self._limit = limit
        self._pieces: list[bytes] = []

    def feed(self, piece: bytes) -> None:
        """Add what came.

        Raises:
            BodyTooLargeError: The body is larger than its limit.
            zlib.error: The body is not compressed in the way that the header says.
        """
        if self._decoder is not None:
            piece = self._decoder.feed(piece, self._left)
        self._left -= len(piece)
        if self._left < 0:
            self._pieces.append(piece[: self._left])
            raise BodyTooLargeError(f"it has more than {self._limit:,} bytes")
        self._pieces.append(piece)

    def body(self) -> bytes:
        """All of it, at its end.

        Raises:
            zlib.error: The end came early.
        """
        if self._decoder is not None and self._pieces:
            self._decoder.finish()
        return b"".join(self._pieces)

    def beginning(self) -> bytes:
        """What was kept before the limit was reached."""
        return b"".join(self._pieces)
