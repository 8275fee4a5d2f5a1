"""What is between a call and its connection: compressed bodies, proxies, names of hosts."""

from __future__ import annotations

import base64
import gzip
import json
import socket
import threading
import zlib

import pytest

from heroku_emulator import RawBody
from heroku_inference import APIConnectionError, close_connections

from .conftest import HELLO

_MESSAGE = {"index": 0, "finish_reason": "stop", "message": {"content": "Hello!"}}
_ANSWER = json.dumps({"id": "1", "choices": [_MESSAGE]}).encode()
_EVENTS = b'data: {"choices":[{"delta":{"content":"Hello!"},"finish_reason":"stop"}]}\n\n'


@pytest.fixture
def head():
    """An address that takes one request, beside the lines it began with; it answers as a proxy."""
    close_connections()
    lines: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                lines.extend(connection.recv(65536).decode().split("\r\n"))
                connection.sendall(
                    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n"
                    b"content-length: %d\r\n\r\n%b" % (len(_ANSWER), _ANSWER)
                )

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}", lines
        thread.join(5)
    close_connections()


@pytest.mark.parametrize(
    ("encoding", "compress"), [("gzip", gzip.compress), ("deflate", zlib.compress)]
)
def test_a_compressed_answer_is_read(emulator, calls, encoding, compress):
    emulator.script(RawBody(compress(_ANSWER), headers={"content-encoding": encoding}))
    assert calls.chat(HELLO).text == "Hello!"


def test_a_stream_compressed_against_our_wish_is_read(emulator, calls):
    stream, headers = gzip.compress(_EVENTS), {"content-encoding": "gzip"}
    emulator.script(RawBody(stream, content_type="text/event-stream", headers=headers))
    assert [chunk.text for chunk in calls.stream(HELLO)] == ["Hello!"]


def test_a_damaged_compressed_answer_is_a_failed_connection(emulator, make_calls):
    emulator.script(RawBody(b"no gzip at all", headers={"content-encoding": "gzip"}))
    with pytest.raises(APIConnectionError):
        make_calls(max_retries=0).chat(HELLO)


def test_a_proxy_gets_its_user_and_password(head, make_calls, monkeypatch):
    address, lines = head
    monkeypatch.setenv("HTTP_PROXY", f"http://ada:p%40ss@{address}")
    calls = make_calls(base_url="http://api.invalid:8080/one", max_retries=0)
    assert calls.chat(HELLO).text == "Hello!"
    assert lines[0] == "POST http://api.invalid:8080/one/v1/chat/completions HTTP/1.1"
    sent = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
    assert sent["host"] == "api.invalid:8080"
    shown = base64.b64encode(b"ada:p@ss").decode()
    assert sent["proxy-authorization"] == f"basic {shown}".lower()


def test_an_encrypted_connection_through_a_proxy_begins_with_connect(head, make_calls, monkeypatch):
    address, lines = head
    monkeypatch.setenv("HTTPS_PROXY", f"http://{address}")
    with pytest.raises(APIConnectionError):  # what answers here cannot encrypt
        make_calls(base_url="https://api.invalid", max_retries=0).chat(HELLO)
    assert lines[0] == "CONNECT api.invalid:443 HTTP/1.1"
    assert not any("authorization" in line.lower() for line in lines)


def test_a_host_name_outside_ascii_is_sent_as_dns_knows_it(head, make_calls, monkeypatch):
    address, lines = head
    monkeypatch.setenv("HTTP_PROXY", f"http://{address}")
    assert make_calls(base_url="http://bücher.invalid").chat(HELLO).text
    assert lines[0] == "POST http://xn--bcher-kva.invalid/v1/chat/completions HTTP/1.1"


def test_a_host_header_of_the_user_replaces_the_usual_one(head, make_calls):
    address, lines = head
    calls = make_calls(base_url=f"http://{address}", default_headers={"Host": "api.invalid"})
    assert calls.chat(HELLO).text
    assert [line for line in lines if line.lower().startswith("host:")] in (
        ["host: api.invalid"],
        ["Host: api.invalid"],
    )
