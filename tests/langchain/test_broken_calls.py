"""A call whose arguments were cut is not made, whichever way the answer comes."""

from __future__ import annotations

import asyncio
import json
import sys
import warnings

import pytest
from langchain.agents import create_agent
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import AIMessage, ToolMessage
from langchain_core.utils.json import parse_partial_json

from heroku_emulator import CallTools, Say
from langchain_heroku import ChatHeroku, ChatHerokuMessages, errors
from langchain_heroku._broken_calls import _end

pytestmark = [
    pytest.mark.usefixtures("config_vars"),
    pytest.mark.filterwarnings("ignore:max_tokens cut the model's answer:UserWarning"),
]

CUT = '{"city": "Par'
WHOLE = '{"city": "Nice"}'
MODELS = {
    "chat": (ChatHeroku, "/v1/chat/completions", "length"),
    "messages": (ChatHerokuMessages, "/v1/messages", "max_tokens"),
}


@pytest.fixture(params=MODELS)
def model(request):
    return request.param


def answer(model, *arguments, reason=None):
    _, path, cut = MODELS[model]
    calls = [("look_up", given) for given in arguments]
    return CallTools(calls, finish_reason=reason or cut, path=path)


def made(model, **given):
    return MODELS[model][0](model="claude-4-5-sonnet", **given)


def look_up(city: str, days: int = 1) -> str:
    """The weather in a city."""
    raise AssertionError(f"It was run for {city} and {days} days.")


def invoked(llm):
    return llm.invoke("Hi")


def ainvoked(llm):
    return asyncio.run(llm.ainvoke("Hi"))


def streamed(llm):
    first, *rest = llm.stream("Hi")
    return first + rest


def astreamed(llm):
    async def collect():
        return [chunk async for chunk in llm.astream("Hi")]

    first, *rest = asyncio.run(collect())
    return first + rest


WAYS = {
    "invoked": (invoked, {}),
    "awaited": (ainvoked, {}),
    "invoked as a stream": (invoked, {"streaming": True}),
    "awaited as a stream": (ainvoked, {"streaming": True}),
    "streamed": (streamed, {}),
    "streamed and awaited": (astreamed, {}),
}


@pytest.mark.parametrize("way", WAYS)
def test_cut_arguments_make_an_invalid_call_beside_a_valid_one(emulator, model, way):
    emulator.script(answer(model, WHOLE, CUT))
    ask, given = WAYS[way]
    said = ask(made(model, **given).bind_tools([look_up]))
    assert [call["args"] for call in said.tool_calls] == [{"city": "Nice"}]
    [broken] = said.invalid_tool_calls
    assert (broken["name"], bool(broken["id"])) == ("look_up", True)
    assert broken["args"].startswith(CUT)
    assert said.response_metadata["finish_reason"] == "length"


@pytest.mark.parametrize("switches", [{"usage": "none"}, {"delta_characters": 1}], ids=str)
def test_no_form_of_the_wire_makes_it_valid(emulator, model, switches):
    emulator.switch(**switches)
    emulator.script(answer(model, CUT))
    said = streamed(made(model).bind_tools([look_up]))
    assert (said.tool_calls, len(said.invalid_tool_calls)) == ([], 1)


@pytest.mark.parametrize("ask", [streamed, astreamed])
def test_whole_arguments_of_a_cut_answer_stay_as_they_are(emulator, model, ask):
    emulator.script(answer(model, WHOLE, "{}"))
    said = ask(made(model).bind_tools([look_up]))
    assert [call["args"] for call in said.tool_calls] == [{"city": "Nice"}, {}]
    assert said.invalid_tool_calls == []


