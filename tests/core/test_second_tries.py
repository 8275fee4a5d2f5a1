"""A call whose arguments cannot be read is told to the model, which tries again."""

from __future__ import annotations

import pytest

from heroku_emulator import CallTools, Fault, Say
from heroku_inference import ConfigError, ServerError, Usage
from heroku_inference._chat.reading import sum_chunks
from heroku_inference._chat.second_tries import ACCEPTED

from .conftest import HELLO

LOOK_UP = {
    "type": "function",
    "function": {"name": "look_up", "parameters": {"type": "object", "properties": {}}},
}
OPTIONS = {"tools": [LOOK_UP], "tool_call_retries": 1}
PARIS, NICE = '{"city": "Paris"}', '{"city": "Nice"}'
BROKEN = '{"city": "Par", days}'


def answer(*arguments, text="", ids=None, finish_reason=None):
    calls = [("look_up", given) for given in arguments]
    return CallTools(calls, text=text, ids=ids, finish_reason=finish_reason)


def whole(calls, **options):
    return calls.send(**options)


def summed(calls, **options):
    return sum_chunks(calls.stream(**options))


ways = pytest.mark.parametrize("ask", [whole, summed])


def arguments_of(result):
    return [call.arguments for call in result.tool_calls]


def sent(emulator):
    return [entry.body["messages"] for entry in emulator.journal]


@ways
def test_the_model_hears_why_and_what_it_then_calls_counts(emulator, calls, ask):
    emulator.script(answer(BROKEN, text="I look.", ids=["one"]), answer(PARIS, text="Again."))
    result = ask(calls, **OPTIONS)
    assert arguments_of(result) == [PARIS]
    assert (result.text, result.finish_reason) == ("I look.\n\nAgain.", "tool_calls")
    first, (question, turn, told) = sent(emulator)
    assert [question] == first == HELLO
    assert (turn["role"], turn["content"], turn["tool_calls"][0]["id"]) == (
        "assistant",
        "I look.",
        "one",
    )
    assert (told["role"], told["tool_call_id"]) == ("tool", "one")
    assert "double quotes: line 1 column 17" in told["content"]
    assert "with one JSON object" in told["content"]


@ways
def test_good_calls_beside_it_stay_and_are_not_made_twice(emulator, calls, ask):
    emulator.script(
        answer(NICE, BROKEN, ids=["good", "bad"]), answer('{ "city":"Nice" }', PARIS, ids="ab")
    )
    result = ask(calls, **OPTIONS)
    assert arguments_of(result) == [NICE, PARIS]
    assert [call.id for call in result.tool_calls] == ["good", "b"]
    results = [message["content"] for message in sent(emulator)[1][2:]]
    assert results[0] == ACCEPTED
    assert results[1].startswith("Error: this call was not run.")


@ways
def test_an_id_that_comes_again_is_another_call(emulator, calls, ask):
    emulator.script(answer(BROKEN, ids=["same"]), answer(PARIS, ids=["same"]))
    result = ask(calls, **OPTIONS)
    assert arguments_of(result) == [PARIS]
    assert result.tool_calls[0].id != "same"


@ways
def test_the_tokens_of_both_answers_are_summed(emulator, calls, ask):
    emulator.script(answer(BROKEN), answer(PARIS))
    emulator.script(answer(BROKEN))
    result = ask(calls, **OPTIONS)
    one = ask(calls, tools=[LOOK_UP]).usage
    assert isinstance(result.usage, Usage)
    assert result.usage.completion_tokens > one.completion_tokens
    assert result.usage.prompt_tokens > 2 * one.prompt_tokens
    assert result.usage.total_tokens == (
        result.usage.prompt_tokens + result.usage.completion_tokens
    )
    assert result.usage.cached_tokens is None


@ways
def test_calls_that_stay_broken_are_given_as_they_are(emulator, calls, ask):
    emulator.script(answer(NICE, BROKEN), answer(BROKEN, "[1]"))
    result = ask(calls, **OPTIONS)
    assert arguments_of(result) == [NICE, BROKEN, "[1]"]
    assert len(emulator.journal) == 2


@ways
def test_more_tries_go_on_with_the_whole_conversation(emulator, calls, ask):
    emulator.script(answer(BROKEN, text="a"), answer("[1]", NICE, text="b"), answer(PARIS))
    result = ask(calls, tools=[LOOK_UP], tool_call_retries=2)
    assert arguments_of(result) == [NICE, PARIS]
    assert result.text == "a\n\nb"
    roles = [message["role"] for message in sent(emulator)[2]]
    assert roles == ["user", "assistant", "tool", "assistant", "tool", "tool"]


