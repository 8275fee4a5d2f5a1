"""The fault table through both adapters: the error's class, and the exact number of requests."""

from __future__ import annotations

import time

import pytest

from heroku_emulator import CallTools, Cut, ErrorEvent, Fault, RawStream, Reset, Say
from heroku_inference import (
    APIConnectionError,
    APIError,
    APITimeoutError,
    InvalidResponseError,
    ServerError,
    StreamInterruptedError,
)
from tests.wire_cases import FAULTS, SOON, TOOLS


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "streamed"])
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


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "streamed"])
def test_what_passes_is_not_noticed(emulator, make, ask, ways, streamed):
    emulator.script(Fault(503, headers=SOON, times=2))
    assert ask(make(), ways[streamed]).text
    assert len(emulator.journal) == 3


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "streamed"])
def test_a_reset_connection_is_tried_again(emulator, make, ask, ways, streamed):
    emulator.script(Reset(times=9))
    with pytest.raises(APIConnectionError):
        ask(make(max_retries=1), ways[streamed])
    assert len(emulator.journal) == 2


def test_no_retries_means_one_request(emulator, make, ask, ways):
    emulator.script(Fault(503, headers=SOON, times=9))
    for number, way in enumerate(ways, 1):
        with pytest.raises(ServerError):
            ask(make(max_retries=0), way)
        assert len(emulator.journal) == number


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "streamed"])
def test_a_hanging_server_times_out(emulator, make, ask, ways, streamed):
    emulator.script(Fault(delay=5, times=9))
    with pytest.raises(APITimeoutError, match=r"within 0\.2 seconds"):
        ask(make(timeout=0.2, max_retries=0), ways[streamed])


@pytest.mark.parametrize("step", [Fault.not_json(), Fault.wrong_shape(), Fault.wrong_shape([])])
def test_a_success_that_makes_no_sense_is_said(emulator, make, ask, ways, step):
    emulator.script(step)
    with pytest.raises(InvalidResponseError):
        ask(make(), ways[0])
    assert len(emulator.journal) == 1


@pytest.mark.parametrize("politely", [False, True])
def test_a_stream_cut_in_the_middle_is_never_taken_for_an_answer(
    emulator, make, ask, ways, politely
):
    emulator.script(Cut(after=3, politely=politely, answer=Say("one two three four five")))
    with pytest.raises(StreamInterruptedError) as caught:
        ask(make(), ways[1])
    assert caught.value.partial
    assert "five" not in caught.value.partial
    assert len(emulator.journal) == 1


def test_a_stream_cut_in_a_tool_call_is_never_taken_for_an_answer(emulator, make, ask, ways):
    emulator.script(Cut(after=2, answer=CallTools([("add", {"a": 1, "b": 2})])))
    with pytest.raises(StreamInterruptedError):
        ask(make(), ways[1], tools=TOOLS)


@pytest.mark.parametrize("form", ["object", "string", "flat", "text"])
def test_an_error_event_is_an_error(emulator, make, ask, ways, form):
    emulator.script(ErrorEvent(form=form, status=503, message="the model went away"))
    with pytest.raises(ServerError, match="the model went away"):
        ask(make(), ways[1])
    assert len(emulator.journal) == 1


def test_a_frame_that_is_no_json_is_said(emulator, make, ask, ways):
    emulator.script(RawStream(b"event: message\ndata: {broken\n\n"))
    with pytest.raises(InvalidResponseError):
        ask(make(), ways[1])


def test_silence_between_frames_times_out(emulator, make, ask, ways):
    emulator.switch(gap_after=2, gap_seconds=5)
    started = time.monotonic()
    with pytest.raises(APITimeoutError, match="event of the stream"):
        ask(make(timeout=0.3), ways[1])
    assert time.monotonic() - started < 3
