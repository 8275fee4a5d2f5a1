"""What tools that hook into HTTP libraries see of calls: all of them, and each once.

The hooks stand where those tools put theirs, and replace nothing: each call goes on to the
emulator, whose answer is what the test gets.
"""

from __future__ import annotations

import asyncio

import aiohttp
import httpx2
import pytest
import vcr

from heroku_emulator import Emulator
from heroku_inference import AsyncClient, Client, aclose_connections, close_connections

HELLO = [{"role": "user", "content": "Hello"}]
CHAT = "/v1/chat/completions"
CALLS = {
    "chat": lambda client: client.chat(HELLO).text,
    "stream_chat": lambda client: "".join(chunk.text for chunk in client.stream_chat(HELLO)),
    "run_agent": lambda client: client.run_agent(HELLO).text,
    "embed": lambda client: str(client.embed(["a"]).vectors),
}
PATHS = {"run_agent": "/v1/agents/heroku", "embed": "/v1/embeddings"}
everything = pytest.mark.parametrize("call", CALLS)


async def awaited(client, call):
    """The same call by an `AsyncClient`, on connections of its own."""
    await aclose_connections()
    try:
        if call == "stream_chat":
            return "".join([chunk.text async for chunk in client.stream_chat(HELLO)])
        if call == "embed":
            return str((await client.embed(["a"])).vectors)
        return (await getattr(client, call)(HELLO)).text
    finally:
        await aclose_connections()


@pytest.fixture
def options(emulator):
    close_connections()
    yield {"api_key": emulator.api_key, "base_url": emulator.url, "model": "claude-4-5-sonnet"}
    close_connections()


@everything
@pytest.mark.parametrize(
    ("owner", "name"),
    [(httpx2.Client, "send"), (httpx2.HTTPTransport, "handle_request")],
    ids=["Client.send", "HTTPTransport.handle_request"],
)
def test_tools_that_wrap_httpx2_see_blocking_calls(monkeypatch, options, call, owner, name):
    # OpenTelemetry and logfire wrap the transport, Sentry wraps the client.
    seen: list[tuple[str, str]] = []
    original = getattr(owner, name)

    def wrapped(self, request, *arguments, **further):
        seen.append((request.method, request.url.path))
        return original(self, request, *arguments, **further)

    monkeypatch.setattr(owner, name, wrapped)
    assert CALLS[call](Client(**options))
    assert seen == [("POST", PATHS.get(call, CHAT))]


@everything
def test_tools_that_trace_aiohttp_see_async_calls(monkeypatch, options, call):
    # As OpenTelemetry's instrumentation and Sentry do, with a trace in each new session.
    seen: list[tuple[str, str]] = []

    async def begin(_, __, parameters):
        seen.append((parameters.method, parameters.url.path))

    trace = aiohttp.TraceConfig()
    trace.on_request_start.append(begin)
    original = aiohttp.ClientSession.__init__

    def traced(self, *arguments, **further):
        original(self, *arguments, **{**further, "trace_configs": [trace]})

    monkeypatch.setattr(aiohttp.ClientSession, "__init__", traced)
    assert asyncio.run(awaited(AsyncClient(**options), call))
    assert seen == [("POST", PATHS.get(call, CHAT))]


def outcome(way, options, call):
    if way == "sync":
        close_connections()
        return CALLS[call](Client(**options, max_retries=0))
    return asyncio.run(awaited(AsyncClient(**options, max_retries=0), call))


@everything
@pytest.mark.parametrize("way", ["sync", "async"])
def test_vcr_records_and_plays_calls(tmp_path, way, call):
    recorder = vcr.VCR(filter_headers=["authorization"], record_mode="once")
    file = tmp_path / "calls.yaml"
    with Emulator(engine="deterministic") as emulator:
        options = {"api_key": emulator.api_key, "base_url": emulator.url, "model": "nova-lite"}
        if call == "embed":
            options["model"] = "cohere-embed-multilingual"
        with recorder.use_cassette(str(file)) as cassette:
            said = outcome(way, options, call)
            assert len(cassette) == 1
    assert emulator.api_key not in file.read_text()
    with recorder.use_cassette(str(file)) as cassette:  # the server is gone
        assert outcome(way, options, call) == said
        assert cassette.play_count == 1
