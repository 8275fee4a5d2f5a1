"""Connections, seen from outside: shared, reused, closed, and never carried where they break."""

from __future__ import annotations

import asyncio
import os
import pickle
import subprocess
import sys
import threading
from contextlib import aclosing
from pathlib import Path

import httpx
import pytest

from heroku_inference import AsyncClient, Client, ConfigError, aclose_connections, close_connections
from heroku_inference._http import aiohttp_session

from .conftest import HELLO
from .relay import Relay

MODEL = "claude-4-5-sonnet"


@pytest.fixture
def relay(emulator):
    close_connections()
    with Relay(emulator.url) as relay:
        yield relay
        close_connections()


@pytest.fixture
def arguments(emulator, relay):
    return {
        "api_key": emulator.config_vars["INFERENCE_KEY"],
        "base_url": relay.url,
        "model": MODEL,
    }


def test_constructing_opens_nothing(relay, arguments):
    Client(**arguments)
    AsyncClient(**arguments)
    assert relay.opened == 0


@pytest.mark.parametrize("terminator", ["done", "message", "none"])
def test_streams_and_calls_of_all_clients_share_one_connection(
    emulator, relay, arguments, terminator
):
    emulator.switch(terminator=terminator)
    for _ in range(3):
        client = Client(**arguments)
        assert list(client.stream_chat(HELLO))
        assert client.chat(HELLO)
    assert relay.opened == 1


async def test_async_streams_and_calls_share_one_connection(relay, arguments):
    for _ in range(3):
        client = AsyncClient(**arguments)
        assert [chunk async for chunk in client.stream_chat(HELLO)]
        assert await client.chat(HELLO)
    assert relay.opened == 1
    await aclose_connections()
    assert await asyncio.to_thread(relay.eventually, lambda relay: relay.closed_by_client == 1)


def test_a_stream_left_early_closes_its_connection(emulator, relay, arguments):
    emulator.switch(pace=0.05)
    stream = Client(**arguments).stream_chat(HELLO)
    next(stream)
    stream.close()
    assert relay.eventually(lambda relay: relay.closed_by_client == 1)


async def test_an_async_stream_left_early_closes_its_connection(emulator, relay, arguments):
    emulator.switch(pace=0.05)
    async with aclosing(AsyncClient(**arguments).stream_chat(HELLO)) as stream:
        await anext(stream)
    assert await asyncio.to_thread(relay.eventually, lambda relay: relay.closed_by_client == 1)
    await aclose_connections()


