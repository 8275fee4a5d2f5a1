"""Bodies without end, and bodies that unpack to more than memory holds."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from functools import cache

import pytest

from heroku_inference import InvalidResponseError, ServerError
from tests.hostile.raw_server import STREAM, Connection, answer, chunked, completion

MIB = 2**20


@cache
def bomb() -> bytes:
    """600 MiB of spaces in 600 KB."""
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    piece = b" " * MIB
    return b"".join(packer.compress(piece) for _ in range(600)) + packer.flush()


def growth(call: object) -> float:
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1] / MIB
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("status", ["200 OK", "500 Internal Server Error"])
def test_a_bomb_is_not_unpacked(calls, serve, status):
    packed = "content-encoding: gzip"
    server = serve(
        lambda connection: (
            connection.request(),
            connection.send(answer(bomb(), status, "application/json", packed)),
        )
    )
    expected = InvalidResponseError if status.startswith("200") else ServerError

    def call() -> None:
        with pytest.raises(expected):
            calls.chat(server.url)

    assert growth(call) < 200


@pytest.mark.parametrize("status", [b"200 OK", b"500 Internal Server Error"])
def test_a_body_without_end_is_cut(own_calls, serve, status):
    def handle(connection: Connection) -> None:
        connection.request()
        connection.send(
            chunked(content_type="application/json", end=False).replace(b"200 OK", status)
        )
        piece = b"%x\r\n%s\r\n" % (MIB, b"x" * MIB)
        while True:
            connection.send(piece)

    server = serve(handle)
    expected = InvalidResponseError if status.startswith(b"200") else ServerError

    def call() -> None:
        with pytest.raises(expected):
            own_calls.chat(server.url)

    assert growth(call) < 200


def test_a_line_without_end_is_cut(calls, serve):
    def handle(connection: Connection) -> None:
        connection.request()
        connection.send(chunked(b"data: ", end=False))
        piece = b"%x\r\n%s\r\n" % (MIB, b"x" * MIB)
        while True:
            connection.send(piece)

    server = serve(handle)

    def call() -> None:
        with pytest.raises(InvalidResponseError):
            calls.stream(server.url)

    assert growth(call) < 200


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", lambda data: zlib.compress(data)[2:-4]),
        ("gzip", lambda data: gzip.compress(data[:9]) + gzip.compress(data[9:])),
    ],
    ids=["gzip", "deflate", "bare deflate", "gzip in two parts"],
)
def test_compressed_answers_are_read(own_calls, serve, encoding, pack):
    packed = pack(completion("Hi"))
    server = serve(
        lambda connection: (
            connection.request(),
            connection.send(
                answer(packed, "200 OK", "application/json", f"content-encoding: {encoding}")
            ),
        )
    )
    assert own_calls.chat(server.url) == ["Hi"]


def test_a_compressed_answer_that_was_cut_is_no_answer(own_calls, serve):
    packed = gzip.compress(completion("Hi"))[:-9]
    server = serve(
        lambda connection: (
            connection.request(),
            connection.send(answer(packed, "200 OK", "application/json", "content-encoding: gzip")),
        )
    )
    with pytest.raises(Exception, match="ends early"):
        own_calls.chat(server.url)


def test_a_compressed_stream_is_read(calls, serve):
    head, body = chunked(gzip.compress(STREAM)).split(b"\r\n\r\n", 1)
    server = serve(
        lambda connection: (
            connection.request(),
            connection.send(head + b"\r\ncontent-encoding: gzip\r\n\r\n" + body),
        )
    )
    assert calls.stream(server.url) == ["Hi"]
