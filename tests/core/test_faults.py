"""What every call of the core's clients makes of every failure of a server."""

from __future__ import annotations

import asyncio
import socket
import time
from typing import TYPE_CHECKING

import httpx
import pytest

from heroku_emulator import CallTools, Cut, ErrorEvent, Fault, RawBody, RawStream, Reset, Say
from heroku_inference import (
    APIConnectionError,
    APIError,
    APITimeoutError,
    AsyncClient,
    Client,
    InvalidResponseError,
    RateLimitError,
    ServerError,
    StreamInterruptedError,
)
from tests.core.conftest import HELLO
from tests.wire_cases import SOON, failures

if TYPE_CHECKING:
    from collections.abc import Callable

WAYS: dict[str, Callable] = {
    "chat": lambda calls, **options: calls.send(**options),
    "stream_chat": lambda calls, **options: calls.stream(**options),
    "generate_image": lambda calls, **options: calls.generate_image("a dyno", **options),
    "mcp_servers": lambda calls, **options: calls.mcp_servers(**options),
    "run_agent": lambda calls, **options: calls.run_agent(HELLO, **options),
    "stream_agent": lambda calls, **options: calls.stream_agent(HELLO, **options),
}
ONCE = ("run_agent", "stream_agent")
REPEATED = [way for way in WAYS if way not in ONCE]
PLAIN = ["chat", "generate_image", "mcp_servers"]


@failures
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("envelope", ["object", "string"])
def test_a_failure_has_its_class_and_number_of_requests(
    emulator, make_calls, failure, way, envelope
):
    emulator.switch(error_envelope=envelope)
    error = failure.check(
        emulator, lambda **arguments: WAYS[way](make_calls(**arguments)), once=way in ONCE
    )
    assert getattr(error, "steps", ()) == ()


@pytest.mark.parametrize(("way", "awaited"), [("chat", "answer"), ("stream_chat", "event")])
def test_a_timeout_names_what_it_waited_for(emulator, make_calls, way, awaited):
    emulator.script(Fault(delay=5))
    with pytest.raises(APITimeoutError, match=rf"^No {awaited} .*from .* within 0\.2 seconds"):
        WAYS[way](make_calls(timeout=0.2, max_retries=0))


@pytest.mark.parametrize("way", REPEATED)
def test_a_failure_that_passes_goes_unnoticed(emulator, make_calls, way):
    emulator.script(Fault(503, headers=SOON, times=2))
    seen = []
    assert WAYS[way](make_calls(on_retry=seen.append)) is not None
    assert len(emulator.journal) == 3
    assert [(event.attempt, type(event.error)) for event in seen] == [
        (1, ServerError),
        (2, ServerError),
    ]


@pytest.mark.parametrize("way", ["chat", "stream_chat"])
def test_a_call_can_watch_its_own_retries(emulator, calls, way):
    emulator.script(Fault(429, headers=SOON))
    seen = []
    WAYS[way](calls, on_retry=seen.append)
    assert [event.wait for event in seen] == [pytest.approx(0.001, rel=0.3)]


@pytest.mark.parametrize("way", WAYS)
def test_no_retries_means_one_request(emulator, make_calls, way):
    emulator.script(Fault(503, headers=SOON, times=9))
    with pytest.raises(ServerError):
        WAYS[way](make_calls(max_retries=0))
    assert len(emulator.journal) == 1


@pytest.mark.parametrize("way", WAYS)
def test_an_unreachable_server_is_named(make_calls, way):
    with pytest.raises(APIConnectionError, match=r"127\.0\.0\.1:9"):
        WAYS[way](make_calls(base_url="http://127.0.0.1:9", max_retries=0))


@pytest.mark.parametrize(
    ("way", "value"),
    [("chat", []), ("stream_chat", []), *((way, "words") for way in WAYS if "chat" not in way)],
)
def test_json_of_another_type_is_an_invalid_response(emulator, calls, way, value):
    emulator.script(Fault.wrong_shape(value))
    with pytest.raises(InvalidResponseError):
        WAYS[way](calls)
    assert len(emulator.journal) == 1


def test_an_object_without_an_answer_is_an_error(emulator, calls):
    emulator.script(Fault.wrong_shape(), Fault.wrong_shape())
    with pytest.raises(InvalidResponseError):
        calls.send()
    with pytest.raises(StreamInterruptedError):
        calls.stream()


