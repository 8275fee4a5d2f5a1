"""The fault table through `ChatHerokuMessages`: the error's class and the number of requests."""

from __future__ import annotations

import asyncio

import pytest
from langchain_core import exceptions as langchain

from heroku_emulator import CallTools, Cut, ErrorEvent, Fault, RawStream, Reset, Say
from heroku_inference import (
    APIConnectionError,
    APITimeoutError,
    HerokuError,
    InvalidResponseError,
    RateLimitError,
    ServerError,
    StreamInterruptedError,
)
from langchain_heroku import ChatHerokuMessages
from tests.wire_cases import FAULTS, SOON

MESSAGES = "/v1/messages"
ENVELOPES = {
    "object": {"error_envelope": "object"},
    "string": {"error_envelope": "string"},
    "anthropic": {"messages_error_envelope": "anthropic"},
}
LANGCHAIN = {
    "400": langchain.ModelInvalidRequestError,
    "401": langchain.ModelAuthenticationError,
    "403": langchain.ModelPermissionDeniedError,
    "403 of the firewall": langchain.ModelPermissionDeniedError,
    "404": langchain.ModelNotFoundError,
    "429, seconds": langchain.ModelRateLimitError,
    "500": langchain.ModelAPIError,
}


@pytest.fixture
def make(config_vars):
    def make(**arguments):
        return ChatHerokuMessages(**{"model": "claude-4-5-sonnet", **arguments})

    return make


def streamed(llm):
    return list(llm.stream("Hello there"))


def ainvoked(llm):
    return asyncio.run(llm.ainvoke("Hello there"))


def astreamed(llm):
    async def collect():
        return [chunk async for chunk in llm.astream("Hello there")]

    return asyncio.run(collect())


def invoked(llm):
    return llm.invoke("Hello there")


WAYS = [invoked, streamed, ainvoked, astreamed]
STREAMS = [streamed, astreamed]


@pytest.mark.parametrize("envelope", ENVELOPES)
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("ask", WAYS)
def test_a_refusal_has_its_class_and_number_of_requests(emulator, make, ask, fault, envelope):
    emulator.switch(rate_limit_headers=False, **ENVELOPES[envelope])
    step, error_class, requests = FAULTS[fault]
    emulator.script(*[step] * 9)
    with pytest.raises(error_class) as caught:
        ask(make(max_retries=2))
    assert type(caught.value).__name__ == error_class.__name__
    assert isinstance(caught.value, LANGCHAIN.get(fault, langchain.ModelError))
    assert len(emulator.journal) == requests
    assert caught.value.request_id is not None
    assert emulator.api_key not in str(caught.value)


@pytest.mark.parametrize("ask", WAYS)
def test_an_error_says_how_long_to_wait(emulator, make, ask):
    emulator.script(Fault(429, headers={"retry-after": "7"}))
    with pytest.raises(RateLimitError) as caught:
        ask(make(max_retries=0))
    assert caught.value.retry_after == 7


@pytest.mark.parametrize("ask", WAYS)
def test_what_passes_is_not_noticed(emulator, make, ask):
    emulator.script(Fault(503, headers=SOON, times=2))
    assert ask(make())
    assert len(emulator.journal) == 3


@pytest.mark.parametrize("ask", WAYS)
def test_a_reset_connection_is_tried_again(emulator, make, ask):
    emulator.script(Reset(times=9))
    with pytest.raises(APIConnectionError):
        ask(make(max_retries=1))
    assert len(emulator.journal) == 2


@pytest.mark.parametrize("ask", WAYS)
def test_no_retries_means_one_request(emulator, make, ask):
    emulator.script(Fault(503, headers=SOON, times=9))
    with pytest.raises(ServerError):
        ask(make(max_retries=0))
    assert len(emulator.journal) == 1


@pytest.mark.parametrize("ask", WAYS)
def test_a_hanging_server_times_out(emulator, make, ask):
    emulator.script(Fault(delay=5, times=9))
    with pytest.raises(APITimeoutError, match=r"within 0\.2 seconds"):
        ask(make(timeout=0.2, max_retries=0))


@pytest.mark.parametrize("ask", [invoked, ainvoked])
@pytest.mark.parametrize(
    "step",
    [Fault.not_json(), Fault.wrong_shape(), Fault.wrong_shape([])],
    ids=["no JSON", "no message", "a list"],
)
def test_a_success_that_makes_no_sense_is_said(emulator, make, ask, step):
    emulator.script(step)
    with pytest.raises(InvalidResponseError):
        ask(make())
    assert len(emulator.journal) == 1


