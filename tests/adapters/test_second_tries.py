"""Calls whose arguments cannot be read at first, in both frameworks and on both endpoints."""

from __future__ import annotations

import asyncio

import pytest
from llama_index.core.base.llms.types import ChatMessage

from heroku_emulator import CallTools, Fault
from heroku_inference import ConfigError, ServerError, ToolArgumentsError

from .conftest import LangChain, every_model

TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "look_up",
            "description": "Look it up.",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
        },
    }
]
PARIS, NICE = '{"city": "Paris"}', '{"city": "Nice"}'
BROKEN = '{"city": "Par", days}'
ACCEPTED = "Accepted. Its result follows later: do not repeat this call."


def answer(adapter, *arguments, **given):
    return CallTools([("look_up", text) for text in arguments], path=adapter.path, **given)


def arguments_of(reply):
    return [arguments for _, _, arguments in reply.calls]


def respond(llm, way):
    """The whole response of LlamaIndex, whose tools are chosen by another method."""
    hello = [ChatMessage("Hi")]

    async def collect():
        return [response async for response in await llm.astream_chat(hello, tools=TOOLS)]

    if way == "send":
        return llm.chat(hello, tools=TOOLS)
    if way == "stream":
        return list(llm.stream_chat(hello, tools=TOOLS))[-1]
    if way == "asend":
        return asyncio.run(llm.achat(hello, tools=TOOLS))
    return asyncio.run(collect())[-1]


def told(emulator):
    """What the last request said about the calls of the answer before."""
    messages = emulator.journal[-1].body["messages"]
    results = [message for message in messages if message["role"] == "tool"]
    return [result["content"] for result in results or messages[-1]["content"]]


@every_model
@pytest.mark.parametrize("streamed", [0, 1], ids=["whole", "streamed"])
@pytest.mark.parametrize("size", [0, 1])
def test_line_ends_and_tabs_in_strings_are_read(emulator, adapter, make, ask, ways, streamed, size):
    emulator.switch(delta_characters=size)
    emulator.script(answer(adapter, '{"city": "one\n\ttwo"}', ""))
    reply = ask(make(), ways[streamed], tools=TOOLS)
    assert arguments_of(reply) == [{"city": "one\n\ttwo"}, {}]
    assert len(emulator.journal) == 1


@every_model
@pytest.mark.parametrize("streamed", [0, 1], ids=["whole", "streamed"])
def test_the_model_tries_again_and_good_calls_stay(emulator, adapter, make, ask, ways, streamed):
    emulator.script(
        answer(adapter, NICE, BROKEN, text="I look.", ids=["toolu_1", "toolu_2"]),
        answer(adapter, NICE, PARIS, text="Again.", ids=["toolu_3", "toolu_4"]),
    )
    reply = ask(make(), ways[streamed], tools=TOOLS)
    assert [(call_id, given) for call_id, _, given in reply.calls] == [
        ("toolu_1", {"city": "Nice"}),
        ("toolu_4", {"city": "Paris"}),
    ]
    assert reply.text == "I look.\n\nAgain."
    assert reply.finish_reason == "tool_calls"
    assert "tool_call_retries" not in emulator.journal[0].body
    accepted, refusal = told(emulator)
    assert accepted == ACCEPTED
    assert "double quotes: line 1 column 17" in refusal


@every_model
def test_a_stream_sums_up_to_the_plain_answer(emulator, adapter, make, ask, ways):
    emulator.switch(usage_details=True)
    steps = [
        answer(adapter, BROKEN, NICE, text="a", ids=["toolu_1", "toolu_2"]),
        answer(adapter, PARIS, text="b", ids=["toolu_3"]),
    ]
    emulator.script(*steps, *steps)
    plain, summed = (ask(make(), way, tools=TOOLS) for way in ways)
    assert summed == plain
    emulator.script(steps[0])
    assert plain.tokens[2] > 2 * ask(make(tool_call_retries=0), tools=TOOLS).tokens[2]


