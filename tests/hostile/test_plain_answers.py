"""Plain answers, which blocking calls read themselves, and all others, which h11 reads."""

from __future__ import annotations

import logging

import h11
import httpcore2
import pytest

from heroku_inference import APIConnectionError, Client
from heroku_inference._http import plain_connections
from heroku_inference._http.plain_bodies import ChunkedBody
from heroku_inference._http.plain_connections import PlainConnection, fits_library
from tests.hostile.raw_server import STREAM, Connection, answer, chunked, completion

HELLO = [{"role": "user", "content": "Hello"}]
KEY = "inf-made-up-key-of-hostile-tests"

BODIES = (
    b"3\r\nabc\r\n0\r\n\r\n",
    b"2\r\n\r\n\r\n1\r\n0\r\n00A\r\n0123456789\r\n0\r\n\r\n",
    b'1;a=b\r\nx\r\n2;c="d"\r\nyz\r\n000\r\nx-checksum: 1\r\nx-other: 2\r\n\r\n',
    b"1\r\nx\r\n0\r\n\nx",
    b"0\r\n\r\n",
    b"2\r\nabc\r\n0\r\n\r\n",
    b"1\r\nxab0\r\n\r\n",
    b"-1\r\nx\r\n0\r\n\r\n",
    b"0x1\r\nx\r\n0\r\n\r\n",
    b"1\nx\r\n0\r\n\r\n",
    b"\r\n1\r\nx\r\n0\r\n\r\n",
    b"1\r\nx\r0\r\n\r\n",
    b"fffffffffffffffffffff\r\nx\r\n0\r\n\r\n",
)
WRONG = "wrong"


def read_here(pieces):
    body, found = ChunkedBody(), b""
    for piece in pieces:
        found += body.feed(piece)
        if body.done:
            return found
        if body.wrong is not None:
            return WRONG
    return None


