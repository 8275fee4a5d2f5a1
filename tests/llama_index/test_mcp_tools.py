"""`load_mcp_tools`: a real MCP toolkit over loopback, and the emulator's, as LlamaIndex's tools."""

from __future__ import annotations

import asyncio

import pytest
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.base.llms.types import ImageBlock
from llama_index.core.tools import FunctionTool

import heroku_emulator
from heroku_emulator import CallTools, Emulator, Say
from heroku_inference import (
    AuthenticationError,
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


async def test_a_tools_output_says_what_it_was_given_and_what_came(server):
    add = (await load(server))["add"]
    assert isinstance(add, FunctionTool)
    output = await add.acall(a=1, b=2)
    assert (output.content, output.tool_name) == ("3", "add")
    assert output.raw_input == {"a": 1, "b": 2}
    assert output.raw_output["content"][0]["text"] == "3"


async def test_a_model_gets_the_servers_parameters_of_a_tool(server):
    add = (await load(server))["add"].metadata
    parameters = add.get_parameters_dict()
    assert parameters["required"] == ["a", "b"]
    assert parameters["properties"]["a"]["type"] == "integer"


async def test_images_stay_what_they_are(server):
    tools = await load(server)
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


async def test_settings_say_where_it_is(server):
    settings = Settings(api_key=server.key, base_url=f"{server.url}/v1/")
    assert len(await load_mcp_tools(settings=settings)) == len(NAMES)


async def test_arguments_can_be_preset_for_tools(server):
    tools = await load(
        server,
        global_partial_params={"b": 10},
        partial_params_by_tool={"slow": {"seconds": 0.0}},
        include_resources=True,
    )
    assert list(tools["add"].metadata.get_parameters_dict()["properties"]) == ["a"]
    assert (await tools["add"].acall(a=1)).content == "11"


async def test_arguments_that_the_server_refuses_are_an_error_of_the_tool(server):
    output = await (await load(server))["add"].acall(a="one")
    assert output.is_error
    assert server.calls == []


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