@pytest.mark.parametrize("ask", STREAMS)
@pytest.mark.parametrize("politely", [False, True])
def test_a_stream_cut_in_the_middle_is_never_taken_for_an_answer(emulator, make, ask, politely):
    answer = Say("one two three four five")
    emulator.script(Cut(after=5, politely=politely, answer=answer, path=MESSAGES))
    with pytest.raises(StreamInterruptedError) as caught:
        ask(make())
    assert isinstance(caught.value, langchain.ModelConnectionError)
    assert caught.value.partial.startswith("one ")
    assert "five" not in caught.value.partial
    assert len(emulator.journal) == 1


@pytest.mark.parametrize("ask", STREAMS)
def test_a_stream_cut_in_a_tool_call_is_never_taken_for_an_answer(emulator, make, ask):
    answer = CallTools([("add", {"a": 1, "b": 2})])
    emulator.script(Cut(after=5, answer=answer, path=MESSAGES))
    with pytest.raises(StreamInterruptedError):
        ask(make().bind_tools([{"name": "add", "description": "", "input_schema": SCHEMA}]))


SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}}


@pytest.mark.parametrize("ask", STREAMS)
@pytest.mark.parametrize("form", ["object", "string", "flat", "text"])
def test_an_error_event_is_an_error(emulator, make, ask, form):
    emulator.script(ErrorEvent(form=form, status=503, message="it went away", path=MESSAGES))
    with pytest.raises(ServerError, match="it went away"):
        ask(make())
    assert len(emulator.journal) == 1


@pytest.mark.parametrize("ask", STREAMS)
def test_an_error_event_of_anthropics_has_the_class_of_its_type(emulator, make, ask):
    refusal = b'{"type":"error","error":{"type":"rate_limit_error","message":"slow down"}}'
    emulator.script(RawStream(b"event: error\ndata: " + refusal + b"\n\n", path=MESSAGES))
    with pytest.raises(RateLimitError, match="slow down") as caught:
        ask(make())
    assert caught.value.status_code == 429


@pytest.mark.parametrize("ask", STREAMS)
def test_a_frame_that_is_no_json_is_said(emulator, make, ask):
    emulator.script(RawStream(b"event: message_start\ndata: {broken\n\n", path=MESSAGES))
    with pytest.raises(InvalidResponseError):
        ask(make())


@pytest.mark.parametrize("ask", STREAMS)
def test_silence_between_frames_times_out(emulator, make, ask):
    emulator.switch(gap_after=2, gap_seconds=5)
    with pytest.raises(APITimeoutError, match="event of the stream"):
        ask(make(timeout=0.3))


@pytest.mark.parametrize("ask", STREAMS)
@pytest.mark.parametrize(
    "switches",
    [{"sse_space": False}, {"split_bytes": 1}, {"heartbeats": True, "pings": True}],
    ids=["no space", "one byte at a time", "heartbeats and pings"],
)
def test_every_framing_brings_the_same_answer(emulator, make, ask, switches):
    def answered(step):
        emulator.script(step)
        return "".join(chunk.text for chunk in ask(make()))

    step = Say("Grüße aus Ōsaka 🌿 — “quoted”,\n\ttabbed.", path=MESSAGES)
    plain = answered(step)
    emulator.switch(**switches)
    assert answered(step) == plain == step.text


def test_a_call_whose_arguments_are_no_json_is_invalid_and_kept(emulator, make):
    emulator.script(CallTools([("add", '{"a": 1, "b')], path=MESSAGES))
    tool = {"name": "add", "description": "", "input_schema": SCHEMA}
    answer = make().bind_tools([tool]).invoke("Add.")
    assert answer.tool_calls == []
    assert [call["args"] for call in answer.invalid_tool_calls] == ['{"a": 1, "b']


def test_a_call_that_was_cut_is_not_run(emulator, make):
    emulator.script(CallTools([("add", {"a": 1})], finish_reason="max_tokens", path=MESSAGES))
    tool = {"name": "add", "description": "", "input_schema": SCHEMA}
    answer = make().bind_tools([tool]).invoke("Add.")
    assert (answer.tool_calls, len(answer.invalid_tool_calls)) == ([], 1)


def test_an_unknown_failure_of_the_sdk_is_not_hidden(make):
    with pytest.raises(TypeError, match="no_such_argument"):
        make().invoke("Hi", no_such_argument=1)


def test_errors_are_the_roots_too(emulator, make):
    emulator.script(Fault(400))
    with pytest.raises(HerokuError):
        make().invoke("Hi")
