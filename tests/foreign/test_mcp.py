"""LlamaIndex's `load_mcp_tools` with version 2 of the MCP library; other tests have version 1."""

from __future__ import annotations

import time
from importlib.metadata import version

import pytest

from heroku_emulator import Emulator, McpServer, McpTool
from heroku_inference import APITimeoutError, AuthenticationError, NotFoundError
from llama_index_heroku import load_mcp_tools

# Its models are pydantic's of old.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def fail():
    raise ValueError("no such order")


TOOLS = [
    McpTool(name="add", run=lambda a, b: a + b),
    McpTool(name="fail", run=fail),
    McpTool(name="slow", run=lambda: time.sleep(3)),
]


@pytest.fixture(scope="module")
def deployed():
    with Emulator(
        engine="deterministic", mcp_servers=[McpServer(namespace="orders", tools=TOOLS)]
    ) as emulator:
        yield emulator


async def load(emulator, **options):
    options = {"api_key": emulator.api_key, "base_url": emulator.url, **options}
    return {tool.metadata.name: tool for tool in await load_mcp_tools(**options)}


def test_the_library_is_of_version_2():
    assert version("mcp").startswith("2.")


@pytest.mark.parametrize("transport", ["both", "sse", "streamable_http"])
async def test_tools_are_found_and_run_by_whichever_transport_there_is(transport, deployed):
    with deployed.switched(mcp_transport=transport):
        tools = await load(deployed)
        assert list(tools) == ["orders/add", "orders/fail", "orders/slow"]
        output = await tools["orders/add"].acall(a=1, b=2)
        assert (output.content, output.is_error) == ("3", False)


async def test_a_tool_that_fails_gives_an_output_with_is_error(deployed):
    output = await (await load(deployed))["orders/fail"].acall()
    assert output.is_error
    assert "no such order" in output.content


async def test_a_refusal_is_the_error_of_its_status(deployed):
    with pytest.raises(AuthenticationError, match="Check the key"):
        await load(deployed, api_key="inf-another")


async def test_no_toolkit_at_all_is_not_found(deployed):
    refused = pytest.raises(NotFoundError, match="There is no MCP toolkit")
    with deployed.switched(mcp_transport="none"), refused:
        await load(deployed)


async def test_a_tool_that_takes_too_long_times_out(deployed):
    tools = await load(deployed, timeout=0.5)
    with pytest.raises(APITimeoutError, match="timeout"):
        await tools["orders/slow"].acall()
