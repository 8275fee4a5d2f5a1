"""Chat requests through the SDK's clients are repaired as the core repairs them."""

from __future__ import annotations

import copy

import openai
import pytest
from pydantic import BaseModel, Field

from heroku_emulator import CallTools
from heroku_inference import Client, ConfigError, openai_client
from heroku_inference._openai.repair import repaired_body

QUESTION = {"role": "user", "content": "2 + 3?"}
ADD = {
    "type": "function",
    "function": {
        "name": "add",
        "strict": False,
        "parameters": {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": "Add",
            "type": "object",
            "properties": {"a": {"$ref": "#/$defs/Number"}, "b": {"$ref": "#/$defs/Number"}},
            "$defs": {"Number": {"title": "Number", "type": "integer"}},
        },
    },
}


def called(name="add", arguments='{"a": 2, "b": 3}', content=None, **fields):
    """An assistant's message that calls one tool."""
    function = {"name": name, "arguments": arguments}
    calls = [{"id": "tooluse_1", "type": "function", "function": function}]
    return {"role": "assistant", "content": content, "tool_calls": calls, **fields}


def returned(content="5"):
    return {"role": "tool", "tool_call_id": "tooluse_1", "content": content}


HISTORIES = {
    "no content beside a call": [QUESTION, called(), returned("The sum is 5.")],
    "empty content beside a call": [QUESTION, called(content=""), returned("The sum is 5.")],
    "a result without text": [QUESTION, called(), returned("")],
    "a result that is a bare number": [QUESTION, called(), returned("5")],
    "arguments that are not an object": [QUESTION, called(arguments="2, 3"), returned()],
    "a name that the API does not take": [QUESTION, called(name="math/add"), returned()],
    "texts in parts": [{"role": "user", "content": [{"type": "text", "text": "2 + 3?"}]}],
}


@pytest.fixture
def strict_history(emulator):
    emulator.switch(bare_tool_history="reject", strict_tools="rejected")


@pytest.mark.parametrize("declared", [True, False], ids=["with tools", "without tools"])
@pytest.mark.parametrize("history", HISTORIES.values(), ids=list(HISTORIES))
async def test_what_is_sent_is_what_the_core_sends(
    history, declared, sdk, emulator, strict_history
):
    given = copy.deepcopy(history)
    tools = {"tools": [ADD]} if declared else {}
    await sdk.chat(history, **tools)
    await sdk.stream(history, **tools)
    Client().chat(history, model="claude-4-5-sonnet", **tools)
    theirs, streamed, ours = (entry.body for entry in emulator.journal)
    assert theirs == ours
    assert streamed["messages"] == ours["messages"]
    assert streamed.get("tools") == ours.get("tools")
    assert [entry.status for entry in emulator.journal] == [200, 200, 200]
    assert history == given


async def test_the_callers_tools_are_not_changed(sdk, emulator, strict_history):
    given = copy.deepcopy(ADD)
    await sdk.chat([QUESTION], tools=[ADD])
    assert given == ADD
    (tool,) = emulator.journal[-1].body["tools"]
    assert tool["function"] == {
        "name": "add",
        "description": "add",
        "parameters": {
            "type": "object",
            "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
        },
    }


async def test_an_answer_of_the_sdks_goes_back_as_it_is(sdk, emulator):
    emulator.script(CallTools([("add", {"a": 2, "b": 3})], ids=["tooluse_1"]))
    answer = (await sdk.chat([QUESTION], tools=[ADD])).choices[0].message
    assert not answer.content
    second = await sdk.chat([QUESTION, answer, returned("The sum is 5.")], tools=[ADD])
    assert "The sum is 5." in second.choices[0].message.content
    assert not answer.content


async def test_raw_and_streaming_answers_are_repaired_for_too(sdk, emulator, strict_history):
    options = {"model": "claude-4-5-sonnet", "messages": HISTORIES["a result without text"]}
    chats = sdk.client.chat.completions
    for way in (chats.with_raw_response, chats.with_streaming_response):
        answer = await sdk.parsed(way.create(**options))
        assert answer.choices[0].message.content
    assert [entry.status for entry in emulator.journal] == [200, 200]


class Number(BaseModel):
    value: int = Field(title="The value")


class Add(BaseModel):
    """Add two numbers."""

    a: Number
    b: Number


async def test_parse_reads_arguments_of_a_repaired_tool(sdk, emulator, strict_history):
    arguments = {"a": {"value": 2}, "b": {"value": 3}}
    emulator.script(CallTools([("Add", arguments)], ids=["tooluse_1"]))
    parse = sdk.client.beta.chat.completions.parse
    answer = await sdk.of(
        parse(
            model="claude-4-5-sonnet",
            messages=[QUESTION, called("Add"), returned()],
            tools=[openai.pydantic_function_tool(Add)],
        )
    )
    (call,) = answer.choices[0].message.tool_calls
    assert call.function.parsed_arguments == Add(a=Number(value=2), b=Number(value=3))
    assert "$ref" not in str(emulator.journal[-1].body["tools"])