@ways
def test_a_model_that_says_why_it_gives_up_is_heard(emulator, calls, ask):
    emulator.script(answer(NICE, BROKEN), Say("I cannot."))
    result = ask(calls, **OPTIONS)
    assert (arguments_of(result), result.text) == ([NICE], "I cannot.")
    assert result.finish_reason == "tool_calls"
    emulator.script(answer(BROKEN), Say("I cannot."))
    result = ask(calls, **OPTIONS)
    assert (arguments_of(result), result.text, result.finish_reason) == ([], "I cannot.", "stop")


@ways
@pytest.mark.parametrize(
    ("step", "options"),
    [
        (answer(BROKEN), {"tools": [LOOK_UP]}),
        (answer(BROKEN), {**OPTIONS, "tool_call_retries": 0}),
        (answer(BROKEN, finish_reason="length"), OPTIONS),
        (answer(PARIS, ""), OPTIONS),
        (answer('{"city": "one\ntwo"}'), OPTIONS),
        (Say("Hello."), OPTIONS),
    ],
    ids=["by default", "none", "cut", "good", "line end", "words"],
)
def test_one_request_is_enough_otherwise(emulator, calls, ask, step, options):
    emulator.script(step)
    result = ask(calls, **options)
    wanted = [] if isinstance(step, Say) else [arguments for _, arguments in step.calls]
    assert arguments_of(result) == wanted
    assert len(emulator.journal) == 1


def test_results_that_the_model_could_not_tell_apart_are_not_sent(emulator, calls):
    emulator.script(answer(BROKEN, "[1]", ids=["same", "same"]))
    assert arguments_of(whole(calls, **OPTIONS)) == [BROKEN, "[1]"]
    assert len(emulator.journal) == 1


def test_a_stream_tells_which_calls_to_leave_out(emulator, calls):
    emulator.script(answer(NICE, BROKEN, ids=["a", "b"]), answer(PARIS, text="So."))
    chunks = calls.stream(**OPTIONS)
    [at] = [number for number, chunk in enumerate(chunks) if chunk.replaced_calls]
    assert chunks[at].replaced_calls == ("b",)
    before, after = chunks[:at], chunks[at + 1 :]
    assert {delta.index for chunk in before for delta in chunk.tool_calls} == {0, 1}
    assert [delta.index for chunk in after for delta in chunk.tool_calls] == [2]
    assert [bool(chunk.finish_reason or chunk.usage) for chunk in chunks].count(True) == 1
    assert chunks[-1].finish_reason == "tool_calls"
    assert [bool(chunk.id) for chunk in chunks].count(True) == 1


@pytest.mark.parametrize("usage", ["own_chunk", "finish_chunk", "none"])
def test_a_stream_with_good_calls_is_what_it_is_without_tries(emulator, calls, usage):
    emulator.switch(usage=usage)
    emulator.script(*[answer(NICE, PARIS, text="So.", ids="ab")] * 2)

    def shown(chunk):
        calls = [(d.index, d.id, d.name, d.arguments) for d in chunk.tool_calls]
        return (chunk.text, calls, chunk.finish_reason, chunk.usage, bool(chunk.reply))

    one, other = calls.stream(**OPTIONS), calls.stream(tools=[LOOK_UP])
    assert [*map(shown, one)] == [*map(shown, other)]


def test_a_model_that_thinks_tries_again_without_and_without_a_warning(emulator, calls):
    emulator.script(answer(BROKEN), answer(PARIS))
    result = whole(calls, **OPTIONS, extended_thinking=1024, max_tokens=4000)
    assert arguments_of(result) == [PARIS]
    first, second = (entry.body for entry in emulator.journal)
    assert "extended_thinking" in first
    assert "extended_thinking" not in second
    assert {**second, "messages": []} == {
        name: first[name] for name in first if name != "extended_thinking"
    } | {"messages": []}


@ways
def test_an_error_of_the_second_try_holds_the_text_of_the_first(emulator, make_calls, ask):
    emulator.script(answer(BROKEN, text="I look."), Fault(500))
    with pytest.raises(ServerError) as caught:
        ask(make_calls(max_retries=0), **OPTIONS)
    assert caught.value.partial == "I look."


@ways
def test_an_answer_in_a_form_is_not_given_twice(emulator, calls, ask):
    form = {"type": "json_schema", "json_schema": {"schema": {"type": "object"}}}
    emulator.script(CallTools([("final_answer", {"a": 1}), ("look_up", BROKEN)]))
    result = ask(calls, **OPTIONS, response_format=form)
    assert result.text == '{"a":1}'
    assert len(emulator.journal) == 1


@pytest.mark.parametrize("retries", [-1, True, 1.5, "1"])
def test_other_than_a_number_of_tries_is_refused(calls, retries):
    with pytest.raises(ConfigError, match="tool_call_retries must be a whole number"):
        calls.send(tools=[LOOK_UP], tool_call_retries=retries)
