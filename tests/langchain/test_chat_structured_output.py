"""Answers in the form of a schema, by each method."""

import json

import pytest
from langchain_core import exceptions
from langchain_core.exceptions import OutputParserException
from pydantic import BaseModel, Field, ValidationError
from typing_extensions import TypedDict

from heroku_emulator import CallTools, RawBody, Say
from langchain_heroku import ChatHeroku, ChatHerokuMessages, errors

pytestmark = pytest.mark.usefixtures("config_vars")


class Joke(BaseModel):
    """A joke."""

    setup: str = Field(description="what comes first")
    punchline: str


class JokeDict(TypedDict):
    """A joke."""

    setup: str
    punchline: str


JOKE = {"setup": "Why?", "punchline": "Because."}
SCHEMA = {"title": "Joke", "description": "A joke.", **Joke.model_json_schema()}
METHODS = ["function_calling", "json_schema", "json_mode"]


@pytest.fixture
def llm():
    return ChatHeroku(model="claude-4-5-sonnet")


def telling(method):
    """What a model answers that is asked by this method."""
    if method == "json_mode":
        return Say('```json\n{"setup": "Why?", "punchline": "Because."}\n```')
    name = "Joke" if method == "function_calling" else "final_answer"
    return CallTools([(name, JOKE)], text="Here you are.")


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("schema", [Joke, JokeDict, SCHEMA], ids=["pydantic", "dict", "schema"])
def test_each_method_gives_each_kind_of_schema(emulator, llm, method, schema):
    name = "JokeDict" if schema is JokeDict and method == "function_calling" else None
    answer = CallTools([(name, JOKE)]) if name else telling(method)
    emulator.script(answer, answer)
    structured = llm.with_structured_output(schema, method=method)
    expected = Joke(**JOKE) if schema is Joke else JOKE
    assert structured.invoke("A joke.") == expected
    assert list(structured.stream("A joke."))[-1] == expected


@pytest.mark.parametrize("method", METHODS)
def test_what_heroku_ignores_is_never_sent(emulator, llm, method):
    emulator.script(telling(method))
    llm.with_structured_output(Joke, method=method, strict=True).invoke("A joke.")
    body = emulator.journal[-1].body
    assert not body.keys() & {"response_format", "strict", "ls_structured_output_format"}
    assert "strict" not in str(body.get("tools"))


def test_by_default_a_tool_is_forced_by_its_name(emulator, llm):
    emulator.script(telling("function_calling"))
    llm.with_structured_output(Joke).invoke("A joke.")
    assert emulator.journal[-1].body["tool_choice"] == {
        "type": "function",
        "function": {"name": "Joke"},
    }


@pytest.mark.parametrize("method", METHODS)
def test_with_the_raw_message_a_failure_is_returned_and_not_raised(emulator, llm, method):
    bad = {"setup": "Why?"}
    name = {"function_calling": "Joke", "json_schema": "final_answer"}.get(method)
    emulator.script(telling(method))
    emulator.script(CallTools([(name, bad)]) if name else Say('{"setup": "Why?"}'))
    structured = llm.with_structured_output(Joke, method=method, include_raw=True)
    good = structured.invoke("A joke.")
    assert good["parsed"] == Joke(**JOKE)
    assert good["parsing_error"] is None
    assert good["raw"].response_metadata["model_provider"] == "heroku"
    failed = structured.invoke("A joke.")
    assert failed["parsed"] is None
    assert isinstance(failed["parsing_error"], (ValidationError, OutputParserException))


def test_partial_answers_come_while_it_streams(emulator, llm):
    emulator.switch(delta_characters=4)
    emulator.script(CallTools([("JokeDict", JOKE)]))
    pieces = list(llm.with_structured_output(JokeDict).stream("A joke."))
    assert len(pieces) > 2
    assert pieces[-1] == JOKE


async def test_it_works_async_too(emulator, llm):
    emulator.script(telling("function_calling"), telling("function_calling"))
    structured = llm.with_structured_output(Joke)
    assert await structured.ainvoke("A joke.") == Joke(**JOKE)
    assert [piece async for piece in structured.astream("A joke.")][-1] == Joke(**JOKE)


