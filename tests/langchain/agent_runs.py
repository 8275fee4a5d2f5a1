"""A run of Heroku's agent, scripted, the message that it becomes, and the ways to have it."""

import asyncio

from heroku_emulator import CallTools, Say, ToolResult

PATH = "/v1/agents/heroku"
RUN = [
    CallTools(
        [("code_exec_python", {"code": "print(6*7)"})], text="Let me see.", ids=["t1"], path=PATH
    ),
    ToolResult("42\n"),
    CallTools(
        [("code_exec_python", {"code": "1/0"}), ("code_exec_python", "{cut")],
        ids=["t2", "t3"],
        path=PATH,
    ),
    ToolResult("division by zero", is_error=True),
    ToolResult(parts=[{"type": "image", "data": "AA==", "mimeType": "image/png"}]),
    Say("It is 42.", path=PATH),
]
NAME = {"name": "code_exec_python"}
BLOCKS = [
    {"type": "reasoning", "reasoning": "Let me see.", "extras": {"narration": True}},
    {"type": "server_tool_call", "id": "t1", **NAME, "args": {"code": "print(6*7)"}},
    {
        "type": "server_tool_result",
        "tool_call_id": "t1",
        "status": "success",
        "output": "42\n",
        "extras": NAME,
    },
    {"type": "server_tool_call", "id": "t2", **NAME, "args": {"code": "1/0"}},
    {
        "type": "server_tool_call",
        "id": "t3",
        **NAME,
        "args": {},
        "extras": {"arguments": "{cut"},
    },
    {
        "type": "server_tool_result",
        "tool_call_id": "t2",
        "status": "error",
        "output": "division by zero",
        "extras": NAME,
    },
    {
        "type": "server_tool_result",
        "tool_call_id": "t3",
        "status": "success",
        "output": "",
        "extras": {
            **NAME,
            "content": [{"type": "image", "data": "AA==", "mimeType": "image/png"}],
        },
    },
    {"type": "text", "text": "It is 42."},
]


def without_index(blocks):
    return [{name: block[name] for name in block if name != "index"} for block in blocks]


def add_up(chunks):
    first, *rest = chunks
    return first + rest


def stream_chunks(agent, question="How much is six times seven?", **options):
    return list(agent.stream(question, **options))


def astream_chunks(agent, question="How much is six times seven?", **options):
    async def collect():
        return [chunk async for chunk in agent.astream(question, **options)]

    return asyncio.run(collect())


WAYS = {
    "invoke": lambda agent, *given, **options: agent.invoke(*given, **options),
    "stream": lambda agent, *given, **options: add_up(stream_chunks(agent, *given, **options)),
    "ainvoke": lambda agent, *given, **options: asyncio.run(agent.ainvoke(*given, **options)),
    "astream": lambda agent, *given, **options: add_up(astream_chunks(agent, *given, **options)),
}
