"""The tools of agents that need a script, and their descriptions for the model."""

import pytest

from tests.emulator.tool_runner import run_tool


@pytest.mark.parametrize("language", ["ruby", "node", "go"])
def test_code_in_other_languages_needs_a_script(emulator, language):
    failed, text = run_tool(emulator, f"code_exec_{language}", {"code": "1"})
    assert failed
    assert "ToolResult" in text


def test_a_dyno_runs_nothing(emulator):
    params = {"target_app_name": "app", "tool_params": {"cmd": "touch never"}}
    _, text = run_tool(emulator, "dyno_run_command", {}, **params)
    assert text == ('dyno_run_command does not run here: script what it returns, ToolResult("...")')


def test_an_unknown_tool_needs_a_script(emulator):
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
