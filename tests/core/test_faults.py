"""The fault table: for each failure the error's class and the exact number of requests."""

from __future__ import annotations

import socket
import time

import pytest

from heroku_emulator import CallTools, Cut, ErrorEvent, Fault, RawBody, RawStream, Reset, Say
from heroku_inference import (
    APIConnectionError,
    APIError,
    APITimeoutError,
    InvalidResponseError,
    RateLimitError,
    ServerError,
    StreamInterruptedError,
)
from tests.wire_cases import FAULTS, SOON

WAYS = ["send", "stream"]


@pytest.mark.parametrize("envelope", ["object", "string"])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_refusal_has_its_class_and_number_of_requests(emulator, make_calls, fault, way, envelope):
    emulator.switch(error_envelope=envelope, rate_limit_headers=False)
    step, error_class, requests = FAULTS[fault]
    emulator.script(*[step] * 9)
    with pytest.raises(APIError) as caught:
        getattr(make_calls(max_retries=2), way)()
    assert type(caught.value) is error_class
    assert len(emulator.journal) == requests
    assert caught.value.request_id is not None


@pytest.mark.parametrize("way", WAYS)
def test_a_reset_connection_is_tried_again(emulator, make_calls, way):
    emulator.script(Reset(times=9))
    with pytest.raises(APIConnectionError) as caught:
        getattr(make_calls(max_retries=1), way)()
    assert caught.value.status_code is None
    assert len(emulator.journal) == 2


@pytest.mark.parametrize("way", WAYS)
def test_what_passes_is_not_noticed(emulator, make_calls, way):
    emulator.script(Fault(503, headers=SOON, times=2))
    seen = []
    assert getattr(make_calls(on_retry=seen.append), way)()
    assert len(emulator.journal) == 3
    assert [(event.attempt, type(event.error)) for event in seen] == [
        (1, ServerError),
        (2, ServerError),
    ]


@pytest.mark.parametrize("way", WAYS)
def test_a_call_can_watch_its_own_retries(emulator, calls, way):
    emulator.script(Fault(429, headers=SOON))
    seen = []
    getattr(calls, way)(on_retry=seen.append)
    assert [event.wait for event in seen] == [pytest.approx(0.001, rel=0.3)]


def test_no_retries_means_one_request(emulator, make_calls):
    emulator.script(Fault(503, headers=SOON, times=9))
    with pytest.raises(ServerError):
        make_calls(max_retries=0).send()
    assert len(emulator.journal) == 1


@pytest.mark.parametrize("way", WAYS)
def test_a_hanging_server_times_out(emulator, make_calls, way):
    emulator.script(Fault(delay=5, times=9))
    missed = {"send": "answer", "stream": "event of the stream"}[way]
    with pytest.raises(APITimeoutError, match=rf"^No {missed} from .* within 0\.2 seconds"):
        getattr(make_calls(timeout=0.2, max_retries=0), way)()
    assert len(emulator.journal) <= 1


def test_an_unreachable_server_is_said(make_calls):
    with pytest.raises(APIConnectionError, match=r"127\.0\.0\.1:9"):
        make_calls(base_url="http://127.0.0.1:9", max_retries=0).send()


@pytest.mark.parametrize("step", [Fault.not_json(), Fault.wrong_shape([])])
@pytest.mark.parametrize("way", WAYS)
def test_a_success_that_makes_no_sense_is_said(emulator, calls, step, way):
    emulator.script(step)
    with pytest.raises(InvalidResponseError):
        getattr(calls, way)()
    assert len(emulator.journal) == 1


def test_a_success_of_another_shape_is_said(emulator, calls):
    emulator.script(Fault.wrong_shape(), Fault.wrong_shape())
    with pytest.raises(InvalidResponseError):
        calls.send()
    with pytest.raises(StreamInterruptedError):
        calls.stream()


def test_a_stream_may_come_as_one_plain_answer(emulator, calls):
    completion = {"choices": [{"message": {"content": "Whole."}, "finish_reason": "stop"}]}
    emulator.script(RawBody(completion))
    assert [chunk.text for chunk in calls.stream()] == ["Whole."]


def test_an_answer_cut_in_the_middle_is_tried_again(emulator, make_calls):
    emulator.script(Cut(times=9))
    with pytest.raises(APIConnectionError):
        make_calls(max_retries=1).send()
    assert len(emulator.journal) == 2


@pytest.mark.parametrize("politely", [False, True])
def test_a_stream_cut_in_the_middle_is_never_taken_for_an_answer(emulator, calls, politely):
    emulator.script(Cut(after=3, politely=politely, answer=Say("one two three four five")))
    with pytest.raises(StreamInterruptedError) as caught:
        calls.stream()
    assert "one two".startswith(caught.value.partial.strip()[:7])
    assert caught.value.partial
    assert "five" not in caught.value.partial
    assert len(emulator.journal) == 1


def test_a_stream_cut_in_a_tool_call_is_never_taken_for_an_answer(emulator, calls):
    emulator.script(Cut(after=2, answer=CallTools([("add", {"a": 1, "b": 2})])))
    with pytest.raises(StreamInterruptedError):
        calls.stream()


@pytest.mark.parametrize("form", ["object", "string", "flat", "text"])
def test_an_error_event_is_an_error(emulator, calls, form):
    emulator.script(ErrorEvent(form=form, status=503, message="the model went away"))
    with pytest.raises(ServerError, match="the model went away"):
        calls.stream()
    assert len(emulator.journal) == 1


def test_a_frame_that_is_no_json_is_said(emulator, calls):
    emulator.script(RawStream(b"event: message\ndata: {broken\n\n"))
    with pytest.raises(InvalidResponseError):
        calls.stream()


def test_silence_between_frames_times_out(emulator, make_calls):
    emulator.switch(gap_after=2, gap_seconds=5)
    started = time.monotonic()
    with pytest.raises(APITimeoutError, match="event of the stream") as caught:
        make_calls(timeout=0.3).stream()
    assert time.monotonic() - started < 3
    assert caught.value.partial


def test_heartbeats_do_not_hide_silence(emulator, make_calls):
    emulator.switch(pace=0.15)
    emulator.script(RawStream([b"data: {}\n\n", *[b": still here\n\n"] * 60]))
    started = time.monotonic()
    with pytest.raises(APITimeoutError, match="event of the stream"):
        make_calls(timeout=0.4).stream()
    assert time.monotonic() - started < 3


def test_a_wait_that_is_too_long_is_left_to_the_caller(emulator, calls):
    emulator.script(Fault(429, headers={"retry-after": "3600"}, times=9))
    with pytest.raises(RateLimitError) as caught:
        calls.send()
    assert caught.value.retry_after == 3600
    assert len(emulator.journal) == 1


def test_a_body_left_open_behind_the_end_mark_holds_nobody_up(emulator, calls):
    emulator.switch(gap_after=1, gap_seconds=8)
    said = b'data: {"choices":[{"delta":{"content":"Hi"},"finish_reason":"stop"}]}\n\n'
    emulator.script(RawStream([said + b"data: [DONE]\n\n", b": late\n\n"]))
    started = time.monotonic()
    assert [chunk.text for chunk in calls.stream()] == ["Hi"]
    assert time.monotonic() - started < 4


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_silent_proxy_times_out(make_calls, monkeypatch, scheme):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv(f"{scheme}_proxy", f"127.0.0.1:{silent.getsockname()[1]}")
        calls = make_calls(base_url=f"{scheme}://api.invalid", timeout=0.5, max_retries=0)
        with pytest.raises(APITimeoutError):
            calls.send()
