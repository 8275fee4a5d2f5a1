"""The tools of agents that only a script can answer for, and what the model is told of them."""

import json

import httpx
import pytest

from heroku_emulator import CallTools

PATH = "/v1/agents/heroku"


def run_tool(emulator, name, arguments, **runtime):
    """Lets an agent call a Heroku tool; returns `(isError, text)`."""
    emulator.reset()
    emulator.script(CallTools([(name, arguments)], path=PATH))
    tool = {"type": "heroku_tool", "name": name, "runtime_params": runtime}
    body = {"model": "claude-4-sonnet", "messages": [{"role": "user", "content": "Go."}]}
    headers = {"authorization": f"Bearer {emulator.api_key}"}
    body["tools"] = [tool]
    with httpx.Client(trust_env=False, timeout=30) as http:
        answer = http.post(emulator.url + PATH, json=body, headers=headers)
    frames = [line for line in answer.text.splitlines() if "tool.completion" in line]
    message = json.loads(frames[0].removeprefix("data: "))["choices"][0]["message"]
    prefix, returned = message["content"].split(" returned result: ", 1)
    assert prefix == f"Tool '{name}'"
    if name == "dyno_run_command":
        return None, returned
    result = json.loads(returned)
    (part,) = result["content"]
    return result["isError"], part["text"]


@pytest.mark.parametrize("language", ["ruby", "node", "go"])
def test_code_of_other_languages_needs_a_script(emulator, language):
    failed, text = run_tool(emulator, f"code_exec_{language}", {"code": "1"})
    assert failed
    assert "ToolResult" in text


def test_a_dyno_runs_nothing_by_itself(emulator):
    params = {"target_app_name": "app", "tool_params": {"cmd": "touch never"}}
    _, text = run_tool(emulator, "dyno_run_command", {}, **params)
    assert text == ('dyno_run_command does not run here: script what it returns, ToolResult("...")')


def test_a_tool_that_is_not_known_here_needs_a_script(emulator):
    failed, text = run_tool(emulator, "pg_psql", {})
    assert failed
    assert "pg_psql does not run here" in text


def test_a_dyno_tool_is_offered_as_the_request_describes_it(emulator, call):
    schema = {
        "type": "object",
        "properties": {"folder": {"type": "string"}},
        "required": ["folder"],
    }
    params = {"cmd": "ls", "description": "Lists the files of a folder.", "parameters": schema}
    runtime = {"target_app_name": "app", "tool_params": params}
    tool = {"type": "heroku_tool", "name": "dyno_run_command", "runtime_params": runtime}
    messages = [{"role": "user", "content": "List all files of the folder 'bin', please."}]
    asked = call.agent_steps(messages=messages, tools=[tool])[0]["choices"][0]["message"]
    function = asked["tool_calls"][0]["function"]
    assert function == {"name": "dyno_run_command", "arguments": '{"folder":"bin"}'}
