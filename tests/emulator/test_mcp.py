"""MCP: the list of servers, and their tools in agents."""

import json
import re
import sys
import uuid

import pytest

from heroku_emulator import CallTools, Emulator, Fault, McpServer, McpTool, RawBody, Say
from tests.emulator.mcp_deployed import CALCULATOR, SCHEMA, add, client, draw, get

PATH = "/v1/agents/heroku"
GONE = McpServer(
    "brave-otter",
    tools=[McpTool(name="add", run=add)],
    process_type="mcp-otter",
    process_command="node otter.js",
    server_status="disconnected",
    primitives_status="error",
)


@pytest.fixture(scope="module")
def running():
    servers = [CALCULATOR, GONE]
    with Emulator(engine="deterministic", mcp_servers=servers) as emulator:
        yield emulator


@pytest.fixture
def deployed(running):
    running.reset()
    yield running
    running.reset()


# The list


def test_without_servers_the_list_is_empty(call):
    answer = call.http.get("/v1/mcp/servers")
    assert (answer.status_code, answer.text) == (200, "[]")
    assert answer.headers["content-type"] == "application/json"


def test_the_list_has_the_documented_fields_in_order(deployed):
    calculator, gone = get(deployed, "/v1/mcp/servers").json()
    assert list(calculator) == [
        "id",
        "app_id",
        "process_type",
        "process_command",
        "created_at",
        "updated_at",
        "namespace",
        "server_status",
        "primitives_status",
        "tools",
    ]
    assert uuid.UUID(calculator["id"]) != uuid.UUID(calculator["app_id"])
    for name in ("created_at", "updated_at"):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", calculator[name])
    assert calculator["process_type"] == "mcp"
    assert calculator["namespace"] == "acute-partridge"
    assert (calculator["server_status"], calculator["primitives_status"]) == (
        "registered",
        "synced",
    )
    assert calculator["tools"][0] == {
        "name": "add",
        "namespaced_name": "acute-partridge/add",
        "description": "Adds two numbers.",
        "input_schema": SCHEMA,
        "annotations": {"readOnlyHint": True},
    }
    assert list(calculator["tools"][1]) == ["name", "namespaced_name", "input_schema"]
    assert gone["id"] != calculator["id"]
    assert (gone["server_status"], gone["process_command"]) == ("disconnected", "node otter.js")


def test_the_list_needs_the_key_and_is_read_only(deployed):
    assert get(deployed, "/v1/mcp/servers", key="inf-other").status_code == 401
    with client(deployed) as http:
        assert http.post("/v1/mcp/servers", json={}).status_code == 404


def test_the_list_can_be_scripted(deployed):
    deployed.script(Fault(503, path="/v1/mcp/servers"), RawBody({"odd": 1}))
    assert get(deployed, "/v1/mcp/servers").status_code == 503
    assert get(deployed, "/v1/mcp/servers").json() == {"odd": 1}
    assert len(get(deployed, "/v1/mcp/servers").json()) == 2


# Their tools in agents


def call_tool(emulator, name, arguments, tool=None, **runtime):
    """Lets an agent call a tool; returns the tool's message and its MCP result."""
    emulator.script(CallTools([(name, arguments)], path=PATH), Say("Done.", path=PATH))
    tool = {"type": "mcp", "name": tool or name, "runtime_params": runtime}
    messages = [{"role": "user", "content": "Go."}]
    with client(emulator) as http:
        body = {"model": "claude-4-sonnet", "messages": messages, "tools": [tool]}
        answer = http.post(PATH, json=body)
    frames = [line for line in answer.text.splitlines() if "tool.completion" in line]
    message = json.loads(frames[0].removeprefix("data: "))["choices"][0]["message"]
    return message, json.loads(message["content"].split(" returned result: ", 1)[1])


def text_result(text, *, failed=False):
    return {"content": [{"type": "text", "text": text}], "isError": failed}


