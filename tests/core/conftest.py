"""One way to call the core's clients, blocking and async, so that each claim is written once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from heroku_inference import AsyncClient, Client, aclose_connections

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine

    from heroku_emulator import Emulator

HELLO = [{"role": "user", "content": "Hello there"}]


class BlockingCalls:
    """Calls `Client`."""

    def __init__(self, **arguments: Any) -> None:
        self.client = Client(**arguments)

    def send(self, messages=HELLO, **options):
        return self.client.chat(messages, **options)

    def stream(self, messages=HELLO, **options):
        return list(self.client.stream_chat(messages, **options))

    def stream_agent(self, messages=HELLO, **options):
        return list(self.client.stream_agent(messages, **options))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.client, name)


class AsyncCalls:
    """Calls `AsyncClient`, each call in an event loop of its own."""

    def __init__(self, **arguments: Any) -> None:
        self.client = AsyncClient(**arguments)

    def send(self, messages=HELLO, **options):
        return asyncio.run(self.client.chat(messages, **options))

    def stream(self, messages=HELLO, **options):
        async def collect() -> list[Any]:
            return [chunk async for chunk in self.client.stream_chat(messages, **options)]

        return asyncio.run(collect())

    def stream_agent(self, messages=HELLO, **options):
        async def collect() -> list[Any]:
            return [step async for step in self.client.stream_agent(messages, **options)]

        return asyncio.run(collect())

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.client, name)

        def call(*arguments: Any, **options: Any) -> Any:
            result: Coroutine[Any, Any, Any] = method(*arguments, **options)
            return asyncio.run(result)

        return call


@pytest.fixture(params=[BlockingCalls, AsyncCalls], ids=["sync", "async"])
def make_calls(request: pytest.FixtureRequest, emulator: Emulator):
    """A function from client arguments to calls; the emulator's key, URL and model by default."""

    def make(**arguments: Any) -> BlockingCalls | AsyncCalls:
        usual = {
            "api_key": emulator.config_vars["INFERENCE_KEY"],
            "base_url": emulator.url,
            "model": "claude-4-5-sonnet",
        }
        return request.param(**(usual | arguments))

    return make


@pytest.fixture
def calls(make_calls):
    """Calls of a client with default arguments."""
    return make_calls()


@pytest.fixture
async def closed_afterwards() -> AsyncIterator[None]:
    """The test's own event loop leaves no connection open."""
    yield
    await aclose_connections()
