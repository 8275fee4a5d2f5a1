"""The tools of Heroku's MCP toolkit, from a real MCP server and from the emulator."""

import asyncio
import subprocess
import sys

import pytest
from langchain.agents import create_agent
from langchain_core import exceptions as langchain
from langchain_core.messages import HumanMessage, ToolMessage

from heroku_emulator import CallTools, Emulator, McpServer, McpTool, Say
from langchain_heroku import ChatHeroku, errors, load_mcp_tools
from tests import mcp_server
from tests.adapters.test_keys_in_tracebacks import shown_by

KEY = "inf-made-up-for-mcp"
NAMES = ["acute-partridge_shout", "add", "fail", "picture", "slow"]


@pytest.fixture(params=[("http", "sse"), ("sse",)], ids=["streamable HTTP", "SSE"])
def server(request):
    """A toolkit that is served both ways, or only the older one."""
    with mcp_server.McpServer(key=KEY, transports=request.param) as server:
        yield server


@pytest.fixture
def toolkit():
    """A toolkit that is served both ways."""
    with mcp_server.McpServer(key=KEY) as server:
        yield server


def call_of(tool, **arguments):
    return {"type": "tool_call", "id": "1", "name": tool.name, "args": arguments}


async def tools_of(server, **arguments):
    tools = await load_mcp_tools(api_key=server.key, base_url=server.url, **arguments)
    return {tool.name: tool for tool in tools}


async def test_the_tools_are_listed_and_called_with_the_key(server):
    tools = await tools_of(server)
    assert sorted(tools) == NAMES
    assert tools["add"].description == "Adds two numbers."
    assert tools["add"].metadata["readOnlyHint"] is True
    result = await tools["add"].ainvoke(call_of(tools["add"], a=2, b=3))
    assert result.text == "5"
    shouting = tools["acute-partridge_shout"]
    assert shouting.metadata["mcp_name"] == "acute-partridge/shout"
    result = await shouting.ainvoke(call_of(shouting, text="hello"))
    assert result.text == '{"said": "HELLO"}'
    assert server.calls == [
        ("add", {"a": 2, "b": 3}),
        ("acute-partridge/shout", {"text": "hello"}),
    ]
    assert {request.headers["authorization"] for request in server.requests} == {f"Bearer {KEY}"}


async def test_the_newer_transport_is_tried_first(toolkit):
    await tools_of(toolkit)
    assert toolkit.paths == ["/mcp"]


async def test_the_older_transport_serves_where_the_newer_does_not():
    with mcp_server.McpServer(key=KEY, transports=("sse",)) as server:
        await tools_of(server)
        assert server.paths == ["/mcp", "/mcp/sse", "/mcp/messages/"]


@pytest.mark.parametrize("form", ["{}", "{}/", "{}/v1", "{}/v1/"])
async def test_the_url_may_have_any_of_its_forms(toolkit, form):
    arguments = {"api_key": KEY, "base_url": form.format(toolkit.url), "allowed_tools": ["add"]}
    assert len(await load_mcp_tools(**arguments)) == 1


async def test_the_config_vars_say_all_that_is_needed(toolkit, monkeypatch):
    monkeypatch.setenv("INFERENCE_KEY", KEY)
    monkeypatch.setenv("INFERENCE_URL", toolkit.url)
    assert len(await load_mcp_tools()) == 5
    monkeypatch.setenv("INFERENCE_TEAL_KEY", KEY)
    monkeypatch.setenv("INFERENCE_TEAL_URL", toolkit.url)
    monkeypatch.setenv("INFERENCE_KEY", "inf-made-up-and-wrong")
    assert len(await load_mcp_tools(alias="INFERENCE_TEAL")) == 5


async def test_headers_of_the_user_are_sent_too(toolkit):
    await tools_of(toolkit, default_headers={"x-mine": "yes"})
    assert {request.headers["x-mine"] for request in toolkit.requests} == {"yes"}


async def test_tools_can_be_chosen(toolkit):
    assert list(await tools_of(toolkit, allowed_tools=["add", "shout"])) == [
        "add",
        "acute-partridge_shout",
    ]
    chosen = await tools_of(toolkit, allowed_tools=["acute-partridge/shout"])
    assert list(chosen) == ["acute-partridge_shout"]
    with pytest.raises(errors.ConfigError, match=r"no subtract in the toolkit\. .*add"):
        await tools_of(toolkit, allowed_tools=["subtract"])
    with pytest.raises(errors.ConfigError, match=r"\['add'\]"):
        await tools_of(toolkit, allowed_tools="add")


async def test_the_model_learns_of_a_failure_that_a_tool_reports(server):
    failing = (await tools_of(server))["fail"]
    result = await failing.ainvoke(call_of(failing))
    assert result.status == "error"
    assert "no such table" in result.text


@pytest.mark.parametrize("refusal", [401, 403, 429, 500, 503])
async def test_a_refusal_has_its_class(server, refusal):
    tools = await tools_of(server)
    server.refuse(refusal)
    classes = {
        401: errors.AuthenticationError,
        403: errors.PermissionDeniedError,
        429: errors.RateLimitError,
        500: errors.ServerError,
        503: errors.ServerError,
    }
    with pytest.raises(langchain.ModelError) as caught:
        await tools_of(server)
    assert type(caught.value) is classes[refusal]
    assert caught.value.status_code == refusal
    with pytest.raises(langchain.ModelError) as caught:
        await tools["add"].ainvoke(call_of(tools["add"], a=1, b=2))
    assert type(caught.value) is classes[refusal]