@every_model
@pytest.mark.parametrize("streamed", [0, 1], ids=["whole", "streamed"])
def test_a_model_that_thinks_tries_again_without(emulator, adapter, make, ask, ways, streamed):
    emulator.script(answer(adapter, BROKEN, reasoning="Hm."), answer(adapter, PARIS))
    llm = make(extended_thinking=1024, max_tokens=4000)
    reply = ask(llm, ways[streamed], tools=TOOLS)
    assert (arguments_of(reply), reply.reasoning) == ([{"city": "Paris"}], "Hm.")
    first, second = (entry.body for entry in emulator.journal)
    assert {"extended_thinking", "thinking"} & first.keys()
    assert not {"extended_thinking", "thinking"} & second.keys()


@every_model
@pytest.mark.parametrize("streamed", [0, 1], ids=["whole", "streamed"])
def test_a_call_that_stays_broken_beside_a_good_one_costs_only_itself(
    emulator, adapter, make, ask, ways, streamed
):
    emulator.script(answer(adapter, NICE, BROKEN), answer(adapter, BROKEN))
    llm = make()
    reply = ask(llm, ways[streamed], tools=TOOLS)
    assert {"city": "Nice"} in arguments_of(reply)
    assert len(emulator.journal) == 2


@every_model
@pytest.mark.parametrize("streamed", [0, 1], ids=["whole", "streamed"])
def test_a_call_that_stays_broken_alone_is_an_error(emulator, adapter, make, ask, ways, streamed):
    emulator.script(answer(adapter, BROKEN, times=2))
    llm = make()

    def choose_tools():
        if issubclass(adapter, LangChain):
            return ask(llm, ways[streamed], tools=TOOLS)
        return llm.get_tool_calls_from_response(respond(llm, ways[streamed]))

    with pytest.raises(adapter.error(ToolArgumentsError), match=r"'look_up'.*a JSON") as caught:
        choose_tools()
    assert isinstance(caught.value, ValueError)
    assert BROKEN in caught.value.body


@every_model
@pytest.mark.parametrize("streamed", [0, 1], ids=["whole", "streamed"])
@pytest.mark.filterwarnings("ignore:max_tokens cut the model's answer:UserWarning")
def test_a_cut_answer_is_not_asked_for_again(emulator, adapter, make, ask, ways, streamed):
    emulator.script(answer(adapter, '{"city": "Par', finish_reason="max_tokens"))
    assert ask(make(), ways[streamed], tools=TOOLS).finish_reason == "length"
    assert len(emulator.journal) == 1


@every_model
def test_more_tries_or_none(emulator, adapter, make, ask, ways):
    emulator.script(answer(adapter, BROKEN, times=2), answer(adapter, PARIS))
    assert arguments_of(ask(make(tool_call_retries=2), ways[0], tools=TOOLS)) == [{"city": "Paris"}]
    emulator.script(answer(adapter, BROKEN))
    assert ask(make(tool_call_retries=0), ways[0], tools=TOOLS).finish_reason == "tool_calls"
    assert len(emulator.journal) == 4


@every_model
def test_the_number_of_tries_is_an_option_of_the_call_too(emulator, adapter, make, ask, ways):
    emulator.script(answer(adapter, NICE, BROKEN))
    ask(make(), ways[0], tools=TOOLS, tool_call_retries=0)
    assert len(emulator.journal) == 1


@every_model
@pytest.mark.parametrize("streamed", [0, 1], ids=["whole", "streamed"])
def test_an_error_of_the_second_try_holds_the_text_of_the_first(
    emulator, adapter, make, ask, ways, streamed
):
    emulator.script(answer(adapter, BROKEN, text="I look."), Fault(500, path=adapter.path))
    with pytest.raises(adapter.error(ServerError)) as caught:
        ask(make(max_retries=0), ways[streamed], tools=TOOLS)
    assert caught.value.partial == "I look."


@every_model
def test_a_wrong_number_of_tries_is_refused(adapter, make):
    with pytest.raises(adapter.error(ConfigError), match="tool_call_retries"):
        make(tool_call_retries=-1)
