"""What servers do to connections: leave them, say too much, or hold them open."""

from __future__ import annotations

import asyncio
import os
import time

import pytest

from heroku_inference import (
    APIConnectionError,
    APITimeoutError,
    AsyncClient,
    Client,
    ConfigError,
    RetryEvent,
    SharedRateLimit,
)
from heroku_inference._http import rate_gate
from tests.hostile.raw_server import STREAM, Connection, answer, chunked, completion, event

HELLO = [{"role": "user", "content": "Hello"}]
KEY = "inf-made-up-key-of-hostile-tests"


@pytest.mark.parametrize("leave", [Connection.reset, lambda _: None], ids=["reset", "closed"])
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_a_connection_that_the_server_left_costs_no_retry(own_calls, serve, leave, streamed):
    def handle(connection: Connection) -> None:
        connection.request()
        connection.send(chunked(STREAM) if streamed else answer(completion("Hi")))
        if connection.number == 1:
            connection.request()  # the second call, on the used connection
            leave(connection)
        else:
            connection.request()

    retries: list[RetryEvent] = []
    server = serve(handle)
    run = own_calls.stream if streamed else own_calls.chat
    began = time.monotonic()
    assert run(server.url, calls=2, on_retry=retries.append) == ["Hi", "Hi"]
    assert time.monotonic() - began < 0.4  # a counted retry waits longer
    assert (server.requests, len(server.connections), retries) == (3, 2, [])


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_a_request_that_is_sent_again_takes_its_turn_again(own_calls, serve, streamed, tmp_path):
    came: list[float] = []

    def handle(connection: Connection) -> None:
        connection.request()
        came.append(time.monotonic())
        connection.send(chunked(STREAM) if streamed else answer(completion("Hi")))
        if connection.number == 1:
            connection.request()  # the second call, on the used connection
            came.append(time.monotonic())
            connection.reset()
        else:
            connection.request()

    server = serve(handle)
    run = own_calls.stream if streamed else own_calls.chat
    limit = SharedRateLimit(tmp_path / "limit", requests="2/s")
    assert run(server.url, calls=2, rate_limiter=limit) == ["Hi", "Hi"]
    _, once, again = came
    assert again - once > 0.3


def test_a_request_that_is_sent_again_goes_at_once_where_it_may_not_wait(
    own_calls, serve, tmp_path
):
    def handle(connection: Connection) -> None:
        connection.request()
        connection.send(answer(completion("Hi")))
        if connection.number == 1:
            connection.request()
            connection.reset()

    server = serve(handle)
    limit = SharedRateLimit(tmp_path / "limit", requests="60/min")
    options = {"rate_limiter": limit, "rate_limit_timeout": 1.5}
    began = time.monotonic()
    assert own_calls.chat(server.url, calls=2, **options) == ["Hi", "Hi"]
    assert time.monotonic() - began < 2.5


def test_an_attempt_that_the_server_left_says_nothing_of_its_limit(own_calls, serve):
    def handle(connection: Connection) -> None:
        connection.request()
        connection.send(answer(completion("Hi")))
        if connection.number == 1:
            connection.request()
            connection.reset()

    server = serve(handle)
    assert own_calls.chat(server.url, calls=2) == ["Hi", "Hi"]
    [gate] = [gate for (url, *_), gate in rate_gate._gates.items() if server.url in url]
    assert (server.requests, len(gate._starts)) == (3, 2)


def test_a_failure_on_a_fresh_connection_counts(own_calls, serve):
    server = serve(lambda connection: (connection.request(), connection.reset()))
    with pytest.raises(Exception, match="failed"):
        own_calls.chat(server.url)
    assert server.requests == 1


@pytest.mark.parametrize("kind", [Client, AsyncClient], ids=["sync", "async"])
def test_an_agent_never_starts_on_a_used_connection(serve, kind):
    frames = chunked(event("Hi"), event("", "stop"), b"event: done\ndata: [DONE]\n\n")

    def handle(connection: Connection) -> None:
        while (request := connection.request()) is not None:
            agent = b"/agents/" in request.split(b"\r\n")[0]
            connection.send(frames if agent else answer(completion("Hi")))

    server = serve(handle)
    options = {"api_key": KEY, "base_url": server.url, "model": "m"}

    async def run() -> None:
        client = AsyncClient(**options)
        await client.chat(HELLO)
        await client.run_agent(HELLO)
        await client.chat(HELLO)

    if kind is Client:
        client = Client(**options)
        client.chat(HELLO)
        client.run_agent(HELLO)
        client.chat(HELLO)
    else:
        asyncio.run(run())
    assert [connection.requests for connection in server.connections] == [2, 1]


