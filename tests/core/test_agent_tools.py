"""Tools for Heroku's agents, as values and in a request."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from types import MappingProxyType

import pytest

from heroku_inference import AgentTool, ConfigError, McpTool, agent_tools

READY_MADE = {
    "dyno_run_command": (
        agent_tools.dyno_run_command(
            "my-app", "date", description="the time", parameters={"type": "object"}, max_calls=1
        ),
        {
            "type": "heroku_tool",
            "name": "dyno_run_command",
            "runtime_params": {
                "target_app_name": "my-app",
                "max_calls": 1,
                "tool_params": {
                    "cmd": "date",
                    "description": "the time",
                    "parameters": {"type": "object"},
                },
            },
        },
    ),
    "postgres_get_schema": (
        agent_tools.postgres_get_schema("my-app", "COBALT", dyno_size="standard-2x"),
        {
            "type": "heroku_tool",
            "name": "postgres_get_schema",
            "runtime_params": {
                "target_app_name": "my-app",
                "dyno_size": "standard-2x",
                "tool_params": {"db_attachment": "COBALT"},
            },
        },
    ),
    "postgres_run_query": (
        agent_tools.postgres_run_query("my-app", "COBALT", description="a hint", ttl_seconds=120),
        {
            "type": "heroku_tool",
            "name": "postgres_run_query",
            "description": "a hint",
            "runtime_params": {
                "target_app_name": "my-app",
                "ttl_seconds": 120,
                "tool_params": {"db_attachment": "COBALT"},
            },
        },
    ),
    "mcp by name": (
        agent_tools.mcp_tool("code_exec_python"),
        {"type": "mcp", "name": "code_exec_python"},
    ),
    "mcp from the list": (
        agent_tools.mcp_tool(McpTool("add", "calm-otter/add", "adds"), ttl_seconds=3600),
        {"type": "mcp", "name": "calm-otter/add", "runtime_params": {"ttl_seconds": 3600}},
    ),
    "any name": (
        agent_tools.heroku_tool("pg_psql", tool_params={"a": 1}),
        {"type": "heroku_tool", "name": "pg_psql", "runtime_params": {"tool_params": {"a": 1}}},
    ),
    **{
        name: (getattr(agent_tools, name)(), {"type": "heroku_tool", "name": name})
        for name in (
            "html_to_markdown",
            "pdf_to_markdown",
            "code_exec_python",
            "code_exec_ruby",
            "code_exec_node",
            "code_exec_go",
        )
    },
}
ASK = [{"role": "user", "content": "Do it."}]


@pytest.mark.parametrize("name", READY_MADE)
def test_a_tool_says_what_was_said_of_it_and_no_more(name):
    tool, wire = READY_MADE[name]
    assert tool.as_json() == wire
    assert list(tool.as_json())[:2] == ["type", "name"]


@pytest.mark.parametrize("name", READY_MADE)
def test_a_tool_survives_copies_and_pickles(name):
    tool, _ = READY_MADE[name]
    assert pickle.loads(pickle.dumps(tool)) == tool
    assert copy.deepcopy(tool) == tool


@pytest.mark.parametrize("name", READY_MADE)
def test_a_tool_is_a_value(name):
    tool, _ = READY_MADE[name]
    assert {tool, copy.deepcopy(tool)} == {tool}
    with pytest.raises(dataclasses.FrozenInstanceError):
        tool.name = "another"


def test_a_tool_stays_as_it_was_made():
    parameters = {"type": "object", "required": ["a"]}
    tool = agent_tools.dyno_run_command("my-app", "date", parameters=parameters)
    before = copy.deepcopy(tool)
    parameters["required"].append("b")
    tool.as_json()["runtime_params"]["tool_params"]["parameters"]["type"] = "array"
    assert tool == before


def test_mappings_of_any_type_are_sent(emulator, calls):
    parameters = MappingProxyType({"type": "object", "required": ("a",)})
    tool = agent_tools.dyno_run_command("my-app", "date", parameters=parameters)
    assert pickle.loads(pickle.dumps(tool)) == tool
    calls.stream_agent(ASK, tools=[tool, MappingProxyType(tool.as_json())])
    one, two = emulator.journal[-1].body["tools"]
    assert one == two
    assert one["runtime_params"]["tool_params"]["parameters"] == {
        "type": "object",
        "required": ["a"],
    }


@pytest.mark.parametrize("tools", [None, [], ()], ids=str)
def test_no_tools_are_not_sent(emulator, calls, tools):
    calls.run_agent(ASK, tools=tools)
    assert "tools" not in emulator.journal[-1].body


@pytest.mark.parametrize("name", [name for name in READY_MADE if not name.startswith("code_exec")])
def test_a_strict_server_takes_every_tool(emulator, calls, name):
    tool, wire = READY_MADE[name]
    with emulator.switched(strict="mcp" not in name and name != "any name"):
        calls.stream_agent(ASK, tools=[tool])
    assert emulator.journal[-1].body["tools"] == [wire]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: agent_tools.code_exec_python(ttl_seconds=121), "at most 120, got"),
        (lambda: AgentTool(name="x", max_calls=0), "max_calls of x must be 1 or more, got 0"),
        (lambda: AgentTool(name=""), "name"),
        (lambda: AgentTool(name="x", type="function"), "only Heroku's own tools"),
        (lambda: agent_tools.dyno_run_command("", "date"), "app of .* must be a name"),
        (lambda: agent_tools.dyno_run_command("my-app", " "), "cmd of .* must be a name"),
        (
            lambda: agent_tools.postgres_get_schema("my-app", ""),
            "db_attachment of .* must be a name",
        ),
        (lambda: agent_tools.postgres_run_query(None, "COBALT"), "app of .* must be a name"),
    ],
    ids=["ttl", "max_calls", "name", "function", "no app", "no cmd", "no database", "app None"],
)
def test_what_the_documentation_rules_out_is_refused(make, message):
    with pytest.raises(ConfigError, match=message):
        make()


@pytest.mark.parametrize(
    "make",
    [
        lambda: agent_tools.heroku_tool("x", ttl=5),
        lambda: agent_tools.postgres_run_query("a", "B", tool_params={}),
        lambda: agent_tools.dyno_run_command("a", "b", target_app_name="c"),
        lambda: agent_tools.dyno_run_command("my-app"),
    ],
    ids=["unknown", "params twice", "app twice", "too few"],
)
def test_arguments_that_are_none_are_type_errors(make):
    with pytest.raises(TypeError):
        make()


@pytest.mark.parametrize(
    ("tool", "message"),
    [
        ({"type": "function", "function": {"name": "add"}}, "only Heroku's own tools"),
        ({"name": "add", "input_schema": {}}, "only Heroku's own tools"),
        (len, "builtin_function"),
        ("code_exec_python", "a str cannot"),
        ({"name": "code_exec_python"}, '"type"'),
        ({"type": "mcp"}, '"name"'),
        ({"type": "mcp", "name": 5}, '"name"'),
        (
            {"type": "heroku_tool", "name": "x", "runtime_params": {"ttl_seconds": 300}},
            "at most 120, got",
        ),
        ({"type": "mcp", "name": "x", "runtime_params": {"max_calls": 0}}, "max_calls"),
    ],
    ids=["openai", "anthropic", "callable", "str", "no type", "no name", "5", "ttl", "max_calls"],
)
def test_an_invalid_agent_tool_is_refused_with_its_position(emulator, calls, tool, message):
    with pytest.raises(ConfigError, match=message) as caught:
        calls.run_agent(ASK, tools=[agent_tools.code_exec_python(), tool])
    assert str(caught.value).startswith("tools[1]: ")
    assert len(emulator.journal) == 0


@pytest.mark.parametrize("tools", ["code_exec_python", {"type": "mcp", "name": "x"}, 5])
def test_tools_are_a_list(calls, tools):
    with pytest.raises(ConfigError, match="a list of tools"):
        calls.run_agent(ASK, tools=tools)


def test_a_mapping_is_sent_as_it_is(emulator, calls):
    tool = {"type": "new_kind", "name": "x", "more": [1], "runtime_params": {"max_retries": 2}}
    before = copy.deepcopy(tool)
    with emulator.switched(strict=False):
        calls.stream_agent(ASK, tools=[tool])
    assert emulator.journal[-1].body["tools"] == [before] == [tool]
