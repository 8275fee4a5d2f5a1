"""What a server can do wrong on one connection, and what may come of it.

Each fault serves every request of a connection; a call makes one, since it has no retries.
"""

from __future__ import annotations

import gzip
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from tests.hostile.raw_server import Connection, answer, chunked

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.hostile.short_answers import Right

__all__ = ["FAULTS", "Fault"]

Expected = Literal["error", "right", "either"]
JSON = "application/json"


@dataclass(frozen=True)
class Fault:
    """A way to answer, and whether a caller may read the right answer, or an error, or either."""

    serve: Callable[[Connection, Right], None]
    expected: Expected = "error"
    kinds: Literal["whole", "streamed", ""] = ""
    """Which answers it is for; all if empty."""
    lost: str = ""
    """A character of the answer that it spoils, in whose place U+FFFD may be read."""


def _says(make: Callable[[Right], bytes], expected: Expected = "error", kinds: str = "") -> Fault:
    """A fault that reads the request, sends these bytes and closes."""

    def serve(connection: Connection, right: Right) -> None:
        connection.request()
        connection.send(make(right))

    return Fault(serve, expected, kinds)


def _head(right: Right, *lines: str) -> bytes:
    return "\r\n".join(
        ("HTTP/1.1 200 OK", f"content-type: {right.content_type}", *lines, "", "")
    ).encode()


def _reset_at_connect(connection: Connection, right: Right) -> None:
    connection.reset()


def _closed_at_connect(connection: Connection, right: Right) -> None:
    """Closes before it read anything."""


def _reset_after_request(connection: Connection, right: Right) -> None:
    connection.request()
    connection.reset()


def _reset_in_head(connection: Connection, right: Right) -> None:
    connection.request()
    connection.send(right.sent()[:25])
    connection.reset()


def _reset_after_head(connection: Connection, right: Right) -> None:
    connection.request()
    connection.send(_head(right, f"content-length: {len(right.body)}"))
    connection.reset()


