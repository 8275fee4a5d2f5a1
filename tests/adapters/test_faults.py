"""The fault table through every chat model: the error's class, and the exact number of requests."""

from __future__ import annotations

import time

import pytest

from heroku_emulator import CallTools, Cut, ErrorEvent, Fault, RawStream, Reset, Say
from heroku_inference import (
    APIConnectionError,
    APIError,
    APITimeoutError,
    InvalidResponseError,
    RateLimitError,
    ServerError,
    StreamInterruptedError,
)
from tests.adapters.conftest import every_model, messages_models
from tests.wire_cases import FAULTS, SOON, TOOLS

plain_and_streamed = pytest.mark.parametrize("streamed", [False, True], ids=["plain", "streamed"])


@every_model
@plain_and_streamed
@pytest.mark.parametrize("fault", FAULTS)
def test_a_refusal_has_its_class_and_number_of_requests(emulator, make, ask, ways, fault, streamed):
    emulator.switch(rate_limit_headers=False)
    step, error_class, requests = FAULTS[fault]
    emulator.script(*[step] * 9)
    with pytest.raises(APIError) as caught:
        ask(make(max_retries=2), ways[streamed])
    assert isinstance(caught.value, error_class)
    assert type(caught.value).__name__ == error_class.__name__
    assert len(emulator.journal) == requests
    assert caught.value.request_id is not None
    assert emulator.api_key not in str(caught.value)


@messages_models
@plain_and_streamed
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(
    "envelope",
    [{"error_envelope": "string"}, {"messages_error_envelope": "anthropic"}],
    ids=["string", "anthropic"],
)
def test_a_refusal_of_the_messages_endpoint_is_read_in_every_envelope(
    emulator, make, ask, ways, fault, streamed, envelope
):
    emulator.switch(rate_limit_headers=False, **envelope)
    step, error_class, requests = FAULTS[fault]
    emulator.script(*[step] * 9)
    with pytest.raises(error_class) as caught:
        ask(make(max_retries=2), ways[streamed])
    assert type(caught.value).__name__ == error_class.__name__
    assert len(emulator.journal) == requests


@every_model
@plain_and_streamed
def test_an_error_says_how_long_to_wait(emulator, make, ask, ways, streamed):
    emulator.script(Fault(429, headers={"retry-after": "7"}))
    with pytest.raises(RateLimitError) as caught:
        ask(make(max_retries=0), ways[streamed])
    assert caught.value.retry_after == 7


@every_model
@plain_and_streamed
def test_what_passes_is_not_noticed(emulator, make, ask, ways, streamed):
    emulator.script(Fault(503, headers=SOON, times=2))
    assert ask(make(), ways[streamed]).text
    assert len(emulator.journal) == 3


@every_model
@plain_and_streamed
def test_a_reset_connection_is_tried_again(emulator, make, ask, ways, streamed):
    emulator.script(Reset(times=9))
    with pytest.raises(APIConnectionError):
        ask(make(max_retries=1), ways[streamed])
    assert len(emulator.journal) == 2


@every_model
def test_no_retries_means_one_request(emulator, make, ask, ways):
    emulator.script(Fault(503, headers=SOON, times=9))
    for number, way in enumerate(ways, 1):
        with pytest.raises(ServerError):
            ask(make(max_retries=0), way)
        assert len(emulator.journal) == number


@every_model
@plain_and_streamed
def test_a_hanging_server_times_out(emulator, make, ask, ways, streamed):
    emulator.script(Fault(delay=5, times=9))
    with pytest.raises(APITimeoutError, match=r"within 0\.2 seconds"):
        ask(make(timeout=0.2, max_retries=0), ways[streamed])


@every_model
@pytest.mark.parametrize("step", [Fault.not_json(), Fault.wrong_shape(), Fault.wrong_shape([])])
def test_a_success_that_makes_no_sense_is_said(emulator, make, ask, ways, step):
    emulator.script(step)
    with pytest.raises(InvalidResponseError):
        ask(make(), ways[0])
    assert len(emulator.journal) == 1


@every_model
@pytest.mark.parametrize("politely", [False, True])
def test_a_stream_cut_in_the_middle_is_never_taken_for_an_answer(
    emulator, adapter, make, ask, ways, politely
):
    answer = Say("one two three four five six seven eight nine ten")
    emulator.script(Cut(after=5, politely=politely, answer=answer, path=adapter.path))
    with pytest.raises(StreamInterruptedError) as caught:
        ask(make(), ways[1])
    assert caught.value.partial.startswith("one ")
    assert "ten" not in caught.value.partial
    assert len(emulator.journal) == 1


@every_model
def test_a_stream_cut_in_a_tool_call_is_never_taken_for_an_answer(
    emulator, adapter, make, ask, ways
):
    answer = CallTools([("add", {"a": 1, "b": 2})])
    emulator.script(Cut(after=2, answer=answer, path=adapter.path))
    with pytest.raises(StreamInterruptedError):
        ask(make(), ways[1], tools=TOOLS)


@every_model
@pytest.mark.parametrize("form", ["object", "string", "flat", "text"])
def test_an_error_event_is_an_error(emulator, adapter, make, ask, ways, form):
    gone = "the model went away"
    emulator.script(ErrorEvent(form=form, status=503, message=gone, path=adapter.path))
    with pytest.raises(ServerError, match=gone):
        ask(make(), ways[1])
    assert len(emulator.journal) == 1


@messages_models
def test_an_error_event_of_anthropics_has_the_class_of_its_type(emulator, adapter, make, ask, ways):
    refusal = b'{"type":"error","error":{"type":"rate_limit_error","message":"slow down"}}'
    emulator.script(RawStream(b"event: error\ndata: " + refusal + b"\n\n", path=adapter.path))
    with pytest.raises(RateLimitError, match="slow down") as caught:
        ask(make(), ways[1])
    assert caught.value.status_code == 429


@every_model
def test_a_frame_that_is_no_json_is_said(emulator, adapter, make, ask, ways):
    event = b"message_start" if adapter.path == "/v1/messages" else b"message"
    emulator.script(RawStream(b"event: " + event + b"\ndata: {broken\n\n", path=adapter.path))
    with pytest.raises(InvalidResponseError):
        ask(make(), ways[1])


@every_model
def test_silence_between_frames_times_out(emulator, make, ask, ways):
    emulator.switch(gap_after=2, gap_seconds=5)
    started = time.monotonic()
    with pytest.raises(APITimeoutError, match="event of the stream"):
        ask(make(timeout=0.3), ways[1])
    assert time.monotonic() - started < 3