@pytest.mark.parametrize("offered", ["add", "acute-partridge/add"])
@pytest.mark.parametrize("name", ["add", "acute-partridge/add"])
def test_agents_run_the_tools_by_either_name(deployed, offered, name):
    message, result = call_tool(deployed, name, {"a": 1, "b": 2}, tool=offered)
    assert message["name"] == "acute-partridge/add"
    assert result == text_result("3")


@pytest.mark.parametrize("offered", [["a/add", "b/add"], ["add", "b/add"]], ids=str)
def test_tools_with_the_same_name_run_and_count_separately(offered):
    servers = [
        McpServer("a", tools=[McpTool(name="add", run=lambda: "of a")]),
        McpServer("b", tools=[McpTool(name="add", run=lambda: "of b")]),
    ]
    tools = [{"type": "mcp", "name": name, "runtime_params": {"max_calls": 1}} for name in offered]
    with Emulator(engine="deterministic", mcp_servers=servers) as emulator:
        calls = [(name, {}) for name in ("b/add", "a/add", "add")]
        emulator.script(CallTools(calls, path=PATH), Say("Done.", path=PATH))
        with client(emulator) as http:
            body = {"model": "claude-4-sonnet", "messages": [{"role": "user", "content": "Go."}]}
            text = http.post(PATH, json=body | {"tools": tools}).text
    results = [json.loads(line[6:]) for line in text.splitlines() if "tool.completion" in line]
    messages = [result["choices"][0]["message"] for result in results]
    assert [message["name"] for message in messages] == ["b/add", "a/add", "a/add"]
    results = [json.loads(message["content"].split(" result: ", 1)[1]) for message in messages]
    assert results[:2] == [text_result("of b"), text_result("of a")]
    assert "max_calls is used up" in results[2]["content"][0]["text"]


def test_an_invalid_schema_fails_the_call_and_not_the_run():
    tool = McpTool(name="odd", run=add, input_schema={"type": "nothing"})
    servers = [McpServer("a", tools=[tool])]
    with Emulator(engine="deterministic", mcp_servers=servers) as emulator:
        assert call_tool(emulator, "odd", {"a": 1})[1]["isError"]


@pytest.mark.parametrize(
    ("name", "arguments", "result"),
    [
        ("greet", {"name": "Größe"}, text_result("Hello Größe!")),
        ("fail", {}, text_result("ZeroDivisionError: oh", failed=True)),
        ("greet", {}, None),
        (
            "add",
            {"a": 1},
            text_result("Input validation error: 'b' is a required property", failed=True),
        ),
        ("draw", {}, {"content": draw(), "isError": False}),
        ("brave-otter/add", {"a": 1, "b": 2}, None),
    ],
    ids=["async", "raises", "misses", "invalid", "parts", "disconnected"],
)
def test_a_returned_value_or_an_exception_is_the_result(deployed, name, arguments, result):
    _, returned = call_tool(deployed, name, arguments)
    assert returned["isError"] if result is None else returned == result


def test_without_jsonschema_the_tool_checks_its_arguments(deployed, monkeypatch):
    monkeypatch.setitem(sys.modules, "jsonschema", None)
    _, result = call_tool(deployed, "add", {"a": 1})
    assert result["isError"]
    assert result["content"][0]["text"].startswith("TypeError")


def test_a_tool_that_takes_too_long_fails(deployed):
    _, result = call_tool(deployed, "nap", {}, ttl_seconds=1)
    assert result == text_result("nap did not end within 1 seconds", failed=True)


def test_the_engine_calls_tools_by_their_descriptions(deployed):
    tool = {"type": "mcp", "name": "acute-partridge/add"}
    messages = [{"role": "user", "content": "Please add(20, 22)."}]
    with client(deployed) as http:
        body = {"model": "claude-4-sonnet", "messages": messages, "tools": [tool]}
        text = http.post(PATH, json=body).text
    last = json.loads(text.split("data: ")[3].split("\n")[0])
    assert last["choices"][0]["message"]["content"] == "add says: 42"