def _reset_in_body(connection: Connection, right: Right) -> None:
    connection.request()
    connection.send(_head(right, f"content-length: {len(right.body)}"))
    connection.send(right.body[: len(right.body) // 2])
    time.sleep(0.01)  # so that what was sent is not lost with the connection
    connection.reset()


def _in_pieces(size: int) -> Callable[[Connection, Right], None]:
    def serve(connection: Connection, right: Right) -> None:
        connection.request()
        sent = right.sent()
        for start in range(0, len(sent), size):
            connection.send(sent[start : start + size])

    return serve


def _redirect(status: str) -> Fault:
    def make(right: Right) -> bytes:
        # To this server itself: whoever follows comes back, and reads the right answer.
        return answer(b"", status, JSON, "location: /elsewhere")

    def serve(connection: Connection, right: Right) -> None:
        request = connection.request() or b""
        if b" /elsewhere " in request.split(b"\r\n")[0]:
            connection.send(right.sent())
        else:
            connection.send(make(right))

    return Fault(serve)


def _chunks(change: Callable[[bytes], bytes], expected: Expected = "error") -> Fault:
    """A fault in the frame of an answer in chunks."""
    return _says(
        lambda right: change(
            chunked(right.body[:40], right.body[40:], content_type=right.content_type)
        ),
        expected,
    )


def _lines(end: bytes, expected: Expected = "right") -> Fault:
    return _says(lambda right: chunked(right.body.replace(b"\n", end)), expected, "streamed")


def _page(right: Right) -> bytes:
    return b"<!DOCTYPE html><html><head><title>Application error</title></head></html>"


FAULTS = {
    # Connections
    "reset at connect": Fault(_reset_at_connect),
    "closed at connect": Fault(_closed_at_connect),
    "reset after the request": Fault(_reset_after_request),
    "closed after the request": _says(lambda right: b""),
    "reset in the head": Fault(_reset_in_head),
    "reset after the head": Fault(_reset_after_head),
    "reset in the body": Fault(_reset_in_body),
    # Heads
    "half a head": _says(lambda right: right.sent()[:30]),
    "a head without its end": _says(lambda right: right.sent().partition(b"\r\n\r\n")[0] + b"\r\n"),
    "a head alone": _says(lambda right: _head(right, f"content-length: {len(right.body)}")),
    "a protocol of another kind": _says(lambda right: b"SSH-2.0-OpenSSH_9.6\r\n"),
    "a TLS alert": _says(lambda right: b"\x15\x03\x01\x00\x02\x02\x46"),
    "garbage": _says(lambda right: bytes(range(256)) * 4),
    "an ICY status line": _says(lambda right: right.sent().replace(b"HTTP/1.1", b"ICY", 1)),
    "HTTP/9.9": _says(lambda right: right.sent().replace(b"HTTP/1.1", b"HTTP/9.9", 1), "either"),
    "HTTP/1.0": _says(
        lambda right: answer(right.body, content_type=right.content_type).replace(
            b"HTTP/1.1", b"HTTP/1.0", 1
        ),
        "right",
    ),
    "a status that is not a number": _says(lambda right: right.sent().replace(b"200 OK", b"OK", 1)),
    "status 999": _says(lambda right: right.sent().replace(b"200 OK", b"999 Odd", 1)),
    "status 099": _says(lambda right: right.sent().replace(b"200 OK", b"099 Odd", 1)),
    "no reason": _says(lambda right: right.sent().replace(b"200 OK", b"200", 1), "right"),
    "a header without a colon": _says(
        lambda right: right.sent().replace(b"\r\n", b"\r\nno colon here\r\n", 1), "either"
    ),
    "a header with a NUL": _says(
        lambda right: right.sent().replace(b"\r\n", b"\r\nx-odd: a\0b\r\n", 1), "either"
    ),
    "a header in Latin-1": _says(
        lambda right: right.sent().replace(b"\r\n", b"\r\nx-city: M\xfcnchen\r\n", 1), "right"
    ),
    "a header of 1 MiB": _says(
        lambda right: right.sent().replace(b"\r\n", b"\r\nx-long: " + b"x" * 2**20 + b"\r\n", 1)
    ),
    "a thousand headers": _says(
        lambda right: right.sent().replace(b"\r\n", b"\r\nx-many: y" * 1000 + b"\r\n", 1), "either"
    ),
    "a folded header": _says(
        lambda right: right.sent().replace(b"\r\n", b"\r\nx-folded: a\r\n b\r\n", 1), "either"
    ),
    "a head with line feeds alone": _says(
        lambda right: right.sent().replace(b"\r\n", b"\n"), "either", "whole"
    ),
    # Answers before the answer, and instead of it
    "100 Continue first": _says(
        lambda right: b"HTTP/1.1 100 Continue\r\n\r\n" + right.sent(), "right"
    ),
    "103 Early Hints first": _says(
        lambda right: b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n" + right.sent(), "right"
    ),
    "102 five times first": _says(
        lambda right: b"HTTP/1.1 102 Processing\r\n\r\n" * 5 + right.sent(), "right"
    ),
    "101 Switching Protocols": _says(
        lambda right: (
            b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n"
            b"connection: upgrade\r\n\r\n\x81\x05Hello"
        )
    ),
    "301": _redirect("301 Moved Permanently"),
    "302": _redirect("302 Found"),
    "303": _redirect("303 See Other"),
    "307": _redirect("307 Temporary Redirect"),
    "308": _redirect("308 Permanent Redirect"),
    "a redirect to nowhere": _says(lambda right: answer(b"", "302 Found")),
    "204": _says(lambda right: b"HTTP/1.1 204 No Content\r\n\r\n"),
    "205": _says(lambda right: answer(b"", "205 Reset Content")),
    "206": _says(
        lambda right: right.sent().replace(b"200 OK", b"206 Partial Content", 1), "either"
    ),
    "304": _says(lambda right: b"HTTP/1.1 304 Not Modified\r\n\r\n"),
    # Lengths
    "a length that is too great": _says(
        lambda right: answer(
            right.body, content_type=right.content_type, length=len(right.body) + 9
        ),
        kinds="whole",
    ),
    "a length that is too great, in a stream": _says(
        lambda right: answer(
            right.body, content_type=right.content_type, length=len(right.body) + 9
        ),
        "right",
        kinds="streamed",
    ),
    "a length that is too small": _says(
        lambda right: answer(
            right.body, content_type=right.content_type, length=len(right.body) // 2
        )
    ),
    "a negative length": _says(
        lambda right: answer(right.body, content_type=right.content_type, length=-1), "either"
    ),
    "a length in words": _says(
        lambda right: _head(right, "content-length: many") + right.body, "either"
    ),
    "two lengths": _says(
        lambda right: (
            _head(right, f"content-length: {len(right.body)}", "content-length: 3") + right.body
        ),
    ),
    "a length and chunks": _says(
        lambda right: chunked(right.body, content_type=right.content_type).replace(
            b"\r\n", b"\r\ncontent-length: 3\r\n", 1
        ),
        "either",
    ),
    "no length": _says(lambda right: _head(right) + right.body, "right"),
    "a length of zero": _says(lambda right: _head(right, "content-length: 0")),
    # Chunks
    "a chunk whose size is a word": _chunks(lambda sent: sent.replace(b"28\r\n", b"zz\r\n", 1)),
    "a chunk whose size is negative": _chunks(lambda sent: sent.replace(b"28\r\n", b"-5\r\n", 1)),
    "a chunk whose size is too small": _chunks(lambda sent: sent.replace(b"28\r\n", b"20\r\n", 1)),
    "a chunk whose size is too great": _chunks(
        lambda sent: sent.replace(b"28\r\n", b"29\r\n", 1), "either"
    ),
    "a chunk of a terabyte": _chunks(
        lambda sent: sent.replace(b"28\r\n", b"10000000000\r\n", 1), "either"
    ),
    "a chunk whose size has 5000 digits": _chunks(
        lambda sent: sent.replace(b"28\r\n", b"0" * 5000 + b"28\r\n", 1), "either"
    ),
    "chunks with extensions": _chunks(
        lambda sent: sent.replace(b"28\r\n", b"28;name=value\r\n", 1), "right"
    ),
    "chunks with trailers": _chunks(
        lambda sent: sent.removesuffix(b"\r\n") + b"x-trailer: y\r\n\r\n", "right"
    ),
    "chunks cut in one": _chunks(lambda sent: sent[: sent.index(b"28\r\n") + 24]),
    "chunks that are not": _says(
        lambda right: _head(right, "transfer-encoding: chunked") + right.body
    ),
    "an encoding of transfers that nobody has": _says(
        lambda right: _head(right, "transfer-encoding: carrier-pigeon") + right.body, "either"
    ),
    # Bodies
    "an empty body": _says(lambda right: answer(b"", content_type=right.content_type)),
    "white space": _says(lambda right: answer(b" \r\n\t ", content_type=right.content_type)),
    "a page": _says(lambda right: answer(_page(right), content_type="text/html")),
    "a page that says it is an answer": _says(
        lambda right: answer(_page(right), content_type=right.content_type)
    ),
    "a page as 500": _says(
        lambda right: answer(_page(right), "500 Internal Server Error", "text/html")
    ),
    "an empty 500": _says(lambda right: answer(b"", "500 Internal Server Error")),
    "an error cut in its body": _says(
        lambda right: answer(b'{"error": {"code"', "503 Busy", JSON, length=500)
    ),
    "null": _says(lambda right: answer(b"null")),
    "a number": _says(lambda right: answer(b"42")),
    "an object": _says(lambda right: answer(b"{}")),
    "JSON that is cut": _says(
        lambda right: answer(right.body[: len(right.body) // 2]), kinds="whole"
    ),
    "a second document": _says(lambda right: answer(right.body + right.body), kinds="whole"),
    "plain text": _says(lambda right: answer(right.body, content_type="text/plain"), "either"),
    "no content type": _says(
        lambda right: answer(right.body).replace(b"content-type: application/json\r\n", b""),
        "right",
    ),
    "a content type of binary": _says(
        lambda right: answer(right.body, content_type="application/octet-stream"), "right"
    ),
    "another charset": _says(
        lambda right: answer(right.body, content_type=f"{right.content_type}; charset=latin-1"),
        "right",
    ),
    "an answer that says it is a stream": _says(
        lambda right: answer(right.body, content_type="text/event-stream"), "either", "whole"
    ),
    "a stream that says it is an answer": _says(
        lambda right: answer(right.body), "either", "streamed"
    ),
    "a byte order mark": _says(
        lambda right: answer(b"\xef\xbb\xbf" + right.body, content_type=right.content_type),
        "right",
    ),
    "UTF-16": _says(
        lambda right: answer(right.body.decode().encode("utf-16"), content_type=right.content_type),
        "either",
    ),
    "bytes that are not UTF-8": replace(
        _says(
            lambda right: answer(
                right.body.replace("ü".encode(), b"\xc3"), content_type=right.content_type
            ),
            "either",
        ),
        lost="ü",
    ),
    "gzip that is not": _says(
        lambda right: answer(right.body, "200 OK", right.content_type, "content-encoding: gzip")
    ),
    "gzip that is cut": _says(
        lambda right: answer(
            gzip.compress(right.body)[:-20], "200 OK", right.content_type, "content-encoding: gzip"
        )
    ),
    "gzip unasked": _says(
        lambda right: answer(
            gzip.compress(right.body), "200 OK", right.content_type, "content-encoding: gzip"
        ),
        "right",
    ),
    "an encoding that nobody has": _says(
        lambda right: answer(
            bytes(byte ^ 0x55 for byte in right.body),
            "200 OK",
            right.content_type,
            "content-encoding: zip9",
        )
    ),
    # Lines of streams
    "CR LF": _lines(b"\r\n"),
    "CR": _lines(b"\r"),
    "CR LF and LF": _says(
        lambda right: chunked(right.body.replace(b"\n\n", b"\r\n\n")), "right", "streamed"
    ),
    "LF and CR LF": _says(
        lambda right: chunked(right.body.replace(b"\n\n", b"\n\r\n")), "right", "streamed"
    ),
    "CR and LF apart": _says(
        lambda right: chunked(
            *(piece for line in right.body.split(b"\n") for piece in (line + b"\r", b"\n"))
        ),
        "right",
        "streamed",
    ),
    "blank lines first": _says(
        lambda right: chunked(b"\n\r\n\n" + right.body), "right", "streamed"
    ),
    "comments between": _says(
        lambda right: chunked(right.body.replace(b"\n\n", b"\n\n: ping\n\n:\n\n")),
        "right",
        "streamed",
    ),
    "fields that nobody knows": _says(
        lambda right: chunked(right.body.replace(b"data:", b"id: 7\nretry: 10\nodd\ndata:")),
        "right",
        "streamed",
    ),
    "events that nobody knows": _says(
        lambda right: chunked(
            right.body.replace(b"\n\n", b'\n\nevent: future\ndata: {"type":"future"}\n\n', 1)
        ),
        "either",
        "streamed",
    ),
    "no spaces after colons": _says(
        lambda right: chunked(
            right.body.replace(b"data: ", b"data:").replace(b"event: ", b"event:")
        ),
        "right",
        "streamed",
    ),
    "a stream of one event's beginning": _says(
        lambda right: chunked(right.body[:25]), kinds="streamed"
    ),
    "a stream of comments": _says(lambda right: chunked(b": ping\n\n" * 50), kinds="streamed"),
    "a stream of its end mark": _says(lambda right: chunked(b"data: [DONE]\n\n"), kinds="streamed"),
    # Pieces
    "a byte at a time": Fault(_in_pieces(1), "right"),
    "seven bytes at a time": Fault(_in_pieces(7), "right"),
}
