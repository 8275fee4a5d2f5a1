"""The fault table of agents, images and MCP servers: class of error and number of requests."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx
import pytest

from heroku_emulator import Cut, Fault, Reset
from heroku_inference import (
    APIConnectionError,
    APIError,
    APITimeoutError,
    AsyncClient,
    Client,
    InvalidResponseError,
    RateLimitError,
)
from tests.core.conftest import HELLO
from tests.wire_cases import FAULTS, SOON

if TYPE_CHECKING:
    from collections.abc import Callable

WAYS: dict[str, Callable] = {
    "run_agent": lambda calls: calls.run_agent(HELLO),
    "stream_agent": lambda calls: calls.stream_agent(HELLO),
    "generate_image": lambda calls: calls.generate_image("a dyno"),
    "mcp_servers": lambda calls: calls.mcp_servers(),
}
ONCE = {"run_agent", "stream_agent"}


@pytest.mark.parametrize("envelope", ["object", "string"])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_refusal_has_its_class_and_number_of_requests(emulator, make_calls, fault, way, envelope):
    emulator.switch(error_envelope=envelope, rate_limit_headers=False)
    step, error_class, requests = FAULTS[fault]
    emulator.script(*[step] * 9)
    with pytest.raises(APIError) as caught:
        WAYS[way](make_calls(max_retries=2))
    assert type(caught.value) is error_class
    assert len(emulator.journal) == (1 if way in ONCE else requests)
    assert caught.value.request_id is not None
    assert caught.value.steps == ()


@pytest.mark.parametrize("politely", [False, True])
@pytest.mark.parametrize("way", WAYS)
def test_a_lost_connection_is_tried_again_but_for_agents(emulator, make_calls, way, politely):
    emulator.script(Reset(politely=politely, times=9))
    with pytest.raises(APIConnectionError):
        WAYS[way](make_calls(max_retries=2))
    assert len(emulator.journal) == (1 if way in ONCE else 3)


@pytest.mark.parametrize("way", sorted(ONCE))
def test_an_agent_is_run_once_on_a_connection_that_was_used_before(emulator, make_calls, way):
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
def test_an_agent_is_run_once_by_a_client_of_one_s_own(emulator, fault, kind):
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


def test_nobody_is_told_of_a_retry_that_is_not_made(emulator, make_calls):
    emulator.script(Fault(429, headers=SOON, times=9))
    seen = []
    with pytest.raises(RateLimitError):
        make_calls(on_retry=seen.append).run_agent(HELLO)
    assert seen == []


@pytest.mark.parametrize("way", sorted(WAYS.keys() - ONCE))
def test_what_passes_is_not_noticed(emulator, make_calls, way):
    emulator.script(Fault(503, headers=SOON, times=2))
    WAYS[way](make_calls())
    assert len(emulator.journal) == 3


@pytest.mark.parametrize("way", WAYS)
def test_a_hanging_server_times_out(emulator, make_calls, way):
    emulator.script(Fault(delay=5, times=9))
    with pytest.raises(APITimeoutError, match=r"within 0\.2 seconds"):
        WAYS[way](make_calls(timeout=0.2, max_retries=0))
    assert len(emulator.journal) <= 1


@pytest.mark.parametrize("way", WAYS)
def test_an_unreachable_server_is_said(make_calls, way):
    with pytest.raises(APIConnectionError, match=r"127\.0\.0\.1:9"):
        WAYS[way](make_calls(base_url="http://127.0.0.1:9", max_retries=0))


@pytest.mark.parametrize(
    "step", [Fault.not_json(), Fault.wrong_shape("words")], ids=["page", "text"]
)
@pytest.mark.parametrize("way", WAYS)
def test_a_success_that_makes_no_sense_is_said(emulator, calls, step, way):
    emulator.script(step)
    with pytest.raises(InvalidResponseError):
        WAYS[way](calls)
    assert len(emulator.journal) == 1


@pytest.mark.parametrize("way", sorted(WAYS.keys() - ONCE))
def test_an_answer_cut_in_the_middle_is_tried_again(emulator, make_calls, way):
    emulator.script(Cut(times=9))
    with pytest.raises(APIConnectionError):
        WAYS[way](make_calls(max_retries=1))
    assert len(emulator.journal) == 2
