"""`load_mcp_tools` of both adapters on servers that are not MCP toolkits."""

from __future__ import annotations

import asyncio
import time
import tracemalloc

import pytest

import langchain_heroku
import llama_index_heroku
from heroku_inference import HerokuError
from tests.hostile.conftest import KEY
from tests.hostile.raw_server import Connection, answer, chunked
from tests.hostile.reachable import places_of

# Loaded here: loading them takes longer than some of these calls may.
pytest.importorskip("langchain_mcp_adapters.tools")
pytest.importorskip("llama_index.tools.mcp")

MIB = 2**20
LOADERS = {
    "LangChain": langchain_heroku.load_mcp_tools,
    "LlamaIndex": llama_index_heroku.load_mcp_tools,
}
RPC = b'{"jsonrpc": "2.0", "id": 0, "result": '


def without_end(content_type: str, begin: bytes = b""):
    def handle(connection: Connection) -> None:
        connection.send(chunked(*filter(None, [begin]), content_type=content_type, end=False))
        while True:
            connection.send(b"%x\r\n%s\r\n" % (MIB, b"x" * MIB))

    return handle


def trickle(content_type: str, piece: bytes):
    def handle(connection: Connection) -> None:
        connection.send(chunked(content_type=content_type, end=False))
        while True:
            connection.send(b"%x\r\n%s\r\n" % (len(piece), piece))
            time.sleep(0.1)

    return handle


EVENTS = "text/event-stream"
NOT_MCP = {
    "a page": answer(b"<html>Welcome</html>", "200 OK", "text/html"),
    "text": answer(b"Welcome", "200 OK", "text/plain"),
    "nothing": answer(b""),
    "no content": answer(b"", "204 No Content"),
    "accepted": answer(b"", "202 Accepted"),
    "JSON": answer(b'{"hello": "there"}'),
    "a list": answer(b"[1, 2]"),
    "a result of another kind": answer(RPC + b'{"hello": "there"}}'),
    "a result that is null": answer(RPC + b"null}"),
    "not JSON": answer(b"{"),
    "an error without a code": answer(b'{"jsonrpc": "2.0", "id": 0, "error": "no"}'),
    "a redirect": b"HTTP/1.1 302 Found\r\nlocation: /mcp\r\ncontent-length: 0\r\n\r\n",
    "not HTTP": b"SSH-2.0-OpenSSH_9.7\r\n\r\n",
    "silence": lambda _: time.sleep(5),
    "a reset": Connection.reset,
    "an endless body": without_end("application/json"),
    "an endless page": without_end("text/html"),
    "an endless line": without_end(EVENTS, b"data: "),
    "a trickle": trickle("application/json", b" "),
    "comments": trickle(EVENTS, b": still here\n\n"),
    "events of another kind": trickle(EVENTS, b"event: tick\ndata: {}\n\n"),
    "events that are not JSON": trickle(EVENTS, b"event: message\ndata: {\n\n"),
    "events that end": chunked(b"event: endpoint\ndata: /there\n\n"),
    "an endpoint elsewhere": chunked(b"event: endpoint\ndata: http://x.invalid/\n\n"),
    "a silent stream": lambda c: (c.send(chunked(content_type=EVENTS, end=False)), time.sleep(5)),
}


@pytest.mark.parametrize("load", LOADERS.values(), ids=LOADERS)
def test_an_answer_over_sse_is_broken_off_at_64_mib(serve, load):
    sent = []

    def handle(connection: Connection) -> None:
        if connection.request().startswith(b"POST"):
            connection.send(answer(b"", "405 Method Not Allowed"))
            return
        connection.send(chunked(content_type=EVENTS, end=False))
        while True:
            connection.send(b"%x\r\n%s\n\r\n" % (MIB, b":".ljust(MIB - 1)))
            sent.append(MIB)

    server = serve(handle)
    with pytest.raises(HerokuError):
        asyncio.run(load(api_key=KEY, base_url=server.url, timeout=3))
    assert 0 < sum(sent) < 80 * MIB


@pytest.mark.parametrize("fault", NOT_MCP.values(), ids=NOT_MCP)
@pytest.mark.parametrize("load", LOADERS.values(), ids=LOADERS)
def test_a_server_that_is_not_mcp_is_an_error_in_time(serve, load, fault):
    def handle(connection: Connection) -> None:
        while connection.request() is not None:
            fault(connection) if callable(fault) else connection.send(fault)

    server = serve(handle)
    tracemalloc.start()
    began = time.monotonic()
    try:
        with pytest.raises(HerokuError) as caught:
            asyncio.run(load(api_key=KEY, base_url=server.url, timeout=1))
        assert time.monotonic() - began < 4
        assert tracemalloc.get_traced_memory()[1] < 200 * MIB
    finally:
        tracemalloc.stop()
    assert places_of(KEY, caught.value) == []