@pytest.mark.parametrize("streamed", [False, True])
async def test_cancelling_closes_the_connection(emulator, relay, arguments, streamed):
    emulator.switch(latency=5.0)
    client = AsyncClient(**arguments)

    async def stream() -> None:
        async for _ in client.stream_chat(HELLO):
            pass

    task = asyncio.create_task(stream() if streamed else client.chat(HELLO))
    await asyncio.sleep(0.2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(relay.eventually, lambda relay: relay.closed_by_client == 1)
    await aclose_connections()


def test_one_async_client_serves_many_loops_in_many_threads(emulator, arguments):
    client = AsyncClient(**arguments)
    failures: list[BaseException] = []

    def three_loops() -> None:
        try:
            for _ in range(3):
                assert asyncio.run(client.chat(HELLO)).text
        except BaseException as error:  # noqa: BLE001 - reported below
            failures.append(error)

    threads = [threading.Thread(target=three_loops) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(emulator.journal) == 24


def test_one_client_serves_many_threads(emulator, arguments):
    client = Client(**arguments)
    texts: list[str] = []
    threads = [
        threading.Thread(target=lambda: texts.append(client.chat(HELLO).text)) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(texts) == 8
    assert len(set(texts)) == 1


def test_asyncio_run_leaves_no_connection_open(relay, arguments):
    client = AsyncClient(**arguments)
    for _ in range(5):
        asyncio.run(client.chat(HELLO))
    assert relay.opened == 5
    assert relay.eventually(lambda relay: relay.closed_by_client == 5)


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="counts open files in /proc")
def test_loops_that_were_just_closed_are_forgotten_with_their_connections(arguments):
    # In a process of its own: such a loop leaves its sockets to the garbage collector.
    program = (
        "import asyncio, gc, os\n"
        "from heroku_inference import AsyncClient\n"
        "from heroku_inference._http import pools\n"
        f"client = AsyncClient(**{arguments!r})\n"
        "def call():\n"
        "    loop = asyncio.new_event_loop()\n"
        f"    loop.run_until_complete(client.chat({HELLO!r}))\n"
        "    loop.close()\n"
        "    gc.collect()\n"
        "    return len(os.listdir('/proc/self/fd'))\n"
        "counts = [call() for _ in range(12)]\n"
        "assert len(pools._async_pools) <= 2, len(pools._async_pools)\n"
        "assert counts[-1] <= counts[1], counts\n"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, check=True, timeout=60, capture_output=True, text=True)
    assert done.stderr == ""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_opens_connections_of_its_own(relay, arguments):
    program = (
        "import os, sys\n"
        "from heroku_inference import Client\n"
        f"client = Client(**{arguments!r})\n"
        f"client.chat({HELLO!r})\n"
        "child = os.fork()\n"
        f"client.chat({HELLO!r})\n"
        "sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) if child else 0)\n"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True, timeout=60)
    assert relay.opened == 2


def test_a_callers_own_client_is_used_and_not_closed(emulator, arguments):
    with httpx.Client(headers={"x-mine": "yes"}) as own:
        client = Client(**arguments, http_client=own)
        assert client.chat(HELLO).text
        assert list(client.stream_chat(HELLO))
        assert not own.is_closed
    assert [entry.headers["x-mine"] for entry in emulator.journal] == ["yes", "yes"]


async def test_a_callers_own_async_client_is_used_and_not_closed(emulator, arguments):
    async with httpx.AsyncClient(headers={"x-mine": "yes"}) as own:
        client = AsyncClient(**arguments, async_http_client=own)
        assert (await client.chat(HELLO)).text
        assert [chunk async for chunk in client.stream_chat(HELLO)]
        assert not own.is_closed
    assert [entry.headers["x-mine"] for entry in emulator.journal] == ["yes", "yes"]


def test_a_callers_own_timeout_holds_unless_ours_is_set(emulator, arguments):
    emulator.switch(latency=0.5)
    with httpx.Client(timeout=0.1) as own:
        with pytest.raises(Exception, match="No answer"):
            Client(**arguments, http_client=own, max_retries=0).chat(HELLO)
        assert Client(**arguments, http_client=own, timeout=5).chat(HELLO).text


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
def test_a_proxy_of_the_environment_is_used(emulator, relay, arguments, monkeypatch, variable):
    monkeypatch.setenv(variable, relay.url)
    target = arguments | {"base_url": "http://api.invalid"}
    for call in (
        lambda: Client(**target, max_retries=0).chat(HELLO),
        lambda: asyncio.run(AsyncClient(**target, max_retries=0).chat(HELLO)),
    ):
        with pytest.raises(Exception):  # noqa: B017, PT011 - the relay is not a proxy
            call()
    assert [line.split(" HTTP")[0] for line in relay.first_lines] == [
        "POST http://api.invalid/v1/chat/completions"
    ] * 2


def test_no_proxy_is_heeded(relay, arguments, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    assert Client(**arguments).chat(HELLO).text
    assert asyncio.run(AsyncClient(**arguments).chat(HELLO)).text


def test_a_socks_proxy_needs_a_client_of_the_user(arguments, monkeypatch):
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:9")
    with pytest.raises(ValueError, match="async_http_client"):
        asyncio.run(AsyncClient(**arguments).chat(HELLO))


@pytest.mark.parametrize("used", [False, True])
def test_clients_can_be_pickled_before_and_after_use(emulator, arguments, used):
    client, async_client = Client(**arguments), AsyncClient(**arguments)
    if used:
        client.chat(HELLO)
        asyncio.run(async_client.chat(HELLO))
    client, async_client = pickle.loads(pickle.dumps((client, async_client)))
    assert client.chat(HELLO).text == asyncio.run(async_client.chat(HELLO)).text


def test_importing_opens_no_socket_and_loads_no_http_library():
    program = (
        "import socket\n"
        "def refuse(*a, **k): raise AssertionError('a socket was opened')\n"
        "socket.socket.connect = refuse\n"
        "import sys, heroku_inference\n"
        "heroku_inference.Client(api_key='inf-test-key')\n"
        "loaded = {'httpx', 'httpx2', 'httpcore2', 'aiohttp', 'starlette', 'dotenv'}\n"
        "loaded |= {'langchain_core', 'llama_index'}\n"
        "sys.exit(repr(loaded & set(sys.modules)) if loaded & set(sys.modules) else 0)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_a_release_of_aiohttp_without_the_switch_for_retries_works():
    class Session:  # as one with fixed attributes
        __slots__ = ()

    aiohttp_session._repeat_nothing(Session())


def test_a_closed_client_of_the_user_is_an_error_and_not_tried_again(arguments, relay):
    seen = []
    own = httpx.Client()
    own.close()
    client = Client(**arguments, http_client=own, on_retry=seen.append)
    with pytest.raises(ConfigError, match=r"^http_client has been closed"):
        client.chat(HELLO)

    async def run() -> None:
        async with httpx.AsyncClient() as own:
            pass
        await AsyncClient(**arguments, async_http_client=own, on_retry=seen.append).chat(HELLO)

    with pytest.raises(ConfigError, match=r"^async_http_client has been closed"):
        asyncio.run(run())
    assert seen == []
