"""MCP servers for the tests to deploy, and plain HTTP against them."""

import asyncio
import time

import httpx

from heroku_emulator import McpServer, McpTool

SCHEMA = {
    "type": "object",
    "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
    "required": ["a", "b"],
}
PICTURE = {"type": "image", "data": "aGk=", "mimeType": "image/png"}


def add(a, b):
    return a + b


async def greet(name):
    await asyncio.sleep(0)
    return f"Hello {name}!"


def fail():
    raise ZeroDivisionError("oh")


def draw():
    return [{"type": "text", "text": "A picture."}, PICTURE]


CALCULATOR = McpServer(
    "acute-partridge",
    tools=[
        McpTool(
            name="add",
            run=add,
            description="Adds two numbers.",
            input_schema=SCHEMA,
            annotations={"readOnlyHint": True},
        ),
        McpTool(name="greet", run=greet),
        McpTool(name="fail", run=fail),
        McpTool(name="draw", run=draw),
        McpTool(name="nap", run=lambda: time.sleep(1.5)),
    ],
)


def client(emulator, key=None):
    headers = {"authorization": f"Bearer {key or emulator.api_key}"}
    return httpx.Client(base_url=emulator.url, headers=headers, timeout=10)


def get(emulator, path, **options):
    with client(emulator, **options) as http:
        return http.get(path)
