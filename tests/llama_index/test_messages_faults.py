"""The fault table through `HerokuMessages`: the error's class and the number of requests."""

from __future__ import annotations

import asyncio

import pytest
from llama_index.core.base.llms.types import ChatMessage, ToolCallBlock

from heroku_emulator import CallTools, Cut, ErrorEvent, Fault, RawStream, Reset, Say
from heroku_inference import (
    APIConnectionError,
    APITimeoutError,
    InvalidResponseError,
    RateLimitError,
    ServerError,
    StreamInterruptedError,
)
from llama_index_heroku import HerokuMessages
from tests.wire_cases import FAULTS, SOON, TOOLS

MESSAGES = "/v1/messages"
ENVELOPES = {
    "object": {"error_envelope": "object"},
    "string": {"error_envelope": "string"},
    "anthropic": {"messages_error_envelope": "anthropic"},
}
HELLO = [ChatMessage("Hello there")]


@pytest.fixture
def make(config_vars):
    def make(**arguments):
        return HerokuMessages(**{"model": "claude-4-5-sonnet", **arguments})

    return make


def chat(llm, **options):
    return llm.chat(HELLO, **options)


def stream(llm, **options):
    return list(llm.stream_chat(HELLO, **options))[-1]


def achat(llm, **options):
    return asyncio.run(llm.achat(HELLO, **options))


def astream(llm, **options):
    async def collect():
        return [response async for response in await llm.astream_chat(HELLO, **options)]

    return asyncio.run(collect())[-1]


WAYS = [chat, stream, achat, astream]
STREAMS = [stream, astream]


@pytest.mark.parametrize("envelope", ENVELOPES)
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("ask", WAYS)
def test_a_refusal_has_its_class_and_number_of_requests(emulator, make, ask, fault, envelope):
    emulator.switch(rate_limit_headers=False, **ENVELOPES[envelope])
    step, error_class, requests = FAULTS[fault]
    emulator.script(*[step] * 9)
    with pytest.raises(error_class) as caught:
        ask(make(max_retries=2))
    assert type(caught.value) is error_class
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
    assert ask(make()).message.content
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


@pytest.mark.parametrize("ask", WAYS)
def test_a_call_may_have_a_timeout_of_its_own(emulator, make, ask):
    emulator.script(Fault(delay=5, times=9))
    with pytest.raises(APITimeoutError, match=r"within 0\.2 seconds"):
        ask(make(max_retries=0), timeout=0.2)


@pytest.mark.parametrize("ask", [chat, achat])
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
    assert caught.value.partial.startswith("one ")
    assert "five" not in caught.value.partial
    assert len(emulator.journal) == 1


@pytest.mark.parametrize("ask", STREAMS)
@pytest.mark.parametrize("form", ["object", "string", "flat", "text"])
def test_an_error_event_is_an_error(emulator, make, ask, form):
    emulator.script(ErrorEvent(form=form, status=503, message="it went away", path=MESSAGES))
    with pytest.raises(ServerError, match="it went away"):
        ask(make())
    assert len(emulator.journal) == 1


@pytest.mark.parametrize("ask", STREAMS)
def test_a_frame_that_is_no_json_is_said(emulator, make, ask):
    emulator.script(RawStream(b"event: message_start\ndata: {broken\n\n", path=MESSAGES))
    with pytest.raises(InvalidResponseError):
        ask(make())


@pytest.mark.parametrize("ask", STREAMS)
@pytest.mark.parametrize(
    "switches",
    [{"sse_space": False}, {"split_bytes": 1}, {"heartbeats": True, "pings": True}],
    ids=["no space", "one byte at a time", "heartbeats and pings"],
)
def test_every_framing_brings_the_same_answer(emulator, make, ask, switches):
    step = Say("Grüße aus Ōsaka 🌿 — “quoted”,\n\ttabbed.", path=MESSAGES)
    emulator.script(step)
    emulator.switch(**switches)
    assert ask(make()).message.content == step.text


@pytest.mark.parametrize("ask", WAYS)
def test_a_call_whose_arguments_are_no_json_is_never_run(emulator, make, ask):
    emulator.script(CallTools([("add", '{"a": 1, "b')], path=MESSAGES))
    llm = make()
    answer = ask(llm, tools=TOOLS)
    with pytest.raises(InvalidResponseError, match="'add'"):
        llm.get_tool_calls_from_response(answer)


@pytest.mark.parametrize("ask", [chat, achat])
def test_a_call_that_was_cut_is_never_run(emulator, make, ask):
    emulator.script(CallTools([("add", {"a": 1})], finish_reason="max_tokens", path=MESSAGES))
    llm = make()
    answer = ask(llm, tools=TOOLS)
    with pytest.raises(InvalidResponseError, match="Raise max_tokens"):
        llm.get_tool_calls_from_response(answer)


@pytest.mark.parametrize("ask", STREAMS)
def test_a_call_that_was_cut_in_a_stream_is_never_run(emulator, make, ask):
    cut = CallTools([("add", '{"a": 1, "b": 2')], finish_reason="max_tokens", path=MESSAGES)
    emulator.script(cut)
    llm = make()
    answer = ask(llm, tools=TOOLS)
    [call] = [block for block in answer.message.blocks if isinstance(block, ToolCallBlock)]
    assert call.tool_kwargs == '{"a": 1, "b": 2'
    with pytest.raises(InvalidResponseError, match="Raise max_tokens"):
        llm.get_tool_calls_from_response(answer)