@pytest.mark.parametrize(
    "thinking",
    [
        {"extended_thinking": True},
        {"extended_thinking": {"enabled": True, "budget_tokens": 1024}},
        {"reasoning_effort": "low"},
        {"extra_body": {"extended_thinking": {"enabled": True, "budget_tokens": 1024}}},
    ],
    ids=str,
)
@pytest.mark.parametrize("method", METHODS)
def test_a_thinking_model_is_asked_without_force_and_without_warning(emulator, method, thinking):
    llm = ChatHeroku(model="claude-4-5-sonnet", max_tokens=4000, **thinking)
    emulator.script(telling(method))
    assert llm.with_structured_output(Joke, method=method).invoke("A joke.") == Joke(**JOKE)
    assert emulator.journal[-1].body.get("tool_choice") in {None, "auto"}


@pytest.mark.parametrize("given", ["A joke.", [("system", "Be brief."), ("user", "A joke.")]])
async def test_a_thinking_model_is_instructed_to_call(emulator, given):
    llm = ChatHeroku(model="claude-4-5-sonnet", extended_thinking=True, max_tokens=5000)
    structured = llm.with_structured_output(Joke)  # the emulator's engine obeys
    assert isinstance(structured.invoke(given), Joke)
    assert isinstance(await structured.ainvoke(given), Joke)
    assert isinstance(list(structured.stream(given))[-1], Joke)
    assert emulator.journal[-1].body.get("tool_choice") in {None, "auto"}


async def test_a_model_that_only_talks_is_a_clear_error(emulator):
    llm = ChatHeroku(model="claude-4-5-sonnet", extended_thinking=1024, max_tokens=4000)
    structured = llm.with_structured_output(Joke)
    emulator.script(*[Say("I would rather talk.")] * 4)
    with pytest.raises(OutputParserException, match=r"without calling the tool.*rather talk"):
        structured.invoke("A joke.")
    with pytest.raises(OutputParserException, match="rather talk"):
        list(structured.stream("A joke."))
    with pytest.raises(OutputParserException, match="rather talk"):
        await structured.ainvoke("A joke.")
    raw = llm.with_structured_output(Joke, include_raw=True).invoke("A joke.")
    assert isinstance(raw["parsing_error"], OutputParserException)


@pytest.mark.parametrize("messages", [False, True], ids=["chat", "messages"])
@pytest.mark.parametrize("schema", [Joke, JokeDict], ids=["pydantic", "dict"])
@pytest.mark.parametrize("fenced", [False, True], ids=["bare", "fenced"])
async def test_the_right_object_in_text_is_an_answer(emulator, schema, messages, fenced):
    text = json.dumps(JOKE)
    model = ChatHerokuMessages if messages else ChatHeroku
    path = "/v1/messages" if messages else None
    step = Say(f"Here:\n```json\n{text}\n```" if fenced else text, reasoning="Hm.", path=path)
    llm = model(model="claude-4-5-sonnet", extended_thinking=1024, max_tokens=4000)
    structured = llm.with_structured_output(schema)
    expected = Joke(**JOKE) if schema is Joke else JOKE
    emulator.script(*[step] * 5)
    assert structured.invoke("A joke.") == expected
    assert await structured.ainvoke("A joke.") == expected
    assert list(structured.stream("A joke."))[-1] == expected
    assert [piece async for piece in structured.astream("A joke.")][-1] == expected
    answer = llm.with_structured_output(schema, include_raw=True).invoke("A joke.")
    assert (answer["parsed"], answer["parsing_error"]) == (expected, None)
    assert answer["raw"].tool_calls == []