def read_by_h11(pieces):
    connection, found = h11.Connection(h11.CLIENT), b""
    connection.send(h11.Request(method="GET", target="/", headers=[("host", "h")]))
    connection.send(h11.EndOfMessage())
    connection.receive_data(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
    connection.next_event()
    try:
        for piece in pieces:
            connection.receive_data(piece)
            while (event := connection.next_event()) is not h11.NEED_DATA:
                if isinstance(event, h11.EndOfMessage):
                    return found
                found += event.data
    except h11.RemoteProtocolError:
        return WRONG
    return None


def test_a_chunked_body_is_read_as_h11_reads_it_however_it_is_cut():
    for body in BODIES:
        expected = read_by_h11([body])
        assert read_here([body]) == expected, body
        assert read_here([body[at : at + 1] for at in range(len(body))]) == expected, body
        for cut in range(1, len(body)):
            assert read_here([body[:cut], body[cut:]]) == expected, (body, cut)
            if expected != WRONG:
                assert read_here([body[:cut]]) == read_by_h11([body[:cut]]), (body, cut)


PLAIN = answer(completion("Hi"))
HEAD, _, BODY = PLAIN.partition(b"\r\n\r\n")
LENGTH = b"content-length: %d" % len(BODY)
TYPE = b"content-type: application/json"
ODD = {
    "an early answer": b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n" + PLAIN,
    "bare line feeds": HEAD.replace(b"\r\n", b"\n") + b"\n\n" + BODY,
    "a folded header": HEAD + b"\r\nx-long: one\r\n two\r\n\r\n" + BODY,
    "the length twice": HEAD + b"\r\n" + LENGTH + b"\r\n\r\n" + BODY,
    "two framings": chunked(BODY).replace(b"\r\n", b"\r\ncontent-length: 3\r\n", 1),
    "HTTP/1.0": HEAD.replace(b"1.1", b"1.0") + b"\r\n\r\n" + BODY,
    "no length": HEAD.replace(LENGTH, b"x-none: 1") + b"\r\n\r\n" + BODY,
}
CLOSES = {"HTTP/1.0", "no length"}


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("at_once", [True, False], ids=["at once", "byte by byte"])
def test_h11_reads_what_is_not_plain_between_plain_answers(serve, odd, at_once):
    def handle(connection: Connection) -> None:
        while connection.request() is not None:
            is_second = sum(other.requests for other in server.connections) == 2
            data = ODD[odd] if is_second else PLAIN
            connection.send(*([data] if at_once else (data[i : i + 1] for i in range(len(data)))))
            if is_second and odd in CLOSES:
                return

    server = serve(handle)
    client = Client(api_key=KEY, base_url=server.url, model="m", max_retries=0)
    assert [client.chat(HELLO).text for _ in range(3)] == ["Hi"] * 3
    assert len(server.connections) == (2 if odd in CLOSES else 1)


@pytest.mark.parametrize("line", [b"content-length: 3", b"x-a: 1\0 2", b"x a: 1", b"x-a: 1\r2"])
def test_a_head_that_h11_refuses_is_refused(serve, line):
    server = serve(lambda c: (c.request(), c.send(HEAD + b"\r\n" + line + b"\r\n\r\n" + BODY)))
    client = Client(api_key=KEY, base_url=server.url, model="m", max_retries=0)
    with pytest.raises(APIConnectionError, match="RemoteProtocolError"):
        client.chat(HELLO)


def test_a_stream_is_whole_although_nonsense_follows_in_the_same_read(serve):
    server = serve(lambda c: (c.request(), c.send(chunked(STREAM, end=False) + b"nonsense\r\n")))
    client = Client(api_key=KEY, base_url=server.url, model="m", max_retries=0)
    assert "".join(chunk.text for chunk in client.stream_chat(HELLO)) == "Hi"


def test_what_is_sent_does_not_depend_on_who_reads(serve, caplog):
    sent: list[bytes] = []

    def handle(connection: Connection) -> None:
        while (request := connection.request()) is not None:
            sent.append(request)
            connection.send(chunked(STREAM) if b'"stream":true' in request else PLAIN)

    server = serve(handle)
    client = Client(api_key=KEY, base_url=server.url, model="m", default_headers={"X-Team": "a  b"})
    for level in (logging.WARNING, logging.DEBUG):  # with its log, the library does all by itself
        caplog.set_level(level, "httpcore2.http11")
        assert client.chat(HELLO).text == "Hi"
        assert "".join(chunk.text for chunk in client.stream_chat(HELLO)) == "Hi"
    assert sent[:2] == sent[2:]
    assert len(server.connections) == 1


def test_the_installed_library_has_what_plain_connections_build_on():
    assert fits_library()  # otherwise calls are right, but a third slower


def test_without_it_the_library_reads_every_answer(serve, monkeypatch):
    monkeypatch.setitem(
        plain_connections._BUILT_ON, httpcore2.HTTPConnection, frozenset({"_renamed"})
    )
    monkeypatch.setattr(PlainConnection, "handle_request", None)  # not to be called
    server = serve(lambda c: (c.request(), c.send(answer(completion("Hi")))))
    client = Client(api_key=KEY, base_url=server.url, model="m", max_retries=0)
    assert client.chat(HELLO).text == "Hi"


@pytest.mark.parametrize("sent", [PLAIN, chunked(BODY)], ids=["with a length", "in chunks"])
def test_a_connection_with_more_behind_an_answer_is_not_used_again(serve, sent):
    def handle(connection: Connection) -> None:
        while connection.request() is not None:
            connection.send(sent + b"HTTP/1.1 200 OK\r\n")  # the beginning of another's

    server = serve(handle)
    client = Client(api_key=KEY, base_url=server.url, model="m", max_retries=0)
    assert [client.chat(HELLO).text for _ in range(2)] == ["Hi", "Hi"]
    assert len(server.connections) == 2
