"""`HerokuToolSpec` with the tools of MCP servers that are attached to the add-on."""

from __future__ import annotations

import pytest

from heroku_emulator import Emulator, McpServer, McpTool
from heroku_inference import Client, ConfigError
from llama_index_heroku import HerokuToolSpec
from tests.llama_index.heroku_agents import call_tools


def by_name(spec):
    return {tool.metadata.name: tool for tool in spec.to_tool_list()}


def add(a: int, b: int) -> int:
    return a + b


SCHEMA = {
    "type": "object",
    "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
    "required": ["a", "b"],
}
TOOLS = [McpTool(name="add", description="Adds.", input_schema=SCHEMA, run=add)]


@pytest.fixture
def mcp_emulator():
    servers = [McpServer("acute-partridge", TOOLS), McpServer("brave-otter", TOOLS)]
    with Emulator(engine="deterministic", mcp_servers=servers) as emulator:
        yield emulator


def test_tools_of_mcp_servers_are_listed_with_their_schema_and_run(mcp_emulator):
    connection = {"api_key": mcp_emulator.api_key, "base_url": mcp_emulator.url}
    first, second = Client(**connection).mcp_servers()
    spec = HerokuToolSpec(
        mcp_tools=[*first.tools, *second.tools], model="claude-4-5-sonnet", **connection
    )
    assert spec.spec_functions[-2:] == ["add", "brave-otter_add"]
    tool = by_name(spec)["brave-otter_add"]
    assert tool.metadata.description == "Adds."
    assert tool.metadata.get_parameters_dict()["properties"] == SCHEMA["properties"]
    mcp_emulator.script(call_tools(("brave-otter/add", {"a": 1, "b": 2})))
    assert tool(a=1, b=2).content == "3"
    sent = mcp_emulator.journal[-1].body["tools"]
    assert [(tool["type"], tool["name"]) for tool in sent] == [("mcp", "brave-otter/add")]


def test_a_tool_known_by_its_name_alone_takes_a_request_in_words(mcp_emulator):
    spec = HerokuToolSpec(
        mcp_tools=["acute-partridge/add"],
        model="claude-4-5-sonnet",
        api_key=mcp_emulator.api_key,
        base_url=mcp_emulator.url,
    )
    assert by_name(spec)["add"].metadata.get_parameters_dict()["required"] == ["request"]
    mcp_emulator.script(call_tools(("acute-partridge/add", {"a": 1, "b": 2})))
    assert spec.run("add", request="Add 1 and 2.").content == "3"


def test_two_tools_of_one_name_are_refused(config_vars):
    with pytest.raises(ConfigError, match="have the name"):
        HerokuToolSpec(mcp_tools=["a/add", "b/add", "b/add"])