def test_a_stream_may_arrive_as_one_plain_answer(emulator, calls):
    completion = {"choices": [{"message": {"content": "Whole."}, "finish_reason": "stop"}]}
    emulator.script(RawBody(completion))
    assert [chunk.text for chunk in calls.stream()] == ["Whole."]


@pytest.mark.parametrize("way", PLAIN)
def test_an_answer_cut_in_the_middle_is_requested_again(emulator, make_calls, way):
    emulator.script(Cut(times=9, path=""))  # whatever is asked
    with pytest.raises(APIConnectionError):
        WAYS[way](make_calls(max_retries=1))
    assert len(emulator.journal) == 2


@pytest.mark.parametrize("politely", [False, True])
def test_a_stream_cut_in_the_middle_is_an_error(emulator, calls, politely):
    emulator.script(Cut(after=3, politely=politely, answer=Say("one two three four five")))
    with pytest.raises(StreamInterruptedError) as caught:
        calls.stream()
    assert "one two".startswith(caught.value.partial.strip()[:7])
    assert caught.value.partial
    assert "five" not in caught.value.partial
    assert len(emulator.journal) == 1


def test_a_stream_cut_in_a_tool_call_is_an_error(emulator, calls):
    emulator.script(Cut(after=2, answer=CallTools([("add", {"a": 1, "b": 2})])))
    with pytest.raises(StreamInterruptedError):
        calls.stream()


@pytest.mark.parametrize("form", ["object", "string", "flat", "text"])
def test_an_error_event_is_an_error(emulator, calls, form):
    emulator.script(ErrorEvent(form=form, status=503, message="the model went away"))
    with pytest.raises(ServerError, match="the model went away"):
        calls.stream()
    assert len(emulator.journal) == 1


def test_an_event_that_is_not_json_is_an_error(emulator, calls):
    emulator.script(RawStream(b"event: message\ndata: {broken\n\n"))
    with pytest.raises(InvalidResponseError):
        calls.stream()


def test_silence_between_events_times_out(emulator, make_calls):
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


def test_a_body_left_open_after_the_end_mark_does_not_delay_the_answer(emulator, calls):
    emulator.switch(gap_after=1, gap_seconds=8)
    event = b'data: {"choices":[{"delta":{"content":"Hi"},"finish_reason":"stop"}]}\n\n'
    emulator.script(RawStream([event + b"data: [DONE]\n\n", b": late\n\n"]))
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


# Agents


@pytest.mark.parametrize("way", ONCE)
def test_an_agent_runs_once_on_a_reused_connection(emulator, make_calls, way):
    calls = make_calls()

    async def twice() -> None:
        await calls.client.chat(HELLO)
        emulator.script(Reset(times=9))
        await calls.client.run_agent(HELLO)

    if isinstance(calls.client, Client):
        calls.send()
        emulator.script(Reset(times=9))
        with pytest.raises(APIConnectionError):
            WAYS[way](calls)
    else:
        with pytest.raises(APIConnectionError):
            asyncio.run(twice())
    assert [entry.path for entry in emulator.journal] == [
        "/v1/chat/completions",
        "/v1/agents/heroku",
    ]


@pytest.mark.parametrize("kind", [Client, AsyncClient], ids=["sync", "async"])
@pytest.mark.parametrize(
    "fault", [Reset(times=9), Fault(503, headers=SOON, times=9)], ids=["reset", "503"]
)
def test_an_agent_runs_once_through_the_users_own_client(emulator, fault, kind):
    emulator.script(fault)
    options = {"api_key": emulator.api_key, "base_url": emulator.url, "model": "nova-lite"}

    def run() -> None:
        with httpx.Client() as own:
            Client(**options, http_client=own).run_agent(HELLO)

    async def run_async() -> None:
        async with httpx.AsyncClient() as own:
            await AsyncClient(**options, async_http_client=own).run_agent(HELLO)

    with pytest.raises(APIError):
        run() if kind is Client else asyncio.run(run_async())
    assert len(emulator.journal) == 1


def test_on_retry_is_not_called_when_nothing_is_retried(emulator, make_calls):
    emulator.script(Fault(429, headers=SOON, times=9))
    seen = []
    with pytest.raises(RateLimitError):
        make_calls(on_retry=seen.append).run_agent(HELLO)
    assert seen == []
