"""Tools of LlamaIndex: what is sent for them, and which calls are run."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from llama_index.core.base.llms.types import TextBlock, ToolCallBlock
from llama_index.core.llms import ChatMessage, ChatResponse
from llama_index.core.tools import FunctionTool

from heroku_emulator import CallTools, Say
from heroku_inference import ConfigError, InvalidResponseError
from heroku_inference._chat.thinking import call_instruction
from llama_index_heroku import Heroku, HerokuMessages

pytestmark = pytest.mark.usefixtures("config_vars")


def add(a: int, b: int = 0) -> int:
    """Add two numbers."""
    return a + b


def now() -> str:
    """The time."""
    return "noon"


ADD, NOW = FunctionTool.from_defaults(add), FunctionTool.from_defaults(now)
TWO = CallTools([("add", {"a": 1, "b": 2}), ("now", "")], ids=["tooluse_1", "tooluse_2"])


@pytest.fixture
def llm():
    return Heroku(model="claude-4-5-sonnet")


def sent(emulator):
    return emulator.journal[-1].body


def named(name, description="Does it."):
    return FunctionTool.from_defaults(add, name=name, description=description)


@pytest.mark.parametrize(
    ("arguments", "choice"),
    [
        ({}, "auto"),
        ({"tool_required": True}, "required"),
        ({"tool_choice": None}, "auto"),
        ({"tool_choice": "none"}, "none"),
        ({"tool_choice": "any"}, "required"),
        ({"tool_choice": "add"}, {"type": "function", "function": {"name": "add"}}),
        (
            {"tool_choice": {"type": "function", "function": {"name": "add"}}},
            {"type": "function", "function": {"name": "add"}},
        ),
    ],
    ids=str,
)
def test_the_tool_choice_is_always_sent(emulator, llm, arguments, choice):
    emulator.script(Say("Well."))
    llm.chat_with_tools([ADD, NOW], "Add.", **arguments)
    assert sent(emulator)["tool_choice"] == choice


def test_parallel_calls_are_requested_only_where_they_are_allowed(emulator, llm):
    emulator.script(Say("Well.", times=2))
    llm.chat_with_tools([ADD], "Add.")
    assert sent(emulator)["parallel_tool_calls"] is False
    llm.chat_with_tools([ADD], "Add.", allow_parallel_tool_calls=True, strict=True)
    assert "parallel_tool_calls" not in sent(emulator)
    assert "strict" not in str(sent(emulator))


async def test_no_tools_are_nothing_to_send(emulator, llm):
    llm.chat_with_tools([], "Hello", tool_choice="auto", tool_required=True)
    [_ async for _ in await llm.astream_chat_with_tools([], "Hello")]
    for entry in emulator.journal:
        assert not entry.body.keys() & {"tools", "tool_choice", "parallel_tool_calls"}


def test_a_history_is_not_changed(emulator, llm):
    history = [ChatMessage("Hello"), ChatMessage("Hi.", role="assistant")]
    llm.chat_with_tools([ADD], ChatMessage("Add 1 and 2."), chat_history=history)
    assert len(history) == 2
    assert len(sent(emulator)["messages"]) == 3


def test_a_long_description_is_sent_whole(emulator, llm):
    llm.chat_with_tools([named("add", "Adds. " * 400)], "Hello")
    assert sent(emulator)["tools"][0]["function"]["description"] == "Adds. " * 400


async def test_calls_stand_in_blocks_and_in_the_older_form(emulator, llm):
    emulator.script(*[TWO] * 4)
    options = {"allow_parallel_tool_calls": True}
    responses = [
        llm.chat_with_tools([ADD, NOW], "Add.", **options),
        await llm.achat_with_tools([ADD, NOW], "Add.", **options),
        list(llm.stream_chat_with_tools([ADD, NOW], "Add.", **options))[-1],
        [r async for r in await llm.astream_chat_with_tools([ADD, NOW], "Add.", **options)][-1],
    ]
    for response in responses:
        assert response.message.blocks == [
            TextBlock(text=""),
            ToolCallBlock(tool_call_id="tooluse_1", tool_name="add", tool_kwargs={"a": 1, "b": 2}),
            ToolCallBlock(tool_call_id="tooluse_2", tool_name="now", tool_kwargs={}),
        ]
        assert str(response) == "assistant: "
        calls = response.message.additional_kwargs["tool_calls"]
        assert [call["id"] for call in calls] == ["tooluse_1", "tooluse_2"]
        selections = llm.get_tool_calls_from_response(response)
        assert [(s.tool_id, s.tool_name, s.tool_kwargs) for s in selections] == [
            ("tooluse_1", "add", {"a": 1, "b": 2}),
            ("tooluse_2", "now", {}),
        ]


async def test_without_parallel_calls_one_call_stays_in_both_forms(emulator, llm):
    emulator.switch(strict=False)
    emulator.script(TWO, TWO)
    for response in (
        llm.chat_with_tools([ADD, NOW], "Add."),
        await llm.achat_with_tools([ADD, NOW], "Add."),
    ):
        assert [block.tool_name for block in response.message.blocks[1:]] == ["add"]
        (call,) = response.message.additional_kwargs["tool_calls"]
        assert call["function"]["name"] == "add"


@pytest.mark.parametrize("model", [Heroku, HerokuMessages])
async def test_a_stream_holds_one_call_where_parallel_calls_are_not_allowed(emulator, model):
    path = "/v1/messages" if model is HerokuMessages else None
    emulator.switch(strict=False, delta_characters=3)
    emulator.script(replace(TWO, path=path, times=4))
    llm = model(model="claude-4-5-sonnet")

    async def last(**options):
        responses = list(llm.stream_chat_with_tools([ADD, NOW], "Add.", **options))
        more = await llm.astream_chat_with_tools([ADD, NOW], "Add.", **options)
        return [responses[-1], [response async for response in more][-1]]

    for response in await last():
        calls = [block.tool_name for block in response.message.blocks[1:]]
        (legacy,) = response.message.additional_kwargs["tool_calls"]
        assert (calls, legacy["function"]["name"]) == (["add"], "add")
        assert [call.tool_name for call in llm.get_tool_calls_from_response(response)] == ["add"]
    for response in await last(allow_parallel_tool_calls=True):
        assert len(llm.get_tool_calls_from_response(response)) == 2


@pytest.mark.parametrize("model", [Heroku, HerokuMessages])
async def test_a_stream_of_tools_that_is_left_early_closes_its_connection(emulator, model):
    emulator.switch(pace=0.02, delta_characters=1)
    llm = model(model="claude-4-5-sonnet")
    responses = llm.stream_chat_with_tools([ADD], "Tell a long story.")
    next(responses)
    responses.close()
    more = await llm.astream_chat_with_tools([ADD], "Tell a long story.")
    await anext(more)
    await more.aclose()
    for entry in emulator.journal:  # in a thread: LlamaIndex leaves some of it to the event loop
        assert await asyncio.to_thread(entry.wait)
    assert [entry.client_left for entry in emulator.journal] == [True, True]


async def test_tools_are_predicted_and_called(emulator, llm):
    emulator.script(CallTools([("add", {"a": 1, "b": 2})], times=2))
    assert str(llm.predict_and_call([ADD], "Add 1 and 2.")) == "3"
    assert str(await llm.apredict_and_call([ADD], "Add 1 and 2.")) == "3"
    emulator.script(TWO)
    both = llm.predict_and_call([ADD, NOW], "Add.", allow_parallel_tool_calls=True)
    assert [source.content for source in both.sources] == ["3", "noon"]


def test_no_call_is_an_error_unless_it_may_be(emulator, llm):
    emulator.script(Say("I would rather not.", times=2))
    response = llm.chat_with_tools([ADD], "Add.")
    assert llm.get_tool_calls_from_response(response, error_on_no_tool_call=False) == []
    with pytest.raises(ValueError, match="I would rather not"):
        llm.predict_and_call([ADD], "Add.")


# Arguments


def test_arguments_are_read_as_far_as_they_go_while_they_grow(emulator, llm):
    emulator.switch(delta_characters=2)
    emulator.script(CallTools([("add", '{"a": 12, "b": "three", "c": [1, {"d": null}]}')]))
    seen = []
    for response in llm.stream_chat_with_tools([ADD], "Add."):
        seen += llm.get_tool_calls_from_response(response, error_on_no_tool_call=False)
    assert seen[0].tool_kwargs == {}
    assert any(call.tool_kwargs.get("b") in {"t", "th", "thr", "thre"} for call in seen)
    assert seen[-1].tool_kwargs == {"a": 12, "b": "three", "c": [1, {"d": None}]}


CUT = CallTools([("add", '{"a": 1, "b": ')], finish_reason="length")
BROKEN = ['{"a": 1, "b": ', "[1]", "1", '"text"', "{a: 1}"]


@pytest.mark.parametrize("arguments", BROKEN)
async def test_arguments_that_are_no_object_never_run_a_tool(emulator, llm, arguments):
    ran = []
    tool = FunctionTool.from_defaults(
        lambda **given: ran.append(given), name="add", description="x"
    )
    emulator.script(CallTools([("add", arguments)], times=8))
    with pytest.raises(InvalidResponseError, match=r"'add'.*not a JSON object") as caught:
        llm.predict_and_call([tool], "Add.")
    assert isinstance(caught.value, ValueError)
    assert caught.value.body == arguments
    with pytest.raises(InvalidResponseError):
        await llm.apredict_and_call([tool], "Add.")
    for response in (
        list(llm.stream_chat_with_tools([tool], "Add."))[-1],
        [r async for r in await llm.astream_chat_with_tools([tool], "Add.")][-1],
    ):
        with pytest.raises(InvalidResponseError):
            llm.get_tool_calls_from_response(response)
    assert ran == []


def test_a_cut_call_says_how_to_get_it_whole(emulator, llm):
    emulator.script(CUT)
    with pytest.raises(InvalidResponseError, match="Raise max_tokens"):
        llm.predict_and_call([ADD], "Add.")


def test_broken_arguments_can_be_sent_back_to_the_model(emulator, llm):
    emulator.script(CUT, Say("Sorry."))
    answer = llm.chat_with_tools([ADD], "Add.").message
    call_id = answer.blocks[1].tool_call_id
    output = ChatMessage("No JSON.", role="tool", additional_kwargs={"tool_call_id": call_id})
    assert llm.chat([ChatMessage("Add."), answer, output]).message.content == "Sorry."


def test_calls_of_other_code_are_read_in_the_older_form(llm):
    arguments = {"name": "add", "arguments": '{"a": 1}'}
    message = ChatMessage(
        role="assistant", additional_kwargs={"tool_calls": [{"id": None, "function": arguments}]}
    )
    (selection,) = llm.get_tool_calls_from_response(ChatResponse(message=message))
    assert (selection.tool_id, selection.tool_kwargs) == ("", {"a": 1})


def test_a_growing_call_may_hold_a_dict_already(llm):
    block = ToolCallBlock(tool_call_id="1", tool_name="add", tool_kwargs={"a": 1})
    response = ChatResponse(message=ChatMessage([block], role="assistant"), delta="")
    assert llm.get_tool_calls_from_response(response)[0].tool_kwargs == {"a": 1}


# Names


async def test_names_that_the_api_does_not_take_are_changed_on_the_wire_only(emulator, llm):
    tool = named("my.tool[int]")
    emulator.script(CallTools([("my_tool_int_", {"a": 1, "b": 2})], times=4))
    assert str(llm.predict_and_call([tool], "Add.", tool_choice="my.tool[int]")) == "3"
    forced = {"type": "function", "function": {"name": "my_tool_int_"}}
    assert sent(emulator)["tool_choice"] == forced
    assert str(await llm.apredict_and_call([tool], "Add.")) == "3"
    assert sent(emulator)["tools"][0]["function"]["name"] == "my_tool_int_"
    assert "tool_names" not in sent(emulator)
    responses = [
        list(llm.stream_chat_with_tools([tool], "Add."))[-1],
        [r async for r in await llm.astream_chat_with_tools([tool], "Add.")][-1],
    ]
    for response in responses:
        assert response.message.blocks[1].tool_name == "my.tool[int]"
    emulator.script(Say("Done."))
    output = ChatMessage("3", role="tool", additional_kwargs={"tool_call_id": "x"})
    message = responses[0].message
    output.additional_kwargs["tool_call_id"] = message.blocks[1].tool_call_id
    llm.chat([ChatMessage("Add."), message, output])
    called = sent(emulator)["messages"][1]["tool_calls"][0]
    assert called["function"]["name"] == "my_tool_int_"


def test_names_that_the_api_cannot_tell_apart_are_refused(llm):
    with pytest.raises(ConfigError, match=r"'a\.b' and 'a_b'"):
        llm.chat_with_tools([named("a.b"), named("a_b")], "Hello")


# Thinking


def test_a_thinking_model_is_instructed_to_call_and_not_forced(emulator):
    for arguments in (
        {"extended_thinking": 1024},
        {"reasoning_effort": "low"},
        {"additional_kwargs": {"extended_thinking": 1024}},
        {"extra_body": {"extended_thinking": {"enabled": True}}},
    ):
        Heroku(**arguments).chat_with_tools([ADD], "Add.", tool_required=True)
        assert sent(emulator)["tool_choice"] == "auto"
        told, _ = emulator.journal[-1].body["messages"]
        assert (told["role"], told["content"]) == ("system", call_instruction(["add"]))
    Heroku().chat_with_tools([ADD], "Add.", tool_required=True, extended_thinking=1024)
    assert sent(emulator)["tool_choice"] == "auto"
    history = [ChatMessage("Be brief.", role="system"), ChatMessage("Add.")]
    Heroku(extended_thinking=1024).chat_with_tools([ADD], chat_history=history, tool_required=True)
    roles = [message["role"] for message in emulator.journal[-1].body["messages"]]
    assert roles == ["system", "system", "user"]
    assert len(history) == 2
    with pytest.warns(UserWarning, match="became 'auto'"):
        Heroku(extended_thinking=1024).chat_with_tools([ADD], "Add.", tool_choice="add")
