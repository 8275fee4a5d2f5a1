"""MCP: the toolkit over both transports, with the official client."""

import asyncio
import contextlib
import time

import httpx
import pytest
from mcp import ClientSession
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client

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
        if transport == "sse":
            connection = sse_client(f"{emulator.url}/mcp/sse", headers=headers)
        else:
            http = await stack.enter_async_context(httpx.AsyncClient(headers=headers))
            connection = streamable_http_client(f"{emulator.url}/mcp", http_client=http)
        streams = await stack.enter_async_context(connection)
        opened = await stack.enter_async_context(ClientSession(*streams[:2]))
        await opened.initialize()
        yield opened


TRANSPORTS = pytest.mark.parametrize("transport", ["streamable_http", "sse"])


@TRANSPORTS
async def test_the_official_client_lists_and_calls_the_tools(deployed, transport):
    async with session(deployed, transport) as toolkit:
        tools = (await toolkit.list_tools()).tools
        assert [tool.name for tool in tools][:2] == ["acute-partridge/add", "acute-partridge/greet"]
        assert (tools[0].description, tools[0].inputSchema) == ("Adds two numbers.", SCHEMA)
        assert tools[0].annotations.readOnlyHint
        result = await toolkit.call_tool("acute-partridge/add", {"a": 1, "b": 2})
        assert (result.isError, result.content[0].text) == (False, "3")
        result = await toolkit.call_tool("acute-partridge/draw", {})
        assert [part.type for part in result.content] == ["text", "image"]


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
        result = await toolkit.call_tool(name, arguments)
    assert result.isError
    assert reason in result.content[0].text


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