@pytest.mark.parametrize(
    "extra",
    [answer(completion("of another")), answer(completion("of another"))[:90], b"garbage", b"\r\n"],
    ids=["answer", "half", "garbage", "line"],
)
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_bytes_after_an_answer_are_not_the_next_answer(own_calls, serve, extra, streamed):
    def handle(connection: Connection) -> None:
        while connection.request() is not None:
            right = chunked(STREAM) if streamed else answer(completion("Hi"))
            connection.send(right + extra)

    server = serve(handle)
    run = own_calls.stream if streamed else own_calls.chat
    try:
        assert run(server.url, calls=3) == ["Hi"] * 3
    except APIConnectionError:
        # aiohttp takes no answer that has such bytes right behind it.
        assert (own_calls.name, extra) == ("async", b"garbage")


@pytest.mark.parametrize("part", ["head", "body"])
@pytest.mark.parametrize("status", ["200 OK", "500 Internal Server Error"])
def test_a_trickle_ends_at_the_deadline(calls, serve, part, status):
    def handle(connection: Connection) -> None:
        connection.request()
        head = f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: 9999\r\n"
        connection.send(head.encode())
        if part == "body":
            connection.send(b"\r\n")
        for _ in range(200):
            connection.send(b"x: y\r\n" if part == "head" else b" ")
            time.sleep(0.05)

    if part == "head" and calls.name in {"httpx", "httpx2"}:
        pytest.skip("a caller's own blocking client reads the head by its own rules")
    began = time.monotonic()
    with pytest.raises(APITimeoutError):
        calls.chat(serve(handle).url, timeout=0.5)
    assert time.monotonic() - began < 1.5


def test_a_stream_whose_head_trickles_ends_at_the_timeout(own_calls, serve):
    def handle(connection: Connection) -> None:
        connection.request()
        connection.send(b"HTTP/1.1 200 OK\r\n")
        for _ in range(200):
            connection.send(b"x: y\r\n")
            time.sleep(0.05)

    began = time.monotonic()
    with pytest.raises(APITimeoutError):
        own_calls.stream(serve(handle).url, timeout=0.5)
    assert time.monotonic() - began < 1.5


def test_a_long_stream_outlives_the_timeout_of_its_events(calls, serve):
    def handle(connection: Connection) -> None:
        connection.request()
        connection.send(chunked(end=False))
        for _ in range(8):
            connection.send(chunked(event("a")).split(b"\r\n\r\n", 1)[1].removesuffix(b"0\r\n\r\n"))
            time.sleep(0.15)
        connection.send(b"%x\r\n%s\r\n0\r\n\r\n" % (len(STREAM), STREAM))

    assert calls.stream(serve(handle).url, timeout=0.6) == ["aaaaaaaaHi"]


def test_a_body_held_open_after_its_end_mark_costs_little(calls, serve):
    def handle(connection: Connection) -> None:
        connection.request()
        connection.send(chunked(STREAM, end=False))
        time.sleep(5)

    began = time.monotonic()
    assert calls.stream(serve(handle).url) == ["Hi"]
    assert time.monotonic() - began < 0.8


@pytest.mark.parametrize(
    "first",
    [
        b'data: {"error": {"code": 429, "message": "slow down"}}\n\n',
        b'event: error\ndata: {"code": 503, "message": "busy"}\n\n',
        b'data: {"error": {"type": "overloaded_error", "message": "busy", "code": 529}}\n\n',
    ],
    ids=["429", "503", "529"],
)
def test_a_stream_that_begins_with_a_temporary_error_is_tried_again(calls, serve, first):
    def handle(connection: Connection) -> None:
        while connection.request() is not None:
            begin = server.requests == 1
            connection.send(chunked(first if begin else STREAM))

    server = serve(handle)
    assert calls.stream(server.url, max_retries=1) == ["Hi"]
    assert server.requests == 2


def test_an_error_after_the_first_word_is_not_tried_again(calls, serve):
    broken = event("Hi") + b'data: {"error": {"code": 503, "message": "busy"}}\n\n'
    server = serve(lambda connection: (connection.request(), connection.send(chunked(broken))))
    with pytest.raises(Exception, match="busy"):
        calls.stream(server.url, max_retries=2)
    assert server.requests == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the platform has no fork")
def test_a_child_forked_inside_a_loop_is_told_what_to_do(serve):
    def handle(connection: Connection) -> None:
        while connection.request() is not None:
            connection.send(answer(completion("Hi")))

    server = serve(handle)
    client = AsyncClient(api_key=KEY, base_url=server.url, model="m")

    async def run() -> int:
        await client.chat(HELLO)
        if (child := os.fork()) == 0:
            os._exit(await in_child(client))
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])  # noqa: ASYNC222 - it is short

    assert asyncio.run(run()) == 0


async def in_child(client: AsyncClient) -> int:
    try:
        await client.chat(HELLO)
    except ConfigError as error:
        return 0 if "asyncio.run" in str(error) else 2
    return 1
