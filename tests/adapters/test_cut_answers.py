"""A whole answer that the server cuts with 408 comes as a stream that is summed up: every class."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from llama_index.core import PromptTemplate
from llama_index.core.llms import ChatMessage
from pydantic import BaseModel

from heroku_emulator import CallTools, Cut, ErrorEvent, Fault, Say
from heroku_inference import APIConnectionError, RequestTimeoutError
from langchain_heroku import ChatHeroku
from llama_index_heroku import Heroku, HerokuMessages
from tests.adapters.conftest import every_model, messages_models
from tests.wire_cases import ANSWERS, SOON, TOOLS

LONG = "One two three four five six seven eight."


def cut(adapter, **more):
    return Fault(408, path=adapter.path, headers=SOON, **more)


def streamed(emulator):
    """Of each request, whether it asked for a stream."""
    return [bool(entry.body.get("stream")) for entry in emulator.journal]


@every_model
def test_an_answer_beyond_the_time_limit_arrives_by_one_stream(emulator, make, ask, ways):
    emulator.switch(latency=0.2, time_limit=0.05)
    reply = ask(make(max_retries=1), ways[0])
    assert reply.text == "You said: Hello there"
    assert reply.tokens is not None
    assert reply.request_id
    assert streamed(emulator) == [False, True]
    first, second = (entry.body for entry in emulator.journal)
    assert {**first, "stream": True}.items() <= second.items()


@every_model
@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("switches", [{}, {"delta_characters": 1}, {"usage_details": True}])
def test_the_summed_stream_is_the_plain_answer(
    emulator, adapter, make, ask, ways, switches, answer
):
    emulator.switch(**switches)
    step = replace(ANSWERS[answer], path=adapter.path)
    thinks = {"extended_thinking": True} if step.reasoning and "messages" in adapter.path else {}
    emulator.script(step, cut(adapter), step)
    options = {"tools": TOOLS} if isinstance(step, CallTools) else {}
    plain, summed = (ask(make(**thinks), ways[0], **options) for _ in range(2))
    assert streamed(emulator) == [False, False, True]
    assert plain.text == step.text
    assert summed == plain
    assert summed.request_id


@every_model
def test_it_stays_a_stream_within_the_retries(emulator, adapter, make, ask, ways):
    answer = Say("At last.", path=adapter.path)
    broken = Cut(after=4, answer=replace(answer, text=LONG), path=adapter.path)
    failing = ErrorEvent(after=3, path=adapter.path)
    emulator.script(cut(adapter, times=2), broken, failing, answer)
    assert ask(make(max_retries=4), ways[0]).text == "At last."
    assert streamed(emulator) == [False, True, True, True, True]


@every_model
def test_without_retries_the_cut_is_raised(emulator, adapter, make, ask, ways):
    emulator.script(cut(adapter))
    with pytest.raises(adapter.error(RequestTimeoutError)):
        ask(make(max_retries=0), ways[0])
    assert streamed(emulator) == [False]


@every_model
def test_a_stream_that_breaks_for_good_is_a_broken_connection(emulator, adapter, make, ask, ways):
    broken = Cut(after=6, answer=Say(LONG, path=adapter.path), path=adapter.path)
    emulator.script(cut(adapter), replace(broken, times=9))
    with pytest.raises(adapter.error(APIConnectionError)) as caught:
        ask(make(max_retries=1), ways[0])
    assert caught.value.partial
    assert streamed(emulator) == [False, True]


class City(BaseModel):
    """A city."""

    name: str


def city(adapter, tool="City"):
    return CallTools([(tool, {"name": "Ōsaka"})], path=adapter.path)


@every_model
def test_structured_answers_arrive_too(emulator, adapter, make):
    emulator.script(cut(adapter), city(adapter))
    llm = make()
    if hasattr(llm, "with_structured_output"):
        answer = llm.with_structured_output(City).invoke("Which city?")
    else:
        answer = llm.structured_predict(City, PromptTemplate("Which city?"))
    assert answer == City(name="Ōsaka")
    assert streamed(emulator) == [False, True]


@pytest.mark.parametrize("model_class", [Heroku, HerokuMessages])
@pytest.mark.parametrize("is_async", [False, True])
def test_prompts_are_completed(emulator, config_vars, model_class, is_async):
    path = "/v1/messages" if model_class is HerokuMessages else "/v1/chat/completions"
    emulator.script(Fault(408, path=path, headers=SOON), Say("Whole.", path=path))
    llm = model_class(model="claude-4-5-sonnet")
    response = asyncio.run(llm.acomplete("Go.")) if is_async else llm.complete("Go.")
    assert response.text == "Whole."
    assert response.raw
    assert streamed(emulator) == [False, True]


def test_raw_is_what_the_plain_answer_would_be(emulator, config_vars):
    answer = Say("Whole.")
    emulator.script(answer, Fault(408, headers=SOON), answer)
    llm = Heroku(model="claude-4-5-sonnet")
    plain, summed = (llm.chat([ChatMessage("Go.")]).raw for _ in range(2))
    own = {"id": None, "created": None}
    assert {**summed, **own} == {**plain, **own}


@messages_models
@pytest.mark.filterwarnings("ignore:max_tokens cut the model's answer:UserWarning")
def test_arguments_that_were_cut_stay_as_they_are(emulator, adapter, make, ask, ways):
    step = CallTools(
        [("add", '{"a": 1')], finish_reason="max_tokens", ids=["toolu_1"], path=adapter.path
    )
    emulator.script(step, cut(adapter), step)
    plain, summed = (ask(make(), ways[0], tools=TOOLS) for _ in range(2))
    assert summed == plain
    assert plain.finish_reason == "length"


@messages_models
@pytest.mark.parametrize("thinking", ["omitted", "redacted"])
def test_hidden_thoughts_are_kept_whole(emulator, adapter, make, thinking):
    emulator.switch(messages_thinking=thinking)
    step = Say("So.", reasoning="Hm.", path=adapter.path)
    emulator.script(step, cut(adapter), step)
    llm = make(extended_thinking=True)
    talk = adapter.messages(("user", "Go."))
    plain, summed = (adapter.answer(llm, talk) for _ in range(2))
    parts = [getattr(message, "blocks", None) or message.content for message in (plain, summed)]
    assert parts[0] == parts[1]
    assert len(parts[0]) == 2


class Watcher(BaseCallbackHandler):
    def __init__(self):
        self.attempts = []

    def on_retry(self, retry_state, **kwargs):
        self.attempts.append(retry_state.attempt_number)


def test_handlers_of_langchain_hear_of_it_once(emulator, config_vars):
    emulator.script(Fault(408, headers=SOON), Say("Whole."))
    watcher = Watcher()
    llm = ChatHeroku(model="claude-4-5-sonnet")
    assert llm.invoke("Go.", config={"callbacks": [watcher]}).text == "Whole."
    assert watcher.attempts == [1]