async def test_no_toolkit_at_all_is_not_found():
    with mcp_server.McpServer(key=KEY, transports=()) as server:
        with pytest.raises(errors.NotFoundError, match="no MCP toolkit"):
            await tools_of(server)
        assert server.paths == ["/mcp", "/mcp/sse"]


async def test_a_server_that_is_gone_is_a_connection_error(server):
    tools = await tools_of(server)
    server.stop()
    with pytest.raises(errors.APIConnectionError, match="Check the URL"):
        await tools_of(server)
    with pytest.raises(errors.APIConnectionError):
        await tools["add"].ainvoke(call_of(tools["add"], a=1, b=2))


async def test_a_tool_that_takes_too_long_times_out(server):
    slow = (await tools_of(server, timeout=2))["slow"]
    with pytest.raises(errors.APITimeoutError, match="timeout="):
        await slow.ainvoke(call_of(slow, seconds=8))


def assert_no_frames_of_the_library(fails):
    with pytest.raises(errors.HerokuError) as caught:
        fails()
    assert caught.value.__suppress_context__
    links = [caught.value.__context__]
    while links:
        link = links.pop()
        assert link.__traceback__ is None
        links += getattr(link, "exceptions", ())


def test_no_failure_shows_the_key(server):
    tools = asyncio.run(tools_of(server))
    add = tools["add"]
    failures = [
        lambda: asyncio.run(load_mcp_tools(api_key=KEY, base_url=server.url)),
        lambda: asyncio.run(add.ainvoke(call_of(add, a=1, b=2))),
    ]
    server.refuse(401, message=f"bad key {KEY}")
    for fails in failures:
        assert KEY not in shown_by(fails)
        assert_no_frames_of_the_library(fails)
    server.stop()
    for fails in failures:
        assert KEY not in shown_by(fails)
        assert_no_frames_of_the_library(fails)
    assert KEY not in "".join(repr(tool) + str(tool) for tool in tools.values())


def test_a_missing_key_is_a_config_error():
    with pytest.raises(errors.ConfigError, match="INFERENCE_KEY"):
        asyncio.run(load_mcp_tools())


def test_without_the_extra_the_error_names_it():
    code = (
        "import sys, asyncio; sys.modules['langchain_mcp_adapters'] = None\n"
        "from langchain_heroku import load_mcp_tools\n"
        "asyncio.run(load_mcp_tools(api_key='inf-made-up', base_url='http://x'))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "ImportError: load_mcp_tools needs" in done.stderr
    assert "heroku-inference[langchain-mcp]" in done.stderr


def test_where_a_package_of_the_extra_cannot_be_imported_the_error_says_why():
    program = (
        "import asyncio, sys, types\n"
        "from langchain_heroku import load_mcp_tools\n"
        "sys.modules['mcp'] = types.ModuleType('mcp')  # of a version without what is imported\n"
        "asyncio.run(load_mcp_tools(api_key='inf-made-up', base_url='http://127.0.0.1:9'))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], check=False, capture_output=True, text=True
    )
    last = done.stderr.splitlines()[-1]
    assert "langchain_mcp_adapters.tools, which is installed but cannot be imported: " in last
    assert "'mcp'" in last.partition("imported: ")[2]
    assert 'pip install --upgrade "heroku-inference[langchain-mcp]"' in last


# In an agent


async def test_an_agent_uses_them_end_to_end(server, emulator, config_vars):
    emulator.script(CallTools([("add", {"a": 2, "b": 3}), ("picture", {})]))
    emulator.script(Say("Five, and a dot."))
    agent = create_agent(ChatHeroku(), [*(await tools_of(server)).values()])
    state = await agent.ainvoke({"messages": [HumanMessage("Add and draw.")]})
    added, drawn = (m for m in state["messages"] if isinstance(m, ToolMessage))
    assert added.text == "5"
    assert drawn.content_blocks[0]["type"] == "image"
    assert state["messages"][-1].text == "Five, and a dot."
    told = emulator.journal[-1].body["messages"]
    assert [message["role"] for message in told[2:]] == ["tool", "tool", "user"]


@pytest.fixture
def toolkits():
    """The emulator with two MCP servers, whose tools share a name."""
    schema = {"type": "object", "properties": {"text": {"type": "string"}}}

    def server(namespace):
        say = McpTool(name="say", input_schema=schema, run=lambda text: f"{namespace}: {text}")
        return McpServer(namespace, [say])

    servers = [server("acute-partridge"), server("brave-finch")]
    with Emulator(engine="deterministic", mcp_servers=servers) as emulator:
        yield emulator


async def test_the_emulators_toolkit_is_served_to_agents(toolkits, monkeypatch):
    for name, value in toolkits.config_vars.items():
        monkeypatch.setenv(name, value)
    tools = await load_mcp_tools()
    assert sorted(tool.name for tool in tools) == ["acute-partridge_say", "brave-finch_say"]
    (finch,) = await load_mcp_tools(servers=["brave-finch"])
    assert "/v1/mcp/servers" not in [entry.path for entry in toolkits.journal]  # names tell
    toolkits.script(CallTools([(finch.name, {"text": "hello"})]), Say("Said."))
    state = await create_agent(ChatHeroku(), [finch]).ainvoke(
        {"messages": [HumanMessage("Say it.")]}
    )
    assert [m.text for m in state["messages"] if isinstance(m, ToolMessage)] == [
        "brave-finch: hello"
    ]
    with pytest.raises(errors.ConfigError, match="acute-partridge, brave-finch"):
        await load_mcp_tools(servers=["calm-heron"])