@pytest.mark.parametrize("awaited", [False, True], ids=["sync", "async"])
def test_an_agent_does_not_run_it_and_the_talk_goes_on(emulator, model, awaited):
    emulator.script(answer(model, CUT))
    agent = create_agent(made(model), [look_up])

    async def run():
        stream = agent.astream({"messages": "Hi"}, stream_mode=["messages", "values"])
        return [state async for mode, state in stream if mode == "values"]

    def run_at_once():
        stream = agent.stream({"messages": "Hi"}, stream_mode=["messages", "values"])
        return [state for mode, state in stream if mode == "values"]

    *_, state = asyncio.run(run()) if awaited else run_at_once()
    assert state["messages"][-1].invalid_tool_calls
    # Before Python 3.11 a task starts without its parent's callbacks: LangGraph streams nothing.
    streams = not awaited or sys.version_info >= (3, 11)
    assert emulator.journal[-1].body.get("stream", False) is streams
    again = agent.invoke({"messages": [*state["messages"], ("user", "And now?")]})
    assert again["messages"][-1].text == "You said: And now?"


@pytest.mark.parametrize("ask", [invoked, streamed])
def test_the_messages_endpoint_gets_a_broken_call_only_with_its_result(emulator, ask):
    emulator.script(answer("messages", WHOLE, CUT))
    llm = made("messages")
    said = ask(llm.bind_tools([look_up]))
    whole, broken = said.tool_calls[0]["id"], said.invalid_tool_calls[0]["id"]

    def sent(*results):
        talk = [("user", "Hi"), said, *(ToolMessage("no", tool_call_id=id_) for id_ in results)]
        llm.bind_tools([look_up]).invoke([*talk, ("user", "And now?")])
        return emulator.journal[-1].body["messages"][1]["content"]

    words, call = sent(whole)
    assert call["id"] == whole
    assert words["text"].startswith(f"look_up{CUT}")
    assert [call["id"] for call in sent(whole, broken)] == [whole, broken]


def test_a_broken_call_in_an_agent_with_a_form_for_its_answer_is_not_run(emulator):
    emulator.script(answer("messages", CUT))
    form = {"type": "object", "title": "final", "properties": {"a": {"type": "string"}}}
    wanted = {"type": "json_schema", "json_schema": {"name": "final", "schema": form}}
    llm = made("messages").bind_tools([look_up], response_format=wanted)
    said = streamed(llm)
    assert (said.tool_calls, len(said.invalid_tool_calls)) == ([], 1)


@pytest.mark.parametrize("ask", [streamed, astreamed])
def test_callbacks_hear_of_it_too(emulator, model, ask):
    class Heard(BaseCallbackHandler):
        def __init__(self):
            self.chunks = []

        def on_llm_new_token(self, token, *, chunk=None, **_):
            self.chunks.append(chunk.message)

    emulator.script(answer(model, CUT))
    heard = Heard()
    ask(made(model, callbacks=[heard]).bind_tools([look_up]))
    first, *rest = heard.chunks
    assert (first + rest).tool_calls == []


def test_arguments_cut_anywhere_cannot_be_mended():
    text = json.dumps({"a": [1, [2, {'b"': 'x\\y"]}{[ '}]], "c": None, "d": '"]}\\'})
    for length in range(1, len(text)):
        end = _end(text[:length])
        assert not isinstance(parse_partial_json(text[:length] + end), dict)
    assert _end(text) == _end("") == _end("{}") == ""


def test_core_still_takes_the_sum_of_cut_pieces_for_a_call(emulator, monkeypatch):
    monkeypatch.setattr("langchain_heroku._broken_calls._end", lambda _: "")
    emulator.script(answer("chat", CUT))
    said = streamed(made("chat").bind_tools([look_up]))
    assert isinstance(said, AIMessage)
    assert said.tool_calls, "core reads strictly at last: the module can go"


@pytest.mark.parametrize("ask", [invoked, streamed])
def test_a_talk_goes_on_after_nothing_but_a_broken_call(emulator, model, ask):
    emulator.script(answer(model, CUT))
    llm = made(model)
    said = ask(llm.bind_tools([look_up]))
    for another in MODELS:
        talk = [("user", "Hi"), said, ("user", "And now?")]
        assert made(another).invoke(talk).text == "You said: And now?"


# Second tries


def weather(city: str) -> str:
    """The weather in a city."""
    return f"Sunny in {city}."


def run_agent(agent, way):
    """The messages of a run; `stream` has LangGraph stream what the model says."""
    question = {"messages": "Hi"}
    if way == "invoke":
        return agent.invoke(question)["messages"]
    if way == "ainvoke":
        return asyncio.run(agent.ainvoke(question))["messages"]
    states = agent.stream(question, stream_mode=["messages", "values"])
    return [state for mode, state in states if mode == "values"][-1]["messages"]


