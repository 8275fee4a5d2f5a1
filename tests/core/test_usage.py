"""Tokens: that streams are asked for them, and how they are read."""

from __future__ import annotations

import pytest

from heroku_emulator import CallTools, Fault, RawBody, Say, ToolResult
from heroku_inference import AgentMessage, InvalidRequestError, Usage
from heroku_inference._chat.reading import sum_chunks
from tests.core.conftest import HELLO

ASKED = {"include_usage": True}
AGENTS = "/v1/agents/heroku"


def test_a_stream_asks_for_its_usage_and_nothing_else_changes(emulator, calls):
    calls.stream()
    calls.send()
    streamed, plain = (entry.body for entry in emulator.journal)
    assert streamed == {**plain, "stream": True, "stream_options": ASKED}
    assert plain == {"model": "claude-4-5-sonnet", "messages": HELLO}


def test_a_stream_without_usage_asks_for_none(emulator, calls):
    assert sum_chunks(calls.stream(stream_usage=False)).usage is None
    assert "stream_options" not in emulator.journal[-1].body


def test_usage_that_comes_unasked_is_read(emulator, calls):
    emulator.switch(stream_usage="always")
    assert sum_chunks(calls.stream(stream_usage=False)).usage.total_tokens > 0


@pytest.mark.parametrize("theirs", [{"include_usage": False}, {}, {"include_usage": True}])
@pytest.mark.parametrize("asks", [{}, {"stream_usage": False}])
def test_stream_options_of_the_caller_win(emulator, calls, theirs, asks):
    usage = sum_chunks(calls.stream(extra_body={"stream_options": theirs}, **asks)).usage
    assert emulator.journal[-1].body["stream_options"] == theirs
    assert (usage is not None) is theirs.get("include_usage", False)


def test_a_plain_answer_takes_the_switch_and_asks_for_nothing(emulator, calls):
    assert calls.send(stream_usage=False).usage is not None
    assert emulator.journal[-1].body.keys() == {"model", "messages"}


def test_a_server_that_refuses_stream_options_is_asked_once_and_named(emulator, calls):
    emulator.script(Fault(400, message="unrecognized request argument: stream_options"))
    with pytest.raises(InvalidRequestError, match=r"stream_options.*stream_usage=False"):
        calls.stream()
    assert len(emulator.journal) == 1


def test_agents_take_no_such_field(emulator, calls):
    calls.run_agent(HELLO)
    assert "stream_options" not in emulator.journal[-1].body


SYSTEM = [{"role": "system", "content": "Be brief."}, *HELLO]
THOUGHT = Say("Hi.", reasoning="They greet.")


def test_details_are_unknown_unless_the_server_sends_them(emulator, calls):
    usage = calls.send().usage
    assert usage == Usage(usage.prompt_tokens, usage.completion_tokens, usage.total_tokens)
    assert (usage.cached_tokens, usage.cache_creation_tokens, usage.reasoning_tokens) == (None,) * 3


@pytest.mark.parametrize("usage", ["own_chunk", "empty_choices", "finish_chunk"])
def test_details_are_read_whole_and_streamed(emulator, calls, usage):
    emulator.switch(usage_details=True, usage=usage)
    emulator.script(THOUGHT, THOUGHT)
    plain = calls.send(SYSTEM).usage
    assert plain.cached_tokens > 0
    assert plain.reasoning_tokens > 0
    assert plain.cache_creation_tokens is None
    assert sum_chunks(calls.stream(SYSTEM)).usage == plain


def test_an_agents_run_sums_its_details(emulator, calls):
    emulator.switch(usage_details=True)
    call = CallTools([("code_exec_python", {"code": "print(1)"})], path=AGENTS)
    emulator.script(call, ToolResult("1"), Say("One.", reasoning="Easy.", path=AGENTS))
    run = calls.run_agent(SYSTEM, tools=[{"type": "heroku_tool", "name": "code_exec_python"}])
    counts = [step.usage for step in run.steps if isinstance(step, AgentMessage)]
    assert len(counts) == 2
    assert run.usage.cached_tokens == sum(usage.cached_tokens for usage in counts) > 0
    assert run.usage.reasoning_tokens == sum(usage.reasoning_tokens for usage in counts) > 0
    assert run.usage.cache_creation_tokens is None


SUMS = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}


@pytest.mark.parametrize(
    ("sent", "details"),
    [
        ({"prompt_tokens_details": {"cached_tokens": 4}}, {"cached_tokens": 4}),
        ({"cache_read_input_tokens": 4}, {"cached_tokens": 4}),
        ({"prompt_tokens_details": {"cached_tokens": 0}}, {"cached_tokens": 0}),
        (
            {"prompt_tokens_details": None, "cache_creation_input_tokens": 3},
            {"cache_creation_tokens": 3},
        ),
        (
            {"prompt_tokens_details": {"cache_creation_tokens": 3, "audio_tokens": 1}},
            {"cache_creation_tokens": 3},
        ),
        ({"completion_tokens_details": {"reasoning_tokens": 2}}, {"reasoning_tokens": 2}),
        ({"prompt_tokens_details": {"cached_tokens": "4"}}, {}),
        ({"prompt_tokens_details": {"cached_tokens": True}}, {}),
        ({"prompt_tokens_details": {"cached_tokens": -1}}, {}),
        ({"prompt_tokens_details": [4], "completion_tokens_details": 2}, {}),
    ],
)
def test_both_spellings_of_details_are_read_and_odd_ones_are_none(emulator, calls, sent, details):
    choice = {"message": {"content": "Hi."}, "finish_reason": "stop"}
    emulator.script(RawBody({"choices": [choice], "usage": {**SUMS, **sent}}, times=2))
    assert calls.send().usage == Usage(10, 5, 15, **details)
    assert sum_chunks(calls.stream()).usage == Usage(10, 5, 15, **details)
