"""Errors hold nothing by which a key or a password could be found: not in any corner."""

from __future__ import annotations

import time

import pytest

from heroku_inference import (
    APIConnectionError,
    AsyncClient,
    AuthenticationError,
    Client,
    ConfigError,
    HerokuError,
)
from heroku_inference._config.environment import network_environment
from tests.hostile.conftest import KEY
from tests.hostile.raw_server import Connection, answer, chunked, event
from tests.hostile.reachable import places_of

GZIP, JSON = "content-encoding: gzip", "application/json"
FAULTS = {
    "not HTTP": b"SSH-2.0-OpenSSH_9.7\r\n\r\n",
    "version": b"HTTP/9.9 200 OK\r\n\r\n",
    "status": b"HTTP/1.1 999999 OK\r\n\r\n",
    "header": b"HTTP/1.1 200 OK\r\nno colon here\r\n\r\n",
    "name of a header": b"HTTP/1.1 200 OK\r\nx\xff\xfey: z\r\ncontent-length: 0\r\n\r\n",
    "length": b"HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n",
    "chunk": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
    "long line": b"HTTP/1.1 200 OK\r\nx: " + b"y" * 200_000 + b"\r\n\r\n",
    "many headers": b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 40_000 + b"\r\n",
    "cut head": b"HTTP/1.1 200 OK\r\ncon",
    "cut body": b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\nabc",
    "cut stream": chunked(event("Hi"), end=False),
    "compression": answer(b"nothing packed", "200 OK", JSON, GZIP),
    "redirect": b"HTTP/1.1 302 Found\r\nlocation: http://[/\r\ncontent-length: 0\r\n\r\n",
    "another protocol": b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n",
    "no answer": b"HTTP/1.1 100 Continue\r\n\r\n" * 3,
    "refusal": answer(b'{"error":{"message":"bad key %s"}}' % KEY.encode(), "401 Unauthorized"),
    "refusal in headers": answer(b"{}", "401 Unauthorized", JSON, f"x-sent: Bearer {KEY}"),
    "another shape": answer(b'{"choices": 5, "sent": "%s"}' % KEY.encode()),
    "not JSON": answer(b"<p>%s</p>" % KEY.encode()),
    "events that are not JSON": chunked(b"data: {%s\n\n" % KEY.encode()),
    "an error in a stream": chunked(
        b'data: {"error": {"code": 503, "message": "%s"}}\n\n' % KEY.encode()
    ),
    "reset": Connection.reset,
    "silence": lambda _: time.sleep(0.5),
}


@pytest.fixture
def failing(serve):
    """Starts a server with a fault."""

    def start(fault):
        def handle(connection: Connection) -> None:
            connection.request()
            fault(connection) if callable(fault) else connection.send(fault)

        return serve(handle)

    return start


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_no_error_holds_the_key(calls, failing, fault, streamed):
    run = calls.stream if streamed else calls.chat
    with pytest.raises(HerokuError) as caught:
        run(failing(fault).url, timeout=0.3)
    assert places_of(KEY, caught.value) == []


@pytest.mark.parametrize("fault", ["not HTTP", "an error in a stream", "reset", "refusal 503"])
def test_no_error_that_on_retry_hears_of_holds_the_key(calls, failing, fault):
    refusal = FAULTS["refusal in headers"].replace(b"401 Unauthorized", b"503 Unavailable")
    server = failing({**FAULTS, "refusal 503": refusal}[fault])
    heard: list[HerokuError] = []
    with pytest.raises(HerokuError) as caught:
        calls.stream(server.url, max_retries=1, on_retry=lambda event: heard.append(event.error))
    assert len(heard) == 1
    assert [places_of(KEY, error) for error in (*heard, caught.value)] == [[], []]


def test_a_key_that_an_error_holds_is_found():
    class Request:
        headers = None

    request = Request()
    request.headers = {"authorization": f"Bearer {KEY}".encode()}
    error = HerokuError("It failed.")
    error.__context__ = ValueError("below")
    error.__context__.request = [request]
    assert places_of(KEY, error) == ["error.__context__.request[0].headers['authorization']"]


