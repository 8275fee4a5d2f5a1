"""A chat whose history calls tools goes on without them: they are declared, not to be called."""

from __future__ import annotations

import pytest

from tests.adapters.conftest import every_model

WAYS = ("send", "stream", "asend", "astream")


@every_model
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("name", "wire"),
    [("now", "now"), ("mcp-time/now", "mcp-time_now"), ("x" * 80, "x" * 64)],
    ids=["plain", "odd", "long"],
)
def test_the_tools_of_the_history_are_declared(emulator, adapter, make, way, name, wire):
    emulator.switch(bare_tool_history="reject")
    said = getattr(adapter, way)(make(), adapter.tool_turn(name))
    assert said.text
    body = emulator.journal.only(adapter.path).body
    assert declared(body) == [(wire, {"type": "object", "properties": {}})]
    assert body["tool_choice"] in ("none", {"type": "none"})
    assert called(body) == [("tooluse_1", wire)]
    assert answered(body) == ["tooluse_1"]


@every_model
@pytest.mark.parametrize("way", WAYS)
def test_a_chat_without_calls_declares_nothing(emulator, adapter, make, ask, way):
    ask(make(), way)
    assert not emulator.journal.only(adapter.path).body.keys() & {"tools", "tool_choice"}


def declared(body):
    """Names and schemas of the tools, all of which have a description."""
    tools = [tool.get("function", tool) for tool in body["tools"]]
    assert all(tool["description"] for tool in tools)
    return [(tool["name"], tool.get("parameters") or tool["input_schema"]) for tool in tools]


def called(body):
    """Ids and names of the calls in the history."""
    calls = [call for message in body["messages"] for call in message.get("tool_calls") or ()]
    blocks = [block for message in body["messages"] for block in blocks_of(message)]
    if calls:
        return [(call["id"], call["function"]["name"]) for call in calls]
    return [(block["id"], block["name"]) for block in blocks if block["type"] == "tool_use"]


def answered(body):
    """Ids of the calls that have a result in the history."""
    ids = [message.get("tool_call_id") for message in body["messages"]]
    blocks = [block for message in body["messages"] for block in blocks_of(message)]
    return [*filter(None, ids), *(b["tool_use_id"] for b in blocks if b["type"] == "tool_result")]


def blocks_of(message):
    return message["content"] if isinstance(message["content"], list) else []