@pytest.mark.parametrize("text", ['{"setup": "Why?"}', '[{"setup": "a", "punchline": "b"}]'])
def test_another_object_in_text_is_not(emulator, llm, text):
    emulator.script(Say(text))
    with pytest.raises(OutputParserException, match="without calling the tool"):
        llm.with_structured_output(Joke).invoke("A joke.")


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("schema", [Joke, JokeDict], ids=["pydantic", "dict"])
def test_arguments_that_cannot_be_read_are_given_again(emulator, llm, schema, streamed):
    emulator.script(
        CallTools([(schema.__name__, '{"setup" "a"}')]),
        CallTools([(schema.__name__, '{"setup": "Why?\n", "punchline": "Because."}')]),
    )
    structured = llm.with_structured_output(schema)
    given = list(structured.stream("A joke."))[-1] if streamed else structured.invoke("A joke.")
    expected = {**JOKE, "setup": "Why?\n"}
    assert given == (Joke(**expected) if schema is Joke else expected)
    first, second = (entry.body["tool_choice"] for entry in emulator.journal)
    assert first == second


@pytest.mark.parametrize("schema", [Joke, JokeDict], ids=["pydantic", "dict"])
async def test_a_cut_call_is_an_error_that_shows_it(emulator, llm, schema):
    cut = CallTools([(schema.__name__, '{"setup":"a')], finish_reason="length")
    emulator.script(*[cut] * 4)
    structured = llm.with_structured_output(schema)
    with pytest.raises(OutputParserException, match=r"cut by max_tokens.*setup") as caught:
        structured.invoke("A joke.")
    assert caught.value.llm_output == '{"setup":"a'
    with pytest.raises(OutputParserException, match="cut by max_tokens"):
        list(structured.stream("A joke."))
    with pytest.raises(OutputParserException, match="cut by max_tokens"):
        await structured.ainvoke("A joke.")
    raw = llm.with_structured_output(schema, include_raw=True).invoke("A joke.")
    assert raw["parsed"] is None
    assert isinstance(raw["parsing_error"], OutputParserException)


CUTS = {
    "object": '{"setup": "Why?", "punchline": "Bec',
    "whole fields": '{"setup": "Why?", "punchline": "Because.", "more": [',
    "fence": '```json\n{"setup": "Why?", "punchline": "Because."',
}


async def every_way(structured):
    """What is raised, however the answer comes."""
    raised = []
    for call in (
        lambda: structured.invoke("A joke."),
        lambda: list(structured.stream("A joke.")),
    ):
        with pytest.raises(OutputParserException) as caught:
            call()
        raised.append(caught.value)
    with pytest.raises(OutputParserException) as caught:
        await structured.ainvoke("A joke.")
    raised.append(caught.value)
    with pytest.raises(OutputParserException) as caught:
        [_ async for _ in structured.astream("A joke.")]
    return [*raised, caught.value]


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("method", ["json_schema", "json_mode"])
@pytest.mark.parametrize("schema", [Joke, JokeDict], ids=["pydantic", "dict"])
@pytest.mark.parametrize("tools", [False, True], ids=["alone", "with tools"])
async def test_a_cut_answer_in_text_is_an_error_that_shows_it(
    emulator, llm, method, schema, cut, tools
):
    text = CUTS[cut]
    if method == "json_schema" and cut != "fence":
        step = CallTools([("final_answer", text)], finish_reason="length")
    else:
        step = Say(text, finish_reason="length")
    emulator.script(*[step] * 5)
    options = {"tools": [look_up]} if tools else {}
    structured = llm.with_structured_output(schema, method=method, **options)
    for error in await every_way(structured):
        assert "cut by max_tokens" in str(error)
        assert "setup" in error.llm_output
    raw = llm.with_structured_output(schema, method=method, include_raw=True, **options)
    answer = raw.invoke("A joke.")
    assert answer["parsed"] is None
    assert isinstance(answer["parsing_error"], OutputParserException)
    assert answer["raw"].response_metadata["finish_reason"] == "length"


