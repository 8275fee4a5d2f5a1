"""Bodies without end, and bodies that unpack to more than memory holds."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from functools import cache
from typing import TYPE_CHECKING

import pytest

from heroku_inference import InvalidResponseError, ServerError
from tests.hostile.raw_server import STREAM, Connection, answer, chunked, completion, event
from tests.hostile.ways import WAYS, outcome

if TYPE_CHECKING:
    from collections.abc import Callable

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
    server = serve(with_a_bomb(status))
    expected = InvalidResponseError if status.startswith("200") else ServerError

    def call() -> None:
        with pytest.raises(expected):
            calls.chat(server.url)

    assert growth(call) < 200


def with_a_bomb(status: str) -> Callable[[Connection], None]:
    def handle(connection: Connection) -> None:
        connection.request()
        connection.send(answer(bomb(), status, "application/json", "content-encoding: gzip"))

    return handle


@pytest.mark.parametrize("status", ["200 OK", "500 Internal Server Error"])
def test_a_body_without_end_is_cut(own_calls, serve, status):
    server = serve(without_end(status))
    expected = InvalidResponseError if status.startswith("200") else ServerError

    def call() -> None:
        with pytest.raises(expected):
            own_calls.chat(server.url)

    assert growth(call) < 200


def without_end(status: str) -> Callable[[Connection], None]:
    def handle(connection: Connection) -> None:
        connection.request()
        head = chunked(content_type="application/json", end=False)
        connection.send(head.replace(b"200 OK", status.encode()))
        piece = b"%x\r\n%s\r\n" % (MIB, b"x" * MIB)
        while True:
            connection.send(piece)

    return handle


@pytest.mark.parametrize("body", [with_a_bomb, without_end])
@pytest.mark.parametrize(
    "name",
    ["Client.embed", "AsyncClient.embed", "Client.generate_image", "AsyncClient.generate_image"],
)
def test_vectors_and_pictures_have_the_same_bound(serve, name, body):
    [way] = [way for way in WAYS if way.name == name]
    server = serve(body("200 OK"))

    def call() -> None:
        assert isinstance(outcome(way, server.url), InvalidResponseError)

    assert growth(call) < 200


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of LlamaIndex's workflows
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_an_option_sets_the_bound(serve, way):
    server = serve(lambda connection: (connection.request(), connection.send(way.right.sent())))
    right = outcome(way, server.url, max_response_bytes=len(way.right.body))
    assert right == way.right.read
    refused = outcome(way, server.url, max_response_bytes=20)
    assert isinstance(refused, InvalidResponseError)
    assert refused.problem.endswith("has more than 20 bytes.")
    assert "max_response_bytes" in refused.remedy


def test_the_option_lets_larger_answers_in(calls, serve):
    large = completion("Hi").ljust(65 * MIB)
    streamed = STREAM.replace(event("Hi"), event("Hi").rstrip().ljust(17 * MIB) + b"\n\n")

    def handle(connection: Connection) -> None:
        asked = connection.request()
        connection.send(chunked(streamed) if b'"stream":true' in asked else answer(large))

    server = serve(handle)
    assert calls.chat(server.url, max_response_bytes=65 * MIB) == ["Hi"]
    assert calls.stream(server.url, max_response_bytes=18 * MIB) == ["Hi"]
    with pytest.raises(InvalidResponseError, match="more than 67,108,864 bytes"):
        calls.chat(server.url)
    with pytest.raises(InvalidResponseError, match="an event of it has more than 16,777,216 bytes"):
        calls.stream(server.url)


def test_a_compressed_piece_may_hold_many_events(own_calls, serve):
    events = b"".join(event(f"{number},") for number in range(300)) + event("", "stop")
    head, body = chunked(gzip.compress(events + b"data: [DONE]\n\n")).split(b"\r\n\r\n", 1)
    packed = head + b"\r\ncontent-encoding: gzip\r\n\r\n" + body
    server = serve(lambda connection: (connection.request(), connection.send(packed)))
    [text] = own_calls.stream(server.url, max_response_bytes=200)
    assert text == "".join(f"{number}," for number in range(300))


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


def test_a_stream_that_is_summed_up_has_the_bound_of_a_whole_answer(calls, serve):
    def handle(connection: Connection) -> None:
        if b'"stream":true' not in connection.request():
            connection.send(
                answer(
                    b"", "408 Request Timeout", "text/plain", "retry-after: 0", "connection: close"
                )
            )
            return
        connection.send(chunked(end=False))
        piece = event("x" * 1000)
        while True:
            connection.send(b"%x\r\n%s\r\n" % (len(piece), piece))

    server = serve(handle)
    with pytest.raises(InvalidResponseError, match="it has more than 1,048,576 bytes"):
        calls.chat(server.url, max_retries=1, max_response_bytes=MIB)


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
