"""Lets an agent call one Heroku tool, for the tests of those tools."""

import json

import httpx

from heroku_emulator import CallTools

PATH = "/v1/agents/heroku"


def run_tool(emulator, name, arguments, **runtime):
    """Returns `(isError, text)`; `isError` is `None` for the plain results of dynos."""
    emulator.reset()
    emulator.script(CallTools([(name, arguments)], path=PATH))
    tool = {"type": "heroku_tool", "name": name, "runtime_params": runtime}
    body = {"model": "claude-4-sonnet", "messages": [{"role": "user", "content": "Go."}]}
    headers = {"authorization": f"Bearer {emulator.api_key}"}
    with httpx.Client(trust_env=False, timeout=30) as http:
        answer = http.post(emulator.url + PATH, json=body | {"tools": [tool]}, headers=headers)
    frames = [line for line in answer.text.splitlines() if "tool.completion" in line]
    message = json.loads(frames[0].removeprefix("data: "))["choices"][0]["message"]
    prefix, returned = message["content"].split(" returned result: ", 1)
    assert prefix == f"Tool '{name}'"
    if name == "dyno_run_command":
        return None, returned
    result = json.loads(returned)
    (part,) = result["content"]
    return result["isError"], part["text"]
