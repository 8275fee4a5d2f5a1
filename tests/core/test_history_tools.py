"""A history with tool calls needs its tools declared, also where the request has none."""

from __future__ import annotations

import copy

import pytest

from heroku_inference._chat.history_tools import HISTORY_DESCRIPTION, wire_name
from heroku_inference._chat.request import chat_request

WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}
SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}


def called(*names):
    """A history in which these tools were called at once."""
    calls = [
        {"id": f"tooluse_{number}", "type": "function", "function": {"name": name}}
        for number, name in enumerate(names)
    ]
    results = [{"role": "tool", "tool_call_id": call["id"], "content": "Done."} for call in calls]
    return [
        {"role": "user", "content": "Do it."},
        {"role": "assistant", "content": "", "tool_calls": calls},
        *results,
    ]


def body_of(messages, **options):
    return chat_request(messages, model="claude-4-5-sonnet", **options).body


def declared(name):
    return {
        "type": "function",
        "function": {
            "name": name,
            "description": HISTORY_DESCRIPTION,
            "parameters": {"type": "object", "properties": {}},
        },
    }


@pytest.mark.parametrize("options", [{}, {"tools": []}, {"tool_choice": "auto"}])
def test_the_tools_of_a_history_are_declared_once_and_not_to_be_called(options):
    body = body_of([*called("weather", "clock"), *called("weather")], **options)
    assert body["tools"] == [declared("weather"), declared("clock")]
    assert body["tool_choice"] == "none"


def test_a_chat_without_tools_declares_none():
    body = body_of([{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho"}])
    assert body.keys() == {"model", "messages"}


@pytest.mark.parametrize("options", [{"tools": [WEATHER]}, {"extra_body": {"tools": [WEATHER]}}])
def test_tools_that_are_given_are_not_added_to(options):
    body = body_of(called("clock"), **options)
    assert body["tools"] == [WEATHER]
    assert "tool_choice" not in body


@pytest.mark.parametrize(
    ("name", "wire"),
    [
        ("weather", "weather"),
        ("mcp-python/code_exec", "mcp-python_code_exec"),
        ("Answer[int]", "Answer_int_"),
        ("météo 2", "m_t_o_2"),
        ("x" * 70, "x" * 64),
    ],
)
def test_names_are_cleaned_alike_in_calls_and_declarations(name, wire):
    messages = called("clock", name)
    before = copy.deepcopy(messages)
    body = body_of(messages)
    calls = body["messages"][1]["tool_calls"]
    assert [call["function"]["name"] for call in calls] == ["clock", wire]
    assert body["tools"] == [declared("clock"), declared(wire)]
    results = [message["tool_call_id"] for message in body["messages"] if message["role"] == "tool"]
    assert results == [call["id"] for call in calls]
    assert wire_name(name) == wire
    assert messages == before


def test_names_are_cleaned_beside_tools_too():
    body = body_of(called("a.b"), tools=[WEATHER])
    assert body["messages"][1]["tool_calls"][0]["function"]["name"] == "a_b"


def test_two_names_that_become_one_are_declared_once():
    body = body_of(called("a/b", "a.b"))
    assert body["tools"] == [declared("a_b")]


def test_an_answer_by_a_schema_is_still_forced():
    wanted = {"type": "json_schema", "json_schema": {"schema": SCHEMA}}
    body = body_of(called("weather"), response_format=wanted)
    assert [tool["function"]["name"] for tool in body["tools"]] == ["weather", "final_answer"]
    assert body["tool_choice"] == {"type": "function", "function": {"name": "final_answer"}}


def test_the_hidden_tool_of_an_answer_gets_a_name_that_the_history_does_not_have():
    wanted = {"type": "json_schema", "json_schema": {"schema": SCHEMA}}
    body = body_of(called("final_answer"), response_format=wanted)
    assert body["tool_choice"]["function"]["name"] == "final_answer_"


@pytest.mark.parametrize("way", ["send", "stream"])
def test_a_client_sends_the_declarations(calls, emulator, way):
    emulator.switch(bare_tool_history="reject")
    messages = called("weather/now")
    getattr(calls, way)(messages)
    body = emulator.journal.only("/v1/chat/completions").body
    assert body["tools"] == [declared("weather_now")]
    assert body["tool_choice"] == "none"
