"""`load_mcp_tools`: a real MCP toolkit over loopback, and the emulator's, as LlamaIndex's tools."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
import traceback

import pytest
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.base.llms.types import ImageBlock
from llama_index.core.tools import FunctionTool

import heroku_emulator
from heroku_emulator import CallTools, Emulator, Say
from heroku_inference import (
    APIConnectionError,
    APIError,
    APITimeoutError,
    AuthenticationError,
    ConfigError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
    Settings,
)
from llama_index_heroku import Heroku, load_mcp_tools
from tests.llama_index.heroku_agents import run_to_end
from tests.mcp_server import PIXEL, McpServer

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning"  # LlamaIndex's workflows use what is deprecated
)

NAMES = ["add", "acute-partridge/shout", "fail", "picture", "slow"]


@pytest.fixture
def server():
    with McpServer(key="inf-made-up-key") as server:
        yield server


async def load(server, **options):
    tools = await load_mcp_tools(api_key=server.key, base_url=server.url, **options)
    return {tool.metadata.name: tool for tool in tools}


@pytest.mark.parametrize(
    ("transports", "paths"),
    [(("http", "sse"), "/mcp"), (("http",), "/mcp"), (("sse",), "/mcp/sse")],
    ids=["both", "http", "sse"],
)
async def test_tools_are_found_and_run_by_whichever_transport_there_is(transports, paths):
    with McpServer(transports=transports) as server:
        tools = await load(server)
        assert list(tools) == NAMES
        assert all(isinstance(tool, FunctionTool) for tool in tools.values())
        output = await tools["add"].acall(a=1, b=2)
        assert (output.content, output.is_error, output.tool_name) == ("3", False, "add")
        assert output.raw_input == {"a": 1, "b": 2}
        assert output.raw_output["content"][0]["text"] == "3"
        assert server.calls == [("add", {"a": 1, "b": 2})]
        assert server.requests[-1].path.startswith(paths.rpartition("/sse")[0] or paths)
        # What worked for the list is kept to.
        tried = [request.path for request in server.requests].count("/mcp")
        assert tried == (1 if transports == ("sse",) else tried)


async def test_a_model_gets_the_servers_description_of_a_tool(server):
    add = (await load(server))["add"].metadata
    assert add.description == "Adds two numbers."
    parameters = add.get_parameters_dict()
    assert parameters["required"] == ["a", "b"]
    assert parameters["properties"]["a"]["type"] == "integer"


async def test_errors_and_images_stay_what_they_are(server):
    tools = await load(server)
    failed = await tools["fail"].acall()
    assert failed.is_error
    assert "no such table" in failed.content
    (block,) = (await tools["picture"].acall()).blocks
    assert isinstance(block, ImageBlock)
    assert (block.resolve_image().read(), block.image_mimetype) == (PIXEL, "image/png")


def test_tools_may_be_used_from_any_event_loop_and_blocking(server):
    tools = asyncio.run(load(server))
    for _ in range(2):
        assert asyncio.run(tools["add"].acall(a=1, b=2)).content == "3"
        assert tools["add"].call(a=1, b=2).content == "3"


async def test_several_at_once_do_not_disturb_each_other(server):
    add = (await load(server))["add"]
    outputs = await asyncio.gather(*(add.acall(a=n, b=1) for n in range(4)))
    assert [output.content for output in outputs] == ["1", "2", "3", "4"]


async def test_some_of_the_tools_may_be_taken(server):
    assert list(await load(server, allowed_tools=["add", "acute-partridge/shout"])) == NAMES[:2]
    assert list(await load(server, allowed_tools=["shout"])) == ["acute-partridge/shout"]
    assert await load(server, allowed_tools=[]) == {}
    with pytest.raises(ConfigError, match=r"\['add'\]"):
        await load(server, allowed_tools="add")
    with pytest.raises(ConfigError, match=r"'ad', .*does not have"):
        await load(server, allowed_tools=["add", "ad"])


async def test_arguments_can_be_preset_for_tools(server):
    tools = await load(
        server,
        global_partial_params={"b": 10},
        partial_params_by_tool={"slow": {"seconds": 0.0}},
        include_resources=True,
    )
    assert list(tools["add"].metadata.get_parameters_dict()["properties"]) == ["a"]
    assert (await tools["add"].acall(a=1)).content == "11"


async def test_settings_or_an_attachment_say_where_it_is(server, monkeypatch):
    settings = Settings(api_key=server.key, base_url=f"{server.url}/v1/")
    assert len(await load_mcp_tools(settings=settings)) == len(NAMES)
    monkeypatch.setenv("INFERENCE_TEAL_KEY", server.key)
    monkeypatch.setenv("INFERENCE_TEAL_URL", server.url)
    assert len(await load_mcp_tools(alias="INFERENCE_TEAL")) == len(NAMES)
    assert server.requests[-1].headers["authorization"] == f"Bearer {server.key}"
    monkeypatch.delenv("INFERENCE_TEAL_KEY")
    with pytest.raises(ConfigError, match="API key is required"):
        await load_mcp_tools(alias="INFERENCE_TEAL")


# What goes wrong

REFUSALS = {
    401: AuthenticationError,
    403: PermissionDeniedError,
    429: RateLimitError,
    500: ServerError,
    503: ServerError,
}


@pytest.mark.parametrize("status", REFUSALS)
@pytest.mark.parametrize("transports", [("http",), ("sse",)], ids=str)
async def test_a_refusal_has_its_class_without_a_second_try(status, transports):
    with McpServer(transports=transports) as server:
        tools = await load(server)
        server.refuse(status)
        before = len(server.requests)
        with pytest.raises(APIError) as caught:
            await tools["add"].acall(a=1, b=2)
        assert type(caught.value) is REFUSALS[status]
        assert caught.value.status_code == status
        assert len(server.requests) == before + 1
        with pytest.raises(REFUSALS[status]):
            await load(server)
        assert len(server.requests) == before + 2
        assert server.calls == []


async def test_a_missing_toolkit_is_an_error():
    with McpServer(transports=()) as server, pytest.raises(NotFoundError):
        await load(server)
    with pytest.raises(APIConnectionError, match=r"MCP toolkit at .* failed: ConnectError"):
        await load(server)


async def test_a_slow_tool_times_out(server):
    tools = await load(server, timeout=2)
    with pytest.raises(APITimeoutError, match=r"in time. Pass a larger timeout"):
        await tools["slow"].acall(seconds=8)


async def test_arguments_that_the_server_refuses_are_an_error_of_the_tool(server):
    output = await (await load(server))["add"].acall(a="one")
    assert output.is_error
    assert server.calls == []


async def test_no_error_trace_log_or_object_shows_the_key(server, caplog):
    caplog.set_level(logging.DEBUG)
    tools = await load(server)
    shown = [repr(tools), *(repr(vars(tool)) for tool in tools.values())]
    await tools["add"].acall(a=1, b=2)
    server.refuse(401, message=f"wrong key {server.key}")
    for call in (lambda: tools["add"].acall(a=1, b=2), lambda: load_at(server.url)):
        with pytest.raises(AuthenticationError) as caught:
            await call()
        trace = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
        frames = [frame.locals for frame in trace.stack if frame.filename != __file__]
        shown += [str(caught.value), repr(caught.value.body), repr(frames)]
        assert caught.value.__context__ is None
    assert server.key not in "".join([*shown, caplog.text])


async def load_at(url):
    return await load_mcp_tools(api_key="inf-made-up-key", base_url=url)


def test_without_the_extra_the_error_names_it():
    program = (
        "import asyncio, sys\n"
        "sys.modules['llama_index.tools.mcp'] = None\n"
        "from llama_index_heroku import load_mcp_tools\n"
        "asyncio.run(load_mcp_tools(api_key='inf-made-up', base_url='http://127.0.0.1:9'))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], check=False, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert 'pip install "heroku-inference[llama-index-mcp]"' in done.stderr.splitlines()[-1]


def test_where_a_package_of_the_extra_cannot_be_imported_the_error_says_why():
    program = (
        "import asyncio, sys, types\n"
        "from llama_index_heroku import load_mcp_tools\n"
        "sys.modules['mcp'] = types.ModuleType('mcp')  # of a version without what is imported\n"
        "asyncio.run(load_mcp_tools(api_key='inf-made-up', base_url='http://127.0.0.1:9'))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], check=False, capture_output=True, text=True
    )
    last = done.stderr.splitlines()[-1]
    assert "llama_index.tools.mcp, which is installed but cannot be imported: " in last
    assert "'mcp'" in last.partition("imported: ")[2]
    assert 'pip install --upgrade "heroku-inference[llama-index-mcp]"' in last


# In agents


async def test_an_agent_uses_them_end_to_end(server, emulator, config_vars):
    emulator.script(
        CallTools([("add", {"a": 1, "b": 2}), ("acute-partridge_shout", {"text": "hi"})]),
        CallTools([("fail", {})]),
        Say("Three, and HI."),
    )
    agent = FunctionAgent(tools=list((await load(server)).values()), llm=Heroku())
    done = await run_to_end(agent, "1 + 2?")
    assert str(done.output) == "Three, and HI."
    contents = {result.tool_name: result.tool_output for result in done.results}
    assert contents["add"].content == "3"
    assert contents["acute-partridge/shout"].content == '{"said": "HI"}'
    assert contents["fail"].is_error
    assert sorted(server.calls)[1:] == [("add", {"a": 1, "b": 2}), ("fail", {})]


async def test_the_emulator_serves_a_toolkit_too():
    def add(a: int, b: int) -> int:
        return a + b

    schema = {
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
        "required": ["a", "b"],
    }
    tool = heroku_emulator.McpTool(name="add", description="Adds.", input_schema=schema, run=add)
    deployed = heroku_emulator.McpServer("acute-partridge", [tool])
    with Emulator(engine="deterministic", mcp_servers=[deployed]) as emulator:
        connection = {"api_key": emulator.api_key, "base_url": emulator.url}
        tools = await load_mcp_tools(**connection)
        assert (await tools[0].acall(a=1, b=2)).content == "3"
        agent = FunctionAgent(tools=tools, llm=Heroku(model="claude-4-5-sonnet", **connection))
        name = tools[0].metadata.name.replace("/", "_")
        done = await run_to_end(agent, f"{name}(1, 2)")
        assert [result.tool_output.content for result in done.results] == ["3"]
        with pytest.raises(AuthenticationError):
            await load_mcp_tools(api_key="inf-made-up", base_url=emulator.url)
