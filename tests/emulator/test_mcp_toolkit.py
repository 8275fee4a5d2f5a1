"""MCP: the toolkit over both transports, with the official client of version 1 or 2."""

import asyncio
import contextlib
import time

import pytest
from mcp import ClientSession
from mcp.client.sse import sse_client
from mcp.client.streamable_http import create_mcp_http_client, streamable_http_client

from heroku_emulator import Emulator, Fault
from tests.emulator.mcp_deployed import CALCULATOR, SCHEMA, client, get


@pytest.fixture(scope="module")
def running():
    with Emulator(engine="deterministic", mcp_servers=[CALCULATOR]) as emulator:
        yield emulator


@pytest.fixture
def deployed(running):
    running.reset()
    yield running
    running.reset()


@contextlib.asynccontextmanager
async def session(emulator, transport):
    headers = {"authorization": f"Bearer {emulator.api_key}"}
    async with contextlib.AsyncExitStack() as stack:
        if transport in SSE_PATHS:
            connection = sse_client(emulator.url + SSE_PATHS[transport], headers=headers)
        else:
            http = await stack.enter_async_context(create_mcp_http_client(headers=headers))
            connection = streamable_http_client(f"{emulator.url}/mcp", http_client=http)
        streams = await stack.enter_async_context(connection)
        opened = await stack.enter_async_context(ClientSession(*streams[:2]))
        await opened.initialize()
        yield opened


SSE_PATHS = {"sse": "/mcp/sse", "sse at the address of streamable HTTP": "/mcp"}
TRANSPORTS = pytest.mark.parametrize("transport", ["streamable_http", *SSE_PATHS])


def wire(result):
    """Returns a result under the names of the protocol, which versions 1 and 2 share."""
    return result.model_dump(by_alias=True, mode="json", exclude_none=True)


@TRANSPORTS
async def test_the_official_client_lists_and_calls_the_tools(deployed, transport):
    async with session(deployed, transport) as toolkit:
        tools = wire(await toolkit.list_tools())["tools"]
        assert [tool["name"] for tool in tools][:2] == [
            "acute-partridge/add",
            "acute-partridge/greet",
        ]
        assert (tools[0]["description"], tools[0]["inputSchema"]) == ("Adds two numbers.", SCHEMA)
        assert tools[0]["annotations"] == {"readOnlyHint": True}
        result = wire(await toolkit.call_tool("acute-partridge/add", {"a": 1, "b": 2}))
        assert (result["isError"], result["content"][0]["text"]) == (False, "3")
        result = wire(await toolkit.call_tool("acute-partridge/draw", {}))
        assert [part["type"] for part in result["content"]] == ["text", "image"]


@TRANSPORTS
@pytest.mark.parametrize(
    ("name", "arguments", "reason"),
    [
        ("acute-partridge/fail", {}, "ZeroDivisionError: oh"),
        ("acute-partridge/add", {"a": "x", "b": 1}, "Input validation error"),
        ("nowhere/add", {}, "there is no tool nowhere/add"),
    ],
)
async def test_a_failed_call_is_a_result(deployed, transport, name, arguments, reason):
    async with session(deployed, transport) as toolkit:
        result = wire(await toolkit.call_tool(name, arguments))
    assert result["isError"]
    assert reason in result["content"][0]["text"]


@TRANSPORTS
async def test_names_can_come_without_namespace(deployed, transport):
    deployed.switch(tool_names="plain")
    async with session(deployed, transport) as toolkit:
        assert (await toolkit.list_tools()).tools[0].name == "add"
        assert (await toolkit.call_tool("add", {"a": 1, "b": 2})).content[0].text == "3"


@TRANSPORTS
async def test_several_clients_are_served_at_once(deployed, transport):
    async def ask(number):
        async with session(deployed, transport) as toolkit:
            result = await toolkit.call_tool("acute-partridge/add", {"a": number, "b": 1})
            return result.content[0].text

    assert await asyncio.gather(*map(ask, range(4))) == ["1", "2", "3", "4"]


@TRANSPORTS
async def test_the_journal_has_the_requests_without_the_key(deployed, transport):
    async with session(deployed, transport) as toolkit:
        await toolkit.call_tool("acute-partridge/add", {"a": 1, "b": 2})
    calls = [
        entry for entry in deployed.journal if (entry.body or {}).get("method") == "tools/call"
    ]
    assert [entry.body["params"]["name"] for entry in calls] == ["acute-partridge/add"]
    assert calls[0].headers["authorization"] == "***"
    assert calls[0].status == (200 if transport == "streamable_http" else 202)


ROUTES = {"/mcp": "POST", "/mcp/sse": "GET", "/mcp/messages": "POST"}


@pytest.mark.parametrize("path", ROUTES)
def test_the_toolkit_needs_the_key(deployed, path):
    with client(deployed, key="inf-other") as http:
        answer = http.request(ROUTES[path], path, json={})
    assert (answer.status_code, answer.json()["error"]["type"]) == (401, "authentication_error")


def test_a_client_of_sse_gets_an_answer_at_the_address_of_streamable_http(deployed):
    with client(deployed) as http, http.stream("GET", "/mcp") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = answer.iter_lines()
        assert next(lines) == "event: endpoint"
        assert next(lines).startswith("data: /mcp/messages?session_id=")


@pytest.mark.parametrize("header", ["mcp-session-id", "mcp-protocol-version", "last-event-id"])
def test_a_client_of_streamable_http_is_told_that_nothing_streams(deployed, header):
    with client(deployed) as http:
        assert http.get("/mcp", headers={header: "2025-11-25"}).status_code == 405


@pytest.mark.parametrize(
    ("position", "missing"),
    [
        ("none", ["/mcp", "/mcp/sse", "/mcp/messages"]),
        ("sse", ["/mcp"]),
        ("streamable_http", ["/mcp/sse", "/mcp/messages"]),
    ],
)
def test_a_transport_that_is_switched_off_is_not_found(deployed, position, missing):
    deployed.switch(mcp_transport=position)
    with client(deployed) as http:
        for path in missing:
            assert http.request(ROUTES[path], path, json={}).status_code == 404
        if position != "sse":
            assert http.get("/mcp").status_code == 404


def test_without_the_package_only_the_list_is_found(deployed, monkeypatch):
    monkeypatch.setattr("heroku_emulator.mcp_toolkit._PACKAGE", "no_such_package")
    assert get(deployed, "/mcp/sse").status_code == 404
    assert get(deployed, "/v1/mcp/servers").status_code == 200


def test_the_toolkit_can_fail_by_script(deployed):
    deployed.script(Fault(503, path="/mcp"), Fault(429, path="/mcp/sse"))
    with client(deployed) as http:
        assert http.post("/mcp", json={}).status_code == 503
        assert http.get("/mcp/sse").status_code == 429


def test_an_open_session_does_not_keep_the_emulator_from_stopping():
    emulator = Emulator(engine="deterministic", mcp_servers=[CALCULATOR]).start()
    with client(emulator) as http, http.stream("GET", "/mcp/sse") as answer:
        lines = answer.iter_lines()
        assert next(lines) == "event: endpoint"
        began = time.monotonic()
        emulator.stop()
        assert time.monotonic() - began < 2
