"""The SDK, blocking and asynchronous, behind the same few calls."""

from __future__ import annotations

from typing import Any

import pytest

from heroku_inference import async_openai_client, openai_client


class Sdk:
    """Makes calls of the SDK, each written once for both clients."""

    def __init__(self, *, asynchronous: bool, **arguments: Any) -> None:
        make = async_openai_client if asynchronous else openai_client
        self.client: Any = make(**arguments)
        self._asynchronous = asynchronous

    async def of(self, outcome: Any) -> Any:
        """What a call gave, be it awaited or not."""
        return await outcome if self._asynchronous else outcome

    async def chat(self, question: Any = "Hi", **options: Any) -> Any:
        messages = (
            [{"role": "user", "content": question}] if isinstance(question, str) else question
        )
        options = {"model": "claude-4-5-sonnet", **options}
        return await self.of(self.client.chat.completions.create(messages=messages, **options))

    async def stream(self, question: Any = "Hi", **options: Any) -> list[Any]:
        chunks = await self.chat(question, stream=True, **options)
        return [chunk async for chunk in chunks] if self._asynchronous else list(chunks)

    async def embed(self, texts: Any, **options: Any) -> Any:
        options = {"model": "cohere-embed-multilingual", **options}
        return await self.of(self.client.embeddings.create(input=texts, **options))

    async def parsed(self, response: Any) -> Any:
        """The value in a raw or a streamed answer."""
        if hasattr(response, "__aenter__"):
            async with response as opened:
                return await opened.parse()
        if hasattr(response, "__enter__"):
            with response as opened:
                return opened.parse()
        return (await self.of(response)).parse()

    async def close(self) -> None:
        await self.of(self.client.close())


@pytest.fixture(params=["sync", "async"])
async def make_sdk(request):
    """Makes an `Sdk`, which is closed after the test."""
    made = []

    def make(**arguments):
        made.append(Sdk(asynchronous=request.param == "async", **arguments))
        return made[-1]

    yield make
    for sdk in made:
        await sdk.close()


@pytest.fixture
def sdk(make_sdk, config_vars):
    """An `Sdk` set up from the emulator's config vars."""
    return make_sdk()


@pytest.fixture(params=["object", "string"])
def envelope(request, emulator):
    """Each of the envelopes that Heroku's errors come in."""
    emulator.switch(error_envelope=request.param)
    return request.param


@pytest.fixture(params=["spaced", "split"])
def framing(request, emulator):
    """Streams as documented and as probed: spaces, end marks, and pieces of any size."""
    if request.param == "split":
        emulator.switch(sse_space=False, terminator="message", split_bytes=7)
    return request.param
