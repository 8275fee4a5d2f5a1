"""What `load_mcp_tools` of both adapters promises alike: a real MCP toolkit over loopback."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
from typing import NamedTuple

import pytest

import langchain_heroku
import llama_index_heroku
from heroku_inference import (
    APIConnectionError,
    APIError,
    APITimeoutError,
    AuthenticationError,
    ConfigError,
    HerokuError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
)
from tests.adapters import conftest
from tests.adapters.test_keys_in_tracebacks import shown_by
from tests.mcp_server import McpServer

KEY = "inf-made-up-for-mcp"
NAMES = ["add", "acute-partridge/shout", "fail", "picture", "slow"]


class Result(NamedTuple):
    """What a tool returned, whichever framework it belongs to."""

    text: str
    failed: bool


class LangChain(conftest.LangChain):
    package = "langchain_heroku"
    extra = "langchain-mcp"
    needs = "langchain_mcp_adapters"
    without_it = "load_mcp_tools needs"
    load = staticmethod(langchain_heroku.load_mcp_tools)

    @staticmethod
    def name(tool):
        """The name that the server has for a tool."""
        return tool.metadata["mcp_name"]

    @staticmethod
    def description(tool):
        return tool.description

    @staticmethod
    async def call(tool, **arguments):
        call = {"type": "tool_call", "id": "1", "name": tool.name, "args": arguments}
        message = await tool.ainvoke(call)
        return Result(message.text, message.status == "error")


class LlamaIndex(conftest.LlamaIndex):
    package = "llama_index_heroku"
    extra = "llama-index-mcp"
    needs = "llama_index.tools.mcp"
    without_it = "load_mcp_tools needs"
    load = staticmethod(llama_index_heroku.load_mcp_tools)

    @staticmethod
    def name(tool):
        return tool.metadata.name

    @staticmethod
    def description(tool):
        return tool.metadata.description

    @staticmethod
    async def call(tool, **arguments):
        output = await tool.acall(**arguments)
        return Result(output.content, output.is_error)


@pytest.fixture(params=[LangChain, LlamaIndex], ids=lambda adapter: adapter.__name__)
def adapter(request):
    return request.param


@pytest.fixture
def toolkit():
    """A toolkit that is served both ways."""
    with McpServer(key=KEY) as server:
        yield server


@pytest.fixture(params=[("http",), ("sse",)], ids=["streamable HTTP", "SSE"])
def server(request):
    """A toolkit that is served in one of the two ways."""
    with McpServer(key=KEY, transports=request.param) as server:
        yield server


@pytest.fixture
def load(adapter):
    """Load the tools of a server, by the names that it has for them."""

    async def load(server, **arguments):
        tools = await adapter.load(api_key=KEY, base_url=server.url, **arguments)
        return {adapter.name(tool): tool for tool in tools}

    return load


@pytest.mark.parametrize(
    ("transports", "paths"),
    [
        (("http", "sse"), ["/mcp"]),
        (("http",), ["/mcp"]),
        (("sse",), ["/mcp", "/mcp/sse", "/mcp/messages/"]),
    ],
    ids=["both", "http", "sse"],
)
async def test_tools_are_found_and_run_by_whichever_transport_there_is(
    adapter, load, transports, paths
):
    with McpServer(key=KEY, transports=transports) as server:
        tools = await load(server)
        assert list(tools) == NAMES
        assert adapter.description(tools["add"]) == "Adds two numbers."
        assert await adapter.call(tools["add"], a=2, b=3) == ("5", False)
        shouted = await adapter.call(tools["acute-partridge/shout"], text="hello")
        assert shouted == ('{"said": "HELLO"}', False)
        assert server.calls == [
            ("add", {"a": 2, "b": 3}),
            ("acute-partridge/shout", {"text": "hello"}),
        ]
        assert server.paths == paths
        if transports == ("sse",):  # a call keeps to the transport that served the list
            assert [request.path for request in server.requests].count("/mcp") == 1
        assert {request.headers["authorization"] for request in server.requests} == {
            f"Bearer {KEY}"
        }


@pytest.mark.parametrize("form", ["{}", "{}/", "{}/v1", "{}/v1/"])
async def test_the_url_may_have_any_of_its_forms(adapter, toolkit, form):
    arguments = {"api_key": KEY, "base_url": form.format(toolkit.url), "allowed_tools": ["add"]}
    assert len(await adapter.load(**arguments)) == 1


async def test_the_config_vars_say_all_that_is_needed(adapter, toolkit, monkeypatch):
    monkeypatch.setenv("INFERENCE_KEY", KEY)
    monkeypatch.setenv("INFERENCE_URL", toolkit.url)
    assert len(await adapter.load()) == len(NAMES)
    monkeypatch.setenv("INFERENCE_TEAL_KEY", KEY)
    monkeypatch.setenv("INFERENCE_TEAL_URL", toolkit.url)
    monkeypatch.setenv("INFERENCE_KEY", "inf-made-up-and-wrong")
    assert len(await adapter.load(alias="INFERENCE_TEAL")) == len(NAMES)
    assert toolkit.requests[-1].headers["authorization"] == f"Bearer {KEY}"
    monkeypatch.delenv("INFERENCE_TEAL_KEY")
    with pytest.raises(ConfigError, match="API key is required"):
        await adapter.load(alias="INFERENCE_TEAL")


async def test_tools_can_be_chosen(load, toolkit):
    assert list(await load(toolkit, allowed_tools=["add", "shout"])) == NAMES[:2]
    assert list(await load(toolkit, allowed_tools=["acute-partridge/shout"])) == NAMES[1:2]
    assert await load(toolkit, allowed_tools=[]) == {}
    with pytest.raises(ConfigError, match=r"does not have ad\. .*add|'ad', .*does not have"):
        await load(toolkit, allowed_tools=["add", "ad"])
    with pytest.raises(ConfigError, match=r"\['add'\]"):
        await load(toolkit, allowed_tools="add")


# What goes wrong

REFUSALS = {
    401: AuthenticationError,
    403: PermissionDeniedError,
    429: RateLimitError,
    500: ServerError,
    503: ServerError,
}


async def test_a_failure_that_a_tool_reports_is_a_result(adapter, load, server):
    failed = await adapter.call((await load(server))["fail"])
    assert failed.failed
    assert "no such table" in failed.text


@pytest.mark.parametrize("status", REFUSALS)
async def test_a_refusal_has_its_class_without_a_second_try(adapter, load, server, status):
    tools = await load(server)
    server.refuse(status)
    before = len(server.requests)
    with pytest.raises(APIError) as caught:
        await adapter.call(tools["add"], a=1, b=2)
    assert type(caught.value) is adapter.error(REFUSALS[status])
    assert caught.value.status_code == status
    assert len(server.requests) == before + 1
    with pytest.raises(APIError) as caught:
        await load(server)
    assert type(caught.value) is adapter.error(REFUSALS[status])
    assert caught.value.status_code == status
    assert len(server.requests) == before + 2
    assert server.calls == []


async def test_no_toolkit_at_all_is_not_found(adapter, load):
    with McpServer(key=KEY, transports=()) as server:
        with pytest.raises(NotFoundError, match="no MCP toolkit") as caught:
            await load(server)
        assert type(caught.value) is adapter.error(NotFoundError)
        assert server.paths == ["/mcp", "/mcp/sse"]


async def test_a_server_that_is_gone_is_a_connection_error(adapter, load, server):
    tools = await load(server)
    server.stop()
    with pytest.raises(
        APIConnectionError, match=r"MCP toolkit at .* failed: ConnectError.*Check the URL"
    ) as caught:
        await load(server)
    assert type(caught.value) is adapter.error(APIConnectionError)
    with pytest.raises(APIConnectionError) as caught:
        await adapter.call(tools["add"], a=1, b=2)
    assert type(caught.value) is adapter.error(APIConnectionError)


async def test_a_tool_that_takes_too_long_times_out(adapter, load, server):
    slow = (await load(server, timeout=2))["slow"]
    with pytest.raises(APITimeoutError, match=r"in time\. Pass a larger timeout=") as caught:
        await adapter.call(slow, seconds=8)
    assert type(caught.value) is adapter.error(APITimeoutError)


def assert_no_frames_of_the_library(fails):
    with pytest.raises(HerokuError) as caught:
        fails()
    links = [caught.value.__context__]
    assert links == [None] or caught.value.__suppress_context__
    while links:
        if link := links.pop():
            assert link.__traceback__ is None
            links += getattr(link, "exceptions", ())


def test_no_failure_log_or_tool_shows_the_key(adapter, load, server, caplog):
    caplog.set_level(logging.DEBUG)
    tools = asyncio.run(load(server))
    shown = [repr(tool) + str(tool) for tool in tools.values()]
    add = tools["add"]
    assert asyncio.run(adapter.call(add, a=1, b=2)).text == "3"
    failures = [
        lambda: asyncio.run(load(server)),
        lambda: asyncio.run(adapter.call(add, a=1, b=2)),
    ]
    server.refuse(401, message=f"wrong key {KEY}")
    for fails in failures:
        with pytest.raises(AuthenticationError) as caught:
            fails()
        shown += [shown_by(fails), repr(caught.value.body)]
        assert_no_frames_of_the_library(fails)
    server.stop()
    for fails in failures:
        shown.append(shown_by(fails))
        assert_no_frames_of_the_library(fails)
    assert KEY not in "".join([*shown, caplog.text])


def test_without_the_extra_the_error_names_it(adapter):
    program = (
        f"import asyncio, sys; sys.modules['{adapter.needs}'] = None\n"
        f"from {adapter.package} import load_mcp_tools\n"
        "asyncio.run(load_mcp_tools(api_key='inf-made-up', base_url='http://127.0.0.1:9'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], check=False, capture_output=True, text=True
    )
    assert done.returncode == 1
    error = done.stderr.splitlines()[-1]
    assert error.startswith(f"ImportError: {adapter.without_it}")
    assert f'pip install "heroku-inference[{adapter.extra}]"' in error


def test_where_a_package_of_the_extra_cannot_be_imported_the_error_says_why(adapter):
    program = (
        "import asyncio, sys, types\n"
        "sys.modules['mcp'] = types.ModuleType('mcp')  # of a version without what is imported\n"
        f"from {adapter.package} import load_mcp_tools\n"
        "asyncio.run(load_mcp_tools(api_key='inf-made-up', base_url='http://127.0.0.1:9'))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], check=False, capture_output=True, text=True
    )
    last = done.stderr.splitlines()[-1]
    assert f"{adapter.needs}" in last.partition(", which is installed but cannot be imported")[0]
    assert "'mcp'" in last.partition("imported: ")[2]
    assert f'pip install --upgrade "heroku-inference[{adapter.extra}]"' in last
