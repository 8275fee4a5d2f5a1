"""The MCP servers attached to an add-on, and where MCP clients find them."""

from __future__ import annotations

import json
import pickle
from datetime import UTC, datetime

import pytest

from heroku_emulator import Emulator, RawBody
from heroku_emulator import McpServer as DeployedServer
from heroku_emulator import McpTool as DeployedTool
from heroku_inference import (
    AsyncClient,
    Client,
    InvalidResponseError,
    McpServer,
    McpTool,
    Settings,
    agent_tools,
)
from heroku_inference._endpoints.mcp import mcp_endpoint

PATH = "/v1/mcp/servers"
SERVER = {
    "id": "15ac9382-5804-49ac-bf94-8bab2f4b62ce",
    "app_id": "434eb878-6bc1-4677-928d-80d27047ad5a",
    "process_type": "mcp",
    "process_command": "python -m src.stdio_server",
    "created_at": "2025-05-07T16:44:34.259Z",
    "updated_at": "2025-05-07T16:44:38.291Z",
    "namespace": "acute-partridge",
    "server_status": "registered",
    "primitives_status": "synced",
    "tools": [
        {
            "name": "add",
            "namespaced_name": "acute-partridge/add",
            "description": "Adds numbers",
            "input_schema": {"type": "object", "properties": {"a": {"type": "integer"}}},
            "annotations": {"readOnlyHint": True},
        }
    ],
}


def test_the_documented_list_is_read_whole(emulator, calls):
    emulator.script(RawBody([SERVER], path=PATH))
    tool = McpTool(
        name="add",
        namespaced_name="acute-partridge/add",
        description="Adds numbers",
        input_schema={"type": "object", "properties": {"a": {"type": "integer"}}},
        annotations={"readOnlyHint": True},
    )
    assert calls.mcp_servers() == [
        McpServer(
            id="15ac9382-5804-49ac-bf94-8bab2f4b62ce",
            namespace="acute-partridge",
            app_id="434eb878-6bc1-4677-928d-80d27047ad5a",
            process_type="mcp",
            process_command="python -m src.stdio_server",
            created_at=datetime(2025, 5, 7, 16, 44, 34, 259_000, UTC),
            updated_at=datetime(2025, 5, 7, 16, 44, 38, 291_000, UTC),
            server_status="registered",
            primitives_status="synced",
            tools=(tool,),
        )
    ]
    entry = emulator.journal[-1]
    assert (entry.method, entry.path) == ("GET", PATH)


def test_no_servers_are_an_empty_list(emulator, calls):
    assert calls.mcp_servers() == []


@pytest.mark.parametrize("value", [None, "absent"])
def test_missing_fields_are_none(emulator, calls, value):
    optional = dict.fromkeys(SERVER.keys() - {"id", "namespace"}) if value is None else {}
    more = dict.fromkeys(["description", "input_schema", "annotations"]) if value is None else {}
    named = {"id": "1", "namespace": "otter"}
    tools = {"tools": [{"name": "add", **more}]}
    emulator.script(RawBody([{**named, **optional}, {**named, **optional, **tools}], path=PATH))
    bare, with_tool = calls.mcp_servers()
    assert bare == McpServer("1", "otter")
    assert with_tool.tools == (McpTool("add", "otter/add", None, {}, None),)


def test_unknown_fields_and_states_are_no_error(emulator, calls):
    tool = {**SERVER["tools"][0], "new": 1}
    server = {**SERVER, "server_status": "resting", "new": {"a": 1}, "tools": [tool]}
    emulator.script(RawBody([server], path=PATH))
    assert calls.mcp_servers()[0].server_status == "resting"


@pytest.mark.parametrize(
    "body",
    [{"data": []}, [{"namespace": "otter"}], [5], "<html>"],
    ids=["envelope", "no id", "number", "page"],
)
def test_anything_but_a_list_of_servers_is_an_error(emulator, calls, body):
    emulator.script(RawBody(body, path=PATH))
    with pytest.raises(InvalidResponseError):
        calls.mcp_servers()


def test_a_server_is_a_value_that_survives_pickles(emulator, calls):
    emulator.script(RawBody([SERVER], path=PATH))
    servers = calls.mcp_servers()
    assert {*servers, *servers} == {servers[0]}
    assert pickle.loads(pickle.dumps(servers)) == servers


def test_a_listed_tool_can_be_passed_to_an_agent():
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}}
    tool = DeployedTool(name="add_one", input_schema=schema, run=lambda a: str(a + 1))
    with Emulator(engine="deterministic", mcp_servers=[DeployedServer("otter", [tool])]) as server:
        client = Client(api_key=server.api_key, base_url=server.url, model="claude-4-5-sonnet")
        (listed,) = client.mcp_servers()
        assert listed.tools[0].namespaced_name == "otter/add_one"
        assert listed.tools[0].input_schema == schema
        given = agent_tools.mcp_tool(listed.tools[0])
        question = [{"role": "user", "content": "Call add_one with a=41, please."}]
        run = client.run_agent(question, tools=[given])
        assert given.as_json() == {"type": "mcp", "name": "otter/add_one"}
        assert [result.name for result in run.tool_results] == ["otter/add_one"]


KEY = "inf-made-up-for-mcp"


@pytest.mark.parametrize("url", ["eu.inference.heroku.com", "https://eu.inference.heroku.com/v1/"])
def test_the_toolkit_is_beside_the_api(url):
    endpoint = mcp_endpoint(Settings(api_key=KEY, base_url=url))
    assert endpoint.url == "https://eu.inference.heroku.com/mcp"
    assert endpoint.sse_url == "https://eu.inference.heroku.com/mcp/sse"
    assert endpoint.headers == {"Authorization": f"Bearer {KEY}"}
    assert json.loads(json.dumps(endpoint.headers)) == endpoint.headers


def test_the_toolkit_shows_no_key_and_pickles_none_of_a_config_var(monkeypatch):
    monkeypatch.setenv("INFERENCE_KEY", KEY)
    monkeypatch.setenv("INFERENCE_URL", "eu.inference.heroku.com")
    endpoint = mcp_endpoint(Settings())
    assert KEY not in f"{endpoint} {endpoint!r} {endpoint.headers} {endpoint.headers!r}"
    pickled = pickle.dumps(endpoint)
    assert KEY.encode() not in pickled
    assert pickle.loads(pickled).headers == endpoint.headers


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_a_client_tells_its_toolkit(kind):
    client = kind(api_key=KEY, base_url="eu.inference.heroku.com")
    assert mcp_endpoint(client.settings()).url == "https://eu.inference.heroku.com/mcp"
