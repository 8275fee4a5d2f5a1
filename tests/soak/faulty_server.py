"""The emulator behind a relay that spoils a share of its answers.

It runs in a process of its own (`python -m tests.soak.faulty_server`), so that the files and the
memory of a soak are those of the library alone. It prints its addresses and its key as a line of
JSON, and ends when its standard input does.
"""

from __future__ import annotations

import argparse
import gzip
import http.client
import json
import random
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from heroku_emulator import Emulator
from tests.hostile.raw_server import Connection, RawServer, answer

if TYPE_CHECKING:
    from collections.abc import Callable

SOON = "retry-after-ms: 1"
_FRAMING = {"connection", "content-length", "transfer-encoding", "keep-alive"}


@dataclass(frozen=True)
class Answer:
    """The emulator's answer, whole."""

    status: str
    headers: list[str]
    body: bytes
    streamed: bool

    def sent(self, *more: str, body: bytes | None = None) -> bytes:
        """It again, with its length."""
        body = self.body if body is None else body
        lines = (self.status, *self.headers, *more, f"content-length: {len(body)}", "", "")
        return "\r\n".join(lines).encode("latin-1") + body

    def in_chunks(self) -> bytes:
        """It again, in chunks, as streams come."""
        lines = (self.status, *self.headers, "transfer-encoding: chunked", "", "")
        pieces = (self.body[at : at + 400] for at in range(0, len(self.body), 400))
        chunks = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
        return "\r\n".join(lines).encode("latin-1") + chunks + b"0\r\n\r\n"


class LeaveError(Exception):
    """The connection ends here."""


def _reset(connection: Connection, right: Answer) -> None:
    connection.reset()
    raise LeaveError


def _close(connection: Connection, right: Answer) -> None:
    raise LeaveError


def _cut(connection: Connection, right: Answer) -> None:
    sent = right.in_chunks() if right.streamed else right.sent()
    connection.send(sent[: random.randrange(len(sent))])
    raise LeaveError


def _cut_and_reset(connection: Connection, right: Answer) -> None:
    sent = right.sent()
    connection.send(sent[: random.randrange(len(sent))])
    _reset(connection, right)


def _says(status: str, body: bytes, kind: str = "application/json") -> Callable[..., None]:
    def serve(connection: Connection, right: Answer) -> None:
        connection.send(answer(body, status, kind, SOON))

    return serve


def _error_event(connection: Connection, right: Answer) -> None:
    if not right.streamed:
        connection.send(answer(b'{"error": {"code": 503, "message": "busy"}}', "503 Busy"))
        return
    frames = right.body.split(b"\n\n")
    kept = b"\n\n".join(frames[: random.randrange(len(frames))])
    error = b'\n\nevent: error\ndata: {"error": {"code": 503, "message": "busy"}}\n\n'
    connection.send(right.sent(body=kept + error))


def _garbage(connection: Connection, right: Answer) -> None:
    connection.send(random.randbytes(200))
    raise LeaveError


def _late(connection: Connection, right: Answer) -> None:
    time.sleep(random.random() / 5)
    connection.send(right.sent())


def _in_pieces(connection: Connection, right: Answer) -> None:
    sent = right.in_chunks() if right.streamed else right.sent()
    for start in range(0, len(sent), 997):
        connection.send(sent[start : start + 997])
        time.sleep(0.001)


def _packed(connection: Connection, right: Answer) -> None:
    connection.send(right.sent("content-encoding: gzip", body=gzip.compress(right.body)))


def _too_much(connection: Connection, right: Answer) -> None:
    connection.send(right.sent() + b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")


def _then_close(connection: Connection, right: Answer) -> None:
    connection.send(right.sent())
    raise LeaveError


FAULTS: list[Callable[[Connection, Answer], None]] = [
    _reset,
    _close,
    _cut,
    _cut,
    _cut_and_reset,
    _error_event,
    _garbage,
    _late,
    _in_pieces,
    _packed,
    _too_much,
    _then_close,
    _says("429 Too Many Requests", b'{"error": {"code": 429, "message": "slow down"}}'),
    _says("503 Busy", b'{"error": {"code": 503, "message": "busy"}}'),
    _says("500 Internal Server Error", b"<html>Application error</html>", "text/html"),
    _says("408 Request Timeout", b'{"error": {"code": 408, "message": "too long"}}'),
    _says("200 OK", b"<html>Maintenance</html>", "text/html"),
    _says("200 OK", b"{}"),
    _says("302 Found", b""),
]


def relay(url: str, share: float) -> Callable[[Connection], None]:
    """Passes requests on, and spoils that share of the answers."""
    host = urlsplit(url).netloc

    def handle(connection: Connection) -> None:
        emulator = http.client.HTTPConnection(host, timeout=60)
        try:
            while (request := connection.request()) is not None:
                right = _asked(emulator, request)
                if random.random() < share:
                    random.choice(FAULTS)(connection, right)
                else:
                    connection.send(right.in_chunks() if right.streamed else right.sent())
        except LeaveError:
            pass
        finally:
            emulator.close()

    return handle


def _asked(emulator: http.client.HTTPConnection, request: bytes) -> Answer:
    head, _, body = request.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, path, _ = first.split(" ")
    headers = dict(line.split(": ", 1) for line in lines)
    kept = {name: value for name, value in headers.items() if name.lower() not in _FRAMING}
    emulator.request(method, path, body or None, kept)
    came = emulator.getresponse()
    return Answer(
        f"HTTP/1.1 {came.status} {came.reason}",
        [f"{name}: {value}" for name, value in came.getheaders() if name.lower() not in _FRAMING],
        came.read(),
        came.headers.get_content_type() == "text/event-stream",
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.soak.faulty_server")
    parser.add_argument("--share", type=float, default=0.25)
    share = parser.parse_args().share
    with Emulator(engine="deterministic") as emulator:
        emulator.switch(rate_limit_headers=False)
        with RawServer(relay(emulator.url, share)) as server:
            addresses = {"clean": emulator.url, "faulty": server.url, "key": emulator.api_key}
            print(json.dumps(addresses), flush=True)
            while sys.stdin.readline():
                emulator.reset()  # the journal of a long run would fill the memory
                emulator.switch(rate_limit_headers=False)


if __name__ == "__main__":
    main()
