"""Structured prediction, each way it can be called."""

from __future__ import annotations

from typing import Generic, TypeVar

import pytest
from llama_index.core.llms import ChatMessage
from llama_index.core.prompts import PromptTemplate
from llama_index.core.types import PydanticProgramMode
from pydantic import BaseModel, Field

from heroku_emulator import CallTools, Say
from heroku_inference import InvalidResponseError
from heroku_inference._chat.thinking import call_instruction
from llama_index_heroku import Heroku, HerokuMessages
from tests.llama_index.records import recorded

pytestmark = pytest.mark.usefixtures("config_vars")

T = TypeVar("T")
PROMPT = PromptTemplate("The weather in {city}?")
SUNNY = {"city": "Lyon", "celsius": 25}


class Weather(BaseModel):
    """The weather in a city."""

    city: str
    celsius: int


class Answer(BaseModel, Generic[T]):
    """An answer."""

    value: T
    words: list[str] = Field(default_factory=list)


async def predict(llm, output_cls, **options):
    return llm.structured_predict(output_cls, PROMPT, city="Lyon", **options)


async def apredict(llm, output_cls, **options):
    return await llm.astructured_predict(output_cls, PROMPT, city="Lyon", **options)


async def stream(llm, output_cls, **options):
    return list(llm.stream_structured_predict(output_cls, PROMPT, city="Lyon", **options))[-1]


async def astream(llm, output_cls, **options):
    pieces = await llm.astream_structured_predict(output_cls, PROMPT, city="Lyon", **options)
    return [piece async for piece in pieces][-1]


ways = pytest.mark.parametrize("way", [predict, apredict, stream, astream])


@ways
async def test_the_tool_is_forced_under_the_system_prompt(emulator, way):
    emulator.script(CallTools([("Weather", SUNNY)]))
    llm = Heroku(system_prompt="Be precise.")
    with recorded() as (events, spans):
        assert await way(llm, Weather, llm_kwargs={"max_tokens": 50}) == Weather(**SUNNY)
    body = emulator.journal[-1].body
    assert body["tool_choice"] == "required"
    assert body["max_tokens"] == 50
    assert [message["role"] for message in body["messages"]] == ["system", "user"]
    assert body["messages"][1]["content"] == "The weather in Lyon?"
    assert events.names[0] == "LLMStructuredPredictStartEvent"
    assert events.names[-1] == "LLMStructuredPredictEndEvent"
    own = [name for name in spans.names if "structured_predict" in name]
    assert len(own) == 1


@ways
async def test_generic_classes_are_filled(emulator, way):
    emulator.script(CallTools([("Answer_int_", {"value": 1, "words": ["a"]})]))
    assert await way(Heroku(), Answer[int]) == Answer[int](value=1, words=["a"])


@ways
async def test_options_of_the_program_itself_are_not_the_caller_s(emulator, way):
    emulator.script(CallTools([("Weather", SUNNY)]))
    options = {"tool_choice": "none", "tool_required": False, "allow_parallel_tool_calls": True}
    given = dict(options)
    await way(Heroku(), Weather, llm_kwargs=options)
    assert emulator.journal[-1].body["tool_choice"] == "required"
    if way in {stream, astream}:
        assert options == given


@ways
@pytest.mark.parametrize(
    "answer",
    [
        Say("It is sunny."),
        CallTools([("Weather", {"city": "Lyon"})]),
        CallTools([("Weather", {"city": "Lyon", "celsius": "warm"})]),
    ],
    ids=["words", "missing field", "wrong type"],
)
async def test_an_incomplete_object_is_an_error(emulator, way, answer):
    emulator.script(answer)
    with pytest.raises(ValueError, match=r"Weather|It is sunny"):
        await way(Heroku(), Weather)


@ways
async def test_a_cut_object_is_an_error_even_when_what_came_fits(emulator, way):
    cut = '{"value": "one two", "words": ["a", '
    emulator.script(CallTools([("Answer_str_", cut)], finish_reason="length"))
    with pytest.raises(InvalidResponseError, match="Raise max_tokens"):
        await way(Heroku(), Answer[str])


CUT = '{"value": "one two", "words": ["a", '


@ways
@pytest.mark.parametrize("is_chat_model", [True, False], ids=["chat", "prompt"])
async def test_json_text_that_was_cut_is_an_error_even_when_it_fits(emulator, way, is_chat_model):
    emulator.switch(delta_characters=4)
    emulator.script(Say(CUT, finish_reason="length"))
    llm = Heroku(is_function_calling_model=False, is_chat_model=is_chat_model)
    words = "max_tokens cut the answer" if way in {stream, astream} else "Could not extract json"
    with pytest.raises(ValueError, match=words):
        await way(llm, Answer[str])


@pytest.mark.parametrize("way", [stream, astream])
async def test_json_text_that_was_whole_before_the_cut_is_an_answer(emulator, way):
    text = '```json\n{"city": "Lyon", "celsius": 25}\n```\nShall I'
    emulator.script(Say(text, finish_reason="length"))
    assert await way(Heroku(is_function_calling_model=False), Weather) == Weather(**SUNNY)


