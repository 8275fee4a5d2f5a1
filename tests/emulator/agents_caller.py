"""What the tests of /v1/agents/heroku send, script and read."""

import json

from heroku_emulator import CallTools, Say

PATH = "/v1/agents/heroku"
HELLO = {"role": "user", "content": "Hello"}
CODE = {"type": "mcp", "name": "code_exec_python"}
SHOWN = "mcp-python/code_exec_python"


def say(text, **fields):
    return Say(text, path=PATH, **fields)


def call_tools(*names, **fields):
    return CallTools([(name, {"code": "1"}) for name in names], path=PATH, **fields)


def heroku_tool(name="html_to_markdown", **runtime):
    return {"type": "heroku_tool", "name": name, "runtime_params": runtime}


def messages_of(steps):
    return [step["choices"][0]["message"] for step in steps]


def results_of(steps):
    return [message["content"] for message in messages_of(steps) if message["role"] == "tool"]


def unwrap(content):
    """Returns the MCP result after the prefix."""
    prefix, returned = content.split(" returned result: ", 1)
    assert prefix.startswith("Tool '")
    return json.loads(returned)