async def test_what_extra_body_says_wins_and_is_repaired(sdk, emulator, strict_history):
    extra = {"messages": HISTORIES["a result without text"], "top_k": 5}
    await sdk.chat("Hi", extra_body=extra)
    sent = emulator.journal[-1].body
    assert sent["top_k"] == 5
    assert sent["messages"][1]["content"] == "."
    assert extra["messages"][1]["content"] is None


async def test_one_text_to_stop_at_becomes_a_list(sdk, emulator):
    await sdk.chat(stop="END")
    assert emulator.journal[-1].body["stop"] == ["END"]


async def test_repair_false_sends_requests_as_they_are(make_sdk, config_vars, emulator):
    history = HISTORIES["no content beside a call"]
    emulator.switch(strict=False)
    await make_sdk(repair=False).chat(history, tools=[ADD], stop="END")
    sent = emulator.journal[-1].body
    assert sent["messages"] == history
    assert sent["tools"] == [ADD]
    assert sent["stop"] == "END"


async def test_a_newest_turn_that_the_core_refuses_is_left_for_the_server(sdk, emulator):
    file = {"type": "file", "file": {"file_id": "file-1"}}
    messages = [QUESTION, called(), {"role": "user", "content": [file]}]
    with pytest.raises(ConfigError):
        Client().chat(messages, model="claude-4-5-sonnet")
    with pytest.warns(UserWarning, match="result got one"), pytest.raises(openai.BadRequestError):
        await sdk.chat(messages)
    sent = emulator.journal[-1].body["messages"]
    assert [message["role"] for message in sent] == ["user", "assistant", "tool", "user"]
    assert sent[-1] == messages[-1]
    assert sent[1]["content"] == "."


async def test_half_a_character_is_replaced_in_the_sdk_too(sdk, emulator):
    with pytest.warns(UserWarning, match=r"sent as U\+FFFD"):
        await sdk.chat([{"role": "user", "content": "caf\ud83d"}])
    assert emulator.journal[-1].body["messages"][0]["content"] == "caf\ufffd"


async def test_copies_of_a_client_repair_as_well(sdk, emulator):
    copied = sdk.client.with_options(max_retries=0)
    chat = copied.copy(timeout=9).chat.completions.create
    options = {"model": "claude-4-5-sonnet", "messages": HISTORIES["a result without text"]}
    await sdk.of(chat(**options))
    assert emulator.journal[-1].body["messages"][1]["content"] == "."


async def test_a_copy_of_a_client_without_repair_repairs_nothing(make_sdk, config_vars, emulator):
    emulator.switch(strict=False)
    sdk = make_sdk(repair=False)
    history = HISTORIES["no content beside a call"]
    chat = sdk.client.with_options(max_retries=0).chat.completions.create
    await sdk.of(chat(model="claude-4-5-sonnet", messages=history))
    assert emulator.journal[-1].body["messages"] == history


async def test_another_server_gets_what_was_written(sdk, emulator):
    elsewhere = sdk.client.with_options(base_url=f"{emulator.url}/v1/proxied", max_retries=0)
    history = HISTORIES["no content beside a call"]
    with pytest.raises(openai.NotFoundError):
        await sdk.of(elsewhere.chat.completions.create(model="claude-4-5-sonnet", messages=history))
    assert not emulator.journal[-1].body["messages"][1]["content"]


async def test_other_endpoints_get_what_was_written(sdk, emulator):
    body = {"model": "claude-4-5-sonnet", "messages": HISTORIES["no content beside a call"]}
    with pytest.raises(openai.APIStatusError):
        await sdk.of(sdk.client.post("/agents/heroku", body=body, cast_to=object))
    assert emulator.journal[-1].body == body


def test_retries_repair_the_same_request_again(config_vars, emulator):
    from heroku_emulator import Fault

    emulator.script(Fault(503, headers={"retry-after-ms": "1"}))
    with openai_client() as client:
        client.chat.completions.create(
            model="claude-4-5-sonnet", messages=HISTORIES["a result without text"]
        )
    first, second = emulator.journal
    assert first.body == second.body


ODD = [
    {"messages": None},
    {"messages": "Hi"},
    {"messages": [None, 5, "Hi", {}, {"role": ["user"]}, {"role": "user", "content": {}}]},
    {"messages": [{"role": "user", "content": [{"type": ["text"]}]}]},
    {"messages": [{"role": "user", "content": [{"type": "text", "text": 5}]}]},
    {"messages": [None, {"role": "assistant", "content": ""}]},
    {"tools": {"a": 1}},
    {"tools": [None, 5, {"type": "custom", "custom": {"name": "sql"}}, {"function": 5}]},
    {"tools": [{"type": "function", "function": {"name": "add", "parameters": 5}}]},
    {"stop": ["END"], "tool_choice": 5},
    {},
]


@pytest.mark.parametrize("body", ODD, ids=str)
def test_what_cannot_be_read_stays(body):
    assert repaired_body(body) == body