@pytest.mark.parametrize("model", [Heroku, HerokuMessages])
@ways
async def test_the_right_object_in_text_is_an_answer(emulator, way, model):
    path = "/v1/messages" if model is HerokuMessages else None
    text = '```json\n{"city": "Lyon", "celsius": 25}\n```'
    emulator.script(Say(text, reasoning="Hm.", path=path))
    llm = model(model="claude-4-5-sonnet", extended_thinking=1024, max_tokens=4000)
    assert await way(llm, Weather) == Weather(**SUNNY)


@ways
@pytest.mark.parametrize("text", ['{"city": "Lyon"}', "[1]"])
async def test_another_object_in_text_is_not(emulator, way, text):
    emulator.script(Say(text))
    with pytest.raises(ValueError, match=r"Expected at least one tool call|no call of the tool"):
        await way(Heroku(extended_thinking=1024, max_tokens=4000), Weather)


@ways
async def test_arguments_that_cannot_be_read_are_given_again(emulator, way):
    emulator.script(
        CallTools([("Weather", '{"city" "Lyon"}')]),
        CallTools([("Weather", '{"city": "Ly\non", "celsius": 25}')]),
    )
    assert await way(Heroku(), Weather) == Weather(city="Ly\non", celsius=25)


@ways
async def test_a_thinking_model_is_asked_and_not_forced(emulator, way):
    emulator.script(CallTools([("Weather", SUNNY)], reasoning="Easy.", text="Here it is."))
    llm = Heroku(extended_thinking=1024, max_tokens=4000)
    assert await way(llm, Weather) == Weather(**SUNNY)
    body = emulator.journal[-1].body
    assert body["tool_choice"] == "auto"
    assert call_instruction(["Weather"]) in str(body["messages"][0]["content"])
    assert body["extended_thinking"]["enabled"]


@pytest.mark.parametrize("usual", [True, False])
@ways
async def test_models_that_call_no_tools_answer_in_json(emulator, way, usual):
    emulator.switch(delta_characters=4)
    text = 'Here: {"city": "Lyon", "celsius": 25}' if way in {predict, apredict} else None
    emulator.script(Say(text or '```json\n{"city": "Lyon", "celsius": 25}\n```'))
    if usual:
        llm = Heroku(is_function_calling_model=False, system_prompt="Be precise.")
    else:
        llm = Heroku(pydantic_program_mode=PydanticProgramMode.LLM, system_prompt="Be precise.")
    prompt_before = PROMPT.template
    assert await way(llm, Weather) == Weather(**SUNNY)
    body = emulator.journal[-1].body
    assert "tools" not in body
    assert "celsius" in str(body["messages"])
    assert [message["content"] for message in body["messages"]].count("Be precise.") <= 1
    assert body["messages"][0]["content"].startswith("Be precise.")
    assert PROMPT.template == prompt_before


@pytest.mark.parametrize("way", [stream, astream])
async def test_text_in_place_of_json_is_an_error(emulator, way):
    emulator.script(Say("It is sunny."))
    with pytest.raises(ValueError, match="whole Weather"):
        await way(Heroku(is_function_calling_model=False), Weather)


def test_an_object_grows_with_its_arguments(emulator):
    emulator.switch(delta_characters=3)
    emulator.script(CallTools([("Weather", SUNNY)], text="I look it up."))
    pieces = list(Heroku().stream_structured_predict(Weather, PROMPT, city="Lyon"))
    cities = [piece.city for piece in pieces]
    assert cities[-1] == "Lyon"
    assert "L" in cities or "Ly" in cities or "Lyo" in cities
    assert pieces[-1] == Weather(**SUNNY)


# as_structured_llm


@pytest.mark.filterwarnings("ignore::pydantic.PydanticDeprecationWarning")  # LlamaIndex's own
async def test_a_structured_llm_answers_every_way_it_can(emulator):
    emulator.script(CallTools([("Weather", SUNNY)], times=6))
    llm = Heroku(system_prompt="Be precise.").as_structured_llm(Weather)
    messages = [ChatMessage("In {city}: what is the weather? {}")]
    answers = [
        llm.chat(messages),
        await llm.achat(messages),
        list(llm.stream_chat(messages))[-1],
        [answer async for answer in await llm.astream_chat(messages)][-1],
        llm.complete("The weather in Lyon?"),
        await llm.acomplete("The weather in Lyon?"),
    ]
    assert [answer.raw for answer in answers] == [Weather(**SUNNY)] * 6
    for entry in emulator.journal[:4]:
        assert entry.body["messages"][-1]["content"] == "In {city}: what is the weather? {}"
        assert entry.body["messages"][0]["content"] == "Be precise."


def test_the_system_prompt_is_put_there_once(emulator):
    emulator.script(CallTools([("Weather", SUNNY)]))
    messages = [ChatMessage("Be precise.", role="system"), ChatMessage("The weather?")]
    Heroku(system_prompt="Be precise.").as_structured_llm(Weather).chat(messages)
    assert len(emulator.journal[-1].body["messages"]) == 2


async def test_several_answers_to_one_question_are_no_answer(emulator):
    emulator.switch(strict=False)
    emulator.script(CallTools([("Weather", SUNNY), ("Weather", {**SUNNY, "celsius": 26})], times=2))
    assert await predict(Heroku(), Weather) == Weather(**SUNNY)
    assert await apredict(Heroku(), Weather) == Weather(**SUNNY)