SENT = {"x-team-token": "tok-0123456789", "Authorization": "Basic bWFkZTp1cC1sb2dpbg=="}


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("where", ["body", "header", "event", "shape"])
def test_values_of_headers_that_a_server_echoes_are_masked(calls, failing, where, streamed):
    said = " ".join(SENT.values())
    fault = {
        "body": answer(b'{"error":{"message":"denied: %s"}}' % said.encode(), "401 Unauthorized"),
        "header": answer(b"{}", "401 Unauthorized", JSON, f"x-sent: {said}"),
        "event": chunked(b'data: {"error": {"message": "%s"}}\n\n' % said.encode()),
        "shape": answer(b'{"choices": "%s"}' % said.encode()),
    }[where]
    run = calls.stream if streamed else calls.chat
    with pytest.raises(HerokuError) as caught:
        run(failing(fault).url, default_headers=SENT)
    for secret in ("tok-0123456789", "bWFkZTp1cC1sb2dpbg=="):
        assert places_of(secret, caught.value) == []


def test_values_that_are_no_secrets_stay_readable(own_calls, failing):
    fault = answer(b'{"error":{"message":"want application/json in a text"}}', "401 Unauthorized")
    headers = {"Content-Type": "application/json", "x-a": "text", "host": "api.invalid"}
    with pytest.raises(AuthenticationError, match="want application/json in a text"):
        own_calls.chat(failing(fault).url, default_headers=headers)


PASSWORD = "se-cret.of-the-proxy"


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("fault", ["refused", "not HTTP", "echo", "cut head", "unreachable"])
def test_no_error_shows_the_password_of_a_proxy(own_calls, failing, monkeypatch, fault, scheme):
    said = b"login ada:%s is wrong" % PASSWORD.encode()
    head = b"HTTP/1.1 407 Proxy Authentication Required\r\n"
    faults = {
        **FAULTS,
        "refused": head + b"proxy-authenticate: Basic\r\ncontent-length: 0\r\n\r\n",
        "echo": head + b"x-said: %s\r\ncontent-length: %d\r\n\r\n%s" % (said, len(said), said),
    }
    host = "127.0.0.1:9"
    if fault != "unreachable":
        host = failing(faults[fault]).url.removeprefix("http://")
    monkeypatch.setenv(f"{scheme}_proxy", f"http://ada:{PASSWORD}@{host}")
    monkeypatch.delenv("no_proxy", raising=False)
    with pytest.raises(HerokuError) as caught:
        own_calls.chat(f"{scheme}://api.invalid", timeout=2)
    assert places_of(PASSWORD, caught.value) == []
    assert places_of(KEY, caught.value) == []


@pytest.mark.parametrize(
    "proxy",
    [
        f"http://ada:{PASSWORD}/x@127.0.0.1:9",
        f"http://ada:{PASSWORD}#x@127.0.0.1:9",
        f"http://ada:[{PASSWORD}@127.0.0.1:9",
        f"ada:{PASSWORD}@127.0.0.1:port",
        f"http://ada:{PASSWORD} @127.0.0.1:9",
        f"ftp://ada:{PASSWORD}@127.0.0.1:9",
        f"http://ada:{PASSWORD}@",
    ],
)
def test_a_proxy_that_cannot_be_used_is_refused_without_its_password(own_calls, monkeypatch, proxy):
    monkeypatch.setenv("https_proxy", proxy)
    with pytest.raises(ConfigError, match="proxy") as caught:
        own_calls.chat("https://api.invalid")
    assert places_of(PASSWORD, caught.value) == []


@pytest.mark.parametrize("kind", [Client, AsyncClient], ids=["sync", "async"])
def test_no_repr_shows_the_password_of_a_proxy(monkeypatch, kind):
    monkeypatch.setenv("https_proxy", f"http://ada:{PASSWORD}@127.0.0.1:9")
    client = kind(api_key=KEY, base_url="https://api.invalid", model="m")
    assert PASSWORD not in f"{client!r} {client.settings()!r} {network_environment()!r}"
    assert "https" in repr(network_environment())


def test_an_error_still_says_what_failed(own_calls, failing):
    with pytest.raises(APIConnectionError, match=r"reset by peer") as caught:
        own_calls.chat(failing(Connection.reset).url)
    assert isinstance(caught.value.__cause__, OSError)