AGENT_WAYS = ["invoke", "ainvoke", "stream"]


def called(model, *arguments):
    return CallTools([("weather", given) for given in arguments], path=MODELS[model][1])


def last_body(emulator):
    return emulator.journal[-1].body["messages"]


@pytest.mark.parametrize("way", AGENT_WAYS)
def test_an_agent_goes_on_when_arguments_are_given_again(emulator, model, way):
    emulator.script(
        called(model, WHOLE, '{"city": Paris}'),
        called(model, '{"city": "Par\nis"}'),
        Say("Sunny.", path=MODELS[model][1]),
    )
    agent = create_agent(made(model), [weather])
    messages = run_agent(agent, way)
    assert messages[-1].text == "Sunny."
    ran = [message.text for message in messages if isinstance(message, ToolMessage)]
    assert {"Sunny in Nice.", "Sunny in Par\nis."} <= set(ran)
    # The broken call is gone, and so is what the agent may have answered to it.
    assert "Paris" not in str(last_body(emulator))
    assert "malformed" not in str(last_body(emulator))


@pytest.mark.parametrize("way", AGENT_WAYS)
def test_an_agent_does_not_end_silently_at_a_call_that_stays_broken(emulator, model, way):
    emulator.script(called(model, "[1]"), called(model, '{"city": Paris}'))
    agent = create_agent(made(model), [weather])
    with pytest.raises(errors.ToolArgumentsError, match="'weather'") as caught:
        run_agent(agent, way)
    assert caught.value.body == '{"city": Paris}'
    assert caught.value.is_retryable
    assert len(emulator.journal) == 2


@pytest.mark.parametrize("ask", [invoked, streamed])
def test_without_second_tries_broken_calls_are_returned(emulator, model, ask):
    emulator.script(answer(model, "[1]", reason="tool_calls"))
    said = ask(made(model, tool_call_retries=0).bind_tools([look_up]))
    assert (said.tool_calls, len(said.invalid_tool_calls)) == ([], 1)
    assert len(emulator.journal) == 1


@pytest.mark.parametrize("ask", [invoked, ainvoked, streamed, astreamed])
def test_a_cut_call_warns(emulator, model, ask):
    emulator.script(answer(model, CUT))
    with pytest.warns(UserWarning, match=r"within a tool call.*invalid_tool_calls"):
        ask(made(model).bind_tools([look_up]))
    emulator.script(answer(model, WHOLE, CUT))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ask(made(model).bind_tools([look_up]))


def test_the_sum_of_a_stream_names_the_calls_that_were_made_again(emulator, model):
    emulator.script(
        CallTools([("look_up", "[1]")], ids=["toolu_1"], path=MODELS[model][1]),
        CallTools([("look_up", WHOLE)], ids=["toolu_2"], path=MODELS[model][1]),
        Say("So.", path=MODELS[model][1]),
    )
    llm = made(model).bind_tools([look_up])
    said = streamed(llm)
    assert [call["id"] for call in said.tool_calls] == ["toolu_2"]
    assert [call["id"] for call in said.invalid_tool_calls] == ["toolu_1"]
    assert said.response_metadata["replaced_calls"] == ["toolu_1"]
    results = [ToolMessage("x", tool_call_id=call_id) for call_id in ("toolu_1", "toolu_2")]
    llm.invoke([("user", "Hi"), said, *results])
    assert "toolu_1" not in str(last_body(emulator))
    assert said.invalid_tool_calls


@pytest.mark.parametrize("ask", [invoked, streamed])
def test_a_form_of_the_answer_leaves_broken_calls_to_its_parser(emulator, model, ask):
    form = {"type": "object", "title": "final", "properties": {"a": {"type": "string"}}}
    wanted = {"type": "json_schema", "json_schema": {"name": "final", "schema": form}}
    emulator.script(*[answer(model, "[1]", reason="tool_calls")] * 2)
    said = ask(made(model).bind_tools([look_up], response_format=wanted))
    assert said.invalid_tool_calls