@pytest.mark.parametrize("method", ["json_schema", "json_mode"])
def test_an_answer_that_was_whole_before_the_cut_is_one(emulator, llm, method):
    whole = '```json\n{"setup": "Why?", "punchline": "Because."}\n```\nShall I'
    emulator.script(Say(whole, finish_reason="length"))
    assert llm.with_structured_output(Joke, method=method).invoke("A joke.") == Joke(**JOKE)
    emulator.script(Say("[1, 2]", finish_reason="length"))
    assert llm.with_structured_output(method="json_mode").invoke("Numbers.") == [1, 2]


def test_broken_arguments_are_an_error_with_the_finish_reason(emulator, llm):
    emulator.script(CallTools([("Joke", '{"setup" "a"}')], times=2))
    with pytest.raises(OutputParserException, match="finish reason 'tool_calls'"):
        llm.with_structured_output(Joke).invoke("A joke.")


def test_a_call_of_another_tool_is_an_error(emulator, llm):
    emulator.script(CallTools([("Other", {})]))
    with pytest.raises(OutputParserException, match="called Other instead of JokeDict"):
        llm.with_structured_output(JokeDict).invoke("A joke.")


def test_nonsense_is_refused_at_once(llm):
    with pytest.raises(errors.ConfigError, match="'json'"):
        llm.with_structured_output(Joke, method="json")
    with pytest.raises(errors.ConfigError, match="needs a schema"):
        llm.with_structured_output(method="json_schema")


def look_up(topic: str) -> str:
    """Look a topic up."""
    return topic


@pytest.mark.parametrize("method", ["json_schema", "json_mode"])
@pytest.mark.parametrize("schema", [Joke, JokeDict], ids=["pydantic", "dict"])
def test_a_model_may_call_a_tool_instead_of_answering_in_text(emulator, llm, method, schema):
    structured = llm.with_structured_output(
        schema, method=method, tools=[look_up], include_raw=True
    )
    emulator.script(CallTools([("look_up", {"topic": "cats"})]), telling(method))
    called, answered = structured.invoke("A joke."), structured.invoke("A joke.")
    assert called["raw"].tool_calls[0]["args"] == {"topic": "cats"}
    assert (called["parsed"], called["parsing_error"]) == (None, None)
    assert answered["parsed"] == (Joke(**JOKE) if schema is Joke else JOKE)
    sent = [tool["function"]["name"] for tool in emulator.journal[-1].body["tools"]]
    assert sent[0] == "look_up"


async def test_with_tools_an_answer_is_parsed_too_when_it_is_streamed_or_awaited(emulator, llm):
    structured = llm.with_structured_output(Joke, method="json_schema", tools=[look_up])
    emulator.script(telling("json_schema"), telling("json_schema"))
    assert list(structured.stream("A joke."))[-1] == Joke(**JOKE)
    assert await structured.ainvoke("A joke.") == Joke(**JOKE)


def test_tools_beside_a_forced_one_are_refused_at_once(llm):
    with pytest.raises(errors.ConfigError, match="method='json_schema'"):
        llm.with_structured_output(Joke, tools=[look_up])


def test_a_tool_choice_of_the_user_wins(emulator, llm):
    emulator.script(telling("function_calling"))
    llm.with_structured_output(Joke, tool_choice="auto", tools=[]).invoke("A joke.")
    assert emulator.journal[-1].body.get("tool_choice") in {None, "auto"}


def test_json_mode_needs_no_schema(emulator, llm):
    emulator.script(Say('{"a": 1}'))
    assert llm.with_structured_output(method="json_mode").invoke("JSON, please.") == {"a": 1}


@pytest.mark.parametrize("method", METHODS)
def test_a_refusal_is_not_an_answer(emulator, llm, method):
    message = {"role": "assistant", "content": "", "refusal": "I will not joke."}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    emulator.script(RawBody({"id": "chatcmpl-1", "choices": [choice]}, times=2))
    refused = getattr(exceptions, "ModelRefusalError", OutputParserException)
    with pytest.raises((refused, OutputParserException)):
        llm.with_structured_output(Joke, method=method).invoke("A joke.")
    assert llm.invoke("A joke.").additional_kwargs["refusal"] == "I will not joke."
