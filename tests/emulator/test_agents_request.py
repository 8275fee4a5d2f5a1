"""POST /v1/agents/heroku: which requests are refused, and which pass."""

import json

import pytest

from heroku_emulator import Fault
from tests.emulator.agents_caller import CODE, HELLO, PATH, heroku_tool, messages_of

DYNO_PARAMS = {"cmd": "date", "description": "Tells the time.", "parameters": {"type": "object"}}


def dyno(**params):
    return heroku_tool("dyno_run_command", target_app_name="app", tool_params=DYNO_PARAMS | params)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"stream": True}, "unrecognized request argument: stream"),
        ({"max_tokens": 5}, "unrecognized request argument: max_tokens"),
        ({"tool_choice": "auto"}, "unrecognized request argument: tool_choice"),
        ({"allow_ignored_params": True}, "unrecognized request argument: allow_ignored_params"),
        ({"session_id": "x"}, "unrecognized request argument: session_id"),
        ({"model": None}, "model is required"),
        ({"messages": None}, "messages is required"),
        ({"messages": []}, "messages is required"),
        ({"messages": [{"role": "developer", "content": "x"}, HELLO]}, "messages.0.role"),
        ({"messages": [{"role": "user", "content": ""}]}, "content is required"),
        ({"temperature": 1.5}, "temperature must be between 0 and 1"),
        ({"top_p": -1}, "top_p must be between 0 and 1"),
        ({"model": "claude-4-5-sonnet", "temperature": 1, "top_p": 1}, "cannot both be specified"),
        ({"stop": "x"}, "stop must be an array of strings"),
        ({"max_tokens_per_inference_request": 0}, "must be at least 1"),
        ({"max_tokens_per_inference_request": "9"}, "must be an integer"),
        ({"max_tokens_per_inference_request": 8193}, "must be at most 8192"),
        ({"max_tokens_per_inference_request": 4097, "model": "claude-4-5-haiku"}, "at most 4096"),
        ({"tools": CODE}, "tools must be a list"),
        ({"tools": ["add"]}, "tools.0 must be an object"),
        ({"tools": [{"name": "add"}]}, "tools.0.type must be one of heroku_tool, mcp"),
        ({"tools": [{"type": "function", "function": {"name": "add"}}]}, "tools.0.type must be"),
        ({"tools": [{"type": "mcp"}]}, "tools.0.name is required"),
        ({"tools": [CODE | {"server": "x"}]}, "unrecognized request argument: server"),
        ({"tools": [CODE | {"description": 1}]}, "tools.0.description must be a string"),
        ({"tools": [CODE | {"runtime_params": []}]}, "runtime_params must be an object"),
        ({"tools": [heroku_tool(max_retries=1)]}, "unrecognized request argument: max_retries"),
        ({"tools": [heroku_tool(ttl_seconds=121)]}, "ttl_seconds must be at most 120"),
        ({"tools": [heroku_tool(ttl_seconds=0)]}, "ttl_seconds must be at least 1"),
        ({"tools": [heroku_tool(max_calls=0)]}, "max_calls must be at least 1"),
        ({"tools": [heroku_tool(max_calls="3")]}, "max_calls must be an integer"),
        ({"tools": [heroku_tool(dyno_size=1)]}, "dyno_size must be a string"),
        ({"tools": [heroku_tool(tool_params="x")]}, "tool_params must be an object"),
        ({"tools": [heroku_tool("dyno_run_command")]}, "target_app_name is required"),
        ({"tools": [heroku_tool("postgres_run_query")]}, "target_app_name is required"),
        (
            {"tools": [heroku_tool("postgres_get_schema", target_app_name="app")]},
            "tool_params.db_attachment is required",
        ),
        ({"tools": [dyno(cmd=None)]}, "tool_params.cmd is required"),
        ({"tools": [dyno(description=1)]}, "tool_params.description must be a string"),
        ({"tools": [dyno(parameters="x")]}, "tool_params.parameters must be an object"),
        ({"tools": [dyno(parameters={})]}, "tool_params.parameters.type must be object"),
    ],
)
def test_a_malformed_request_is_refused_before_the_stream(call, fields, message):
    answer = call.agents(**fields)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/json")
    assert message in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "fields",
    [
        {"tools": None},
        {"tools": [dyno(), heroku_tool(ttl_seconds=120, dyno_size="standard-2x", max_calls=9)]},
        {"tools": [CODE | {"runtime_params": {"ttl_seconds": 121}, "description": "hint"}]},
        {"tools": [{"type": "heroku_tool", "name": "a_tool_of_tomorrow"}]},
        {"max_tokens_per_inference_request": 8192, "stop": ["END"], "temperature": 0.5},
        {"max_tokens_per_inference_request": 9999, "model": "gpt-oss-120b"},
        {"messages": [{"role": "system", "content": "Be kind."}, HELLO]},
        {"tools": [CODE | {"description": ""}, dyno(description="")]},
    ],
    ids=range(8),
)
def test_a_well_formed_request_runs(call, fields):
    assert messages_of(call.agent_steps(**fields))[-1]["content"] == "You said: Hello"


def test_documented_caps_and_unknown_fields_can_be_let_through(emulator, call):
    emulator.switch(agent_output_caps="none", allow_ignored_params=True)
    fields = {"max_tokens_per_inference_request": 64_000, "stream": True}
    assert call.agents(**fields).status_code == 200
    for tool in (CODE | {"x": 1}, CODE | {"runtime_params": {"x": 1}}):
        assert call.agents(tools=[tool]).status_code == 200


def test_key_model_and_faults_work_as_in_every_endpoint(emulator, call):
    assert call.http.post(PATH, json={}, headers={"authorization": ""}).status_code == 401
    assert call.agents(model="cohere-rerank-3-5").status_code == 400
    assert call.agents(model="claude-99").status_code == 404
    emulator.script(Fault(503), Fault.html403(path=PATH))
    assert [call.agents().status_code for _ in range(2)] == [503, 403]
    with emulator.switched(error_envelope="string"):
        error = json.loads(call.agents(stream=True).json()["error"])
    assert error == {
        "code": 400,
        "message": "unrecognized request argument: stream",
        "type": "invalid_request",
    }
