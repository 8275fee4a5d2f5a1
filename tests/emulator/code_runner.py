"""Lets an agent run code, for the tests of `code_exec_python`."""

import json

import httpx

from heroku_emulator import CallTools, Emulator, Say

PATH = "/v1/agents/heroku"


def running_code():
    return Emulator(engine="deterministic", run_code=True)


def executor(emulator):
    """Returns a function that lets an agent run code: `(isError, returncode, stdout, stderr)`."""

    def execute(code, *, seconds=10, kind="mcp", **arguments):
        emulator.reset()
        call = ("code_exec_python", {"code": code} | arguments)
        emulator.script(CallTools([call], path=PATH), Say("Done.", path=PATH))
        result = result_of(emulator, {"type": kind, "name": call[0]}, seconds)
        (part,) = result["content"]
        run = json.loads(part["text"])
        return result["isError"], run["returncode"], run["stdout"], run["stderr"]

    return execute


def result_of(emulator, tool, seconds):
    """Returns the MCP result of a run's first call."""
    tool["runtime_params"] = {"ttl_seconds": seconds}
    body = {"model": "claude-4-sonnet", "messages": [{"role": "user", "content": "Go."}]}
    headers = {"authorization": f"Bearer {emulator.api_key}"}
    answer = httpx.post(
        emulator.url + PATH, json=body | {"tools": [tool]}, headers=headers, timeout=30
    )
    frames = [line for line in answer.text.splitlines() if "tool.completion" in line]
    message = json.loads(frames[0].removeprefix("data: "))["choices"][0]["message"]
    return json.loads(message["content"].split(" returned result: ", 1)[1])
