"""The tools of Heroku's MCP toolkit, from a real MCP server and from the emulator."""

import warnings
from base64 import b64encode
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.messages import HumanMessage, ToolMessage
from mcp import types

from heroku_emulator import CallTools, Emulator, McpServer, McpTool, Say
from langchain_heroku import ChatHeroku, ChatHerokuMessages, errors, load_mcp_tools
from tests import mcp_server
from tests.histories import images_sent, texts_sent
from tests.wire_cases import PIXEL

KEY = "inf-made-up-for-mcp"
NAMES = ["acute-partridge_shout", "add", "fail", "picture", "slow"]


@pytest.fixture
def toolkit():
    """A toolkit that is served both ways."""
    with mcp_server.McpServer(key=KEY) as server:
        yield server


async def tools_of(server, **arguments):
    tools = await load_mcp_tools(api_key=server.key, base_url=server.url, **arguments)
    return {tool.name: tool for tool in tools}


async def test_models_get_names_that_they_take_and_hints_are_kept(toolkit):
    tools = await tools_of(toolkit)
    assert sorted(tools) == NAMES
    assert tools["add"].metadata["readOnlyHint"] is True
    assert tools["acute-partridge_shout"].metadata["mcp_name"] == "acute-partridge/shout"


async def test_headers_of_the_user_are_sent_too(toolkit):
    await tools_of(toolkit, default_headers={"x-mine": "yes"})
    assert {request.headers["x-mine"] for request in toolkit.requests} == {"yes"}


# In an agent


async def test_an_agent_uses_them_end_to_end(toolkit, emulator, config_vars):
    emulator.script(CallTools([("add", {"a": 2, "b": 3}), ("picture", {})]))
    emulator.script(Say("Five, and a dot."))
    agent = create_agent(ChatHeroku(), [*(await tools_of(toolkit)).values()])
    state = await agent.ainvoke({"messages": [HumanMessage("Add and draw.")]})
    added, drawn = (m for m in state["messages"] if isinstance(m, ToolMessage))
    assert added.text == "5"
    assert drawn.content_blocks[0]["type"] == "image"
    assert state["messages"][-1].text == "Five, and a dot."
    told = emulator.journal[-1].body["messages"]
    assert [message["role"] for message in told[2:]] == ["tool", "tool", "user"]


def files() -> list[Any]:
    """What models of Heroku do not take, and what they do."""
    report = b64encode(b"Rain in Lyon").decode()
    return [
        types.TextContent(type="text", text="Here:"),
        types.ResourceLink(
            type="resource_link",
            name="plan.pdf",
            uri="https://example.com/plan.pdf",
            mimeType="application/pdf",
            description="The plan",
        ),
        types.AudioContent(type="audio", data=report, mimeType="audio/wav"),
        types.EmbeddedResource(
            type="resource",
            resource=types.BlobResourceContents(
                uri="file:///rain.csv", blob=report, mimeType="text/csv"
            ),
        ),
        types.EmbeddedResource(
            type="resource",
            resource=types.TextResourceContents(uri="file:///notes.txt", text="Wet."),
        ),
        types.ImageContent(type="image", data=b64encode(PIXEL).decode(), mimeType="image/png"),
    ]


@pytest.mark.parametrize("model", [ChatHeroku, ChatHerokuMessages])
async def test_what_models_do_not_take_is_described_to_them(emulator, config_vars, model):
    with mcp_server.McpServer(key=KEY, tools=(files,)) as server:
        tool = (await tools_of(server))["files"]
        path = "/v1/messages" if model is ChatHerokuMessages else None
        emulator.script(CallTools([("files", {})], **({"path": path} if path else {})))
        agent = create_agent(model(model="claude-4-5-sonnet"), [tool])
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # nothing is left to repair
            state = await agent.ainvoke({"messages": [HumanMessage("Find the plan.")]})
    (found,) = (m for m in state["messages"] if isinstance(m, ToolMessage))
    assert [block["type"] for block in found.content_blocks] == ["text"] * 5 + ["image"]
    told = texts_sent(emulator.journal[-1].body)
    for text in ("Here:", "plan.pdf", "https://example.com/plan.pdf", "The plan", "audio/wav"):
        assert text in told
    for text in ("file:///rain.csv", "Rain in Lyon", "Wet."):
        assert text in told
    assert images_sent(emulator.journal[-1].body) == 1


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
