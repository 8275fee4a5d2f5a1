"""Connections of an agent's run, seen from outside: what nobody waits for any more is ended."""

from __future__ import annotations

import asyncio
import threading
from contextlib import aclosing, closing

import pytest

from heroku_emulator import CallTools, Say, ToolResult
from heroku_inference import AsyncClient, Client, agent_tools, close_connections
from tests.core.conftest import HELLO
from tests.core.relay import Relay

PATH = "/v1/agents/heroku"
TOOLS = [agent_tools.code_exec_python()]


@pytest.fixture
def relay(emulator):
    close_connections()
    with Relay(emulator.url) as relay:
        yield relay
        close_connections()


@pytest.fixture
def arguments(emulator, relay):
    return {"api_key": emulator.api_key, "base_url": relay.url, "model": "claude-4-5-sonnet"}


@pytest.fixture
def slow_tool(emulator):
    """A run whose tool takes longer than anybody waits."""
    emulator.switch(gap_after=1, gap_seconds=30)
    call = CallTools([("code_exec_python", {"code": "1"})], text="Let me see.", path=PATH)
    emulator.script(call, ToolResult("1"), Say("1.", path=PATH))


def ended(relay):
    return relay.eventually(lambda relay: relay.closed_by_client == 1)


def test_a_run_left_early_closes_its_connection(slow_tool, relay, arguments):
    with closing(Client(**arguments).stream_agent(HELLO, tools=TOOLS)) as steps:
        assert next(steps).text == "Let me see."
        assert relay.closed_by_client == 0
    assert ended(relay)


async def test_an_async_run_left_early_closes_its_connection(slow_tool, relay, arguments):
    async with aclosing(AsyncClient(**arguments).stream_agent(HELLO, tools=TOOLS)) as steps:
        assert (await anext(steps)).text == "Let me see."
        assert relay.closed_by_client == 0
    assert await asyncio.to_thread(ended, relay)


async def test_cancelling_a_run_closes_its_connection(slow_tool, emulator, relay, arguments):
    task = asyncio.create_task(AsyncClient(**arguments).run_agent(HELLO, tools=TOOLS))
    await asyncio.to_thread(relay.eventually, lambda _: len(emulator.journal) == 1)
    assert relay.closed_by_client == 0
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(ended, relay)
    assert len(emulator.journal) == 1


def test_each_run_opens_a_connection_of_its_own(emulator, relay, arguments):
    emulator.script(*[Say("1.", path=PATH)] * 3)
    for _ in range(3):
        assert Client(**arguments).run_agent(HELLO).text == "1."
    assert relay.opened == 3


def test_runs_in_many_threads_and_loops_do_not_mix(emulator, arguments):
    emulator.script(*[Say("1.", path=PATH)] * 16)
    blocking, other = Client(**arguments), AsyncClient(**arguments)
    texts = []
    ways = [
        lambda: texts.append(blocking.run_agent(HELLO).text),
        lambda: texts.append(asyncio.run(other.run_agent(HELLO)).text),
    ]
    threads = [threading.Thread(target=way) for way in ways * 8]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert texts == ["1."] * 16
    assert len(emulator.journal) == 16
