"""The `openai` SDK without a framework."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from bench import work

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from openai import AsyncOpenAI, OpenAI

_ASKED: Any = {
    "model": work.CHAT_MODEL,
    "messages": [{"role": "user", "content": work.PROMPT}],
}


def _client(url: str) -> OpenAI:
    from openai import OpenAI

    return OpenAI(api_key=work.KEY, base_url=f"{url}/v1")


def _async_client(url: str) -> AsyncOpenAI:
    from openai import AsyncOpenAI

    return AsyncOpenAI(api_key=work.KEY, base_url=f"{url}/v1")


def construct(url: str) -> Any:
    return work.one_by_one(lambda: _client(url))


def invoke(url: str) -> Any:
    completions = _client(url).chat.completions
    return work.one_by_one(lambda: completions.create(**_ASKED))


def ainvoke_64(url: str) -> Any:
    completions = _async_client(url).chat.completions
    return work.in_flight(lambda: completions.create(**_ASKED))


def stream(url: str) -> Any:
    completions = _client(url).chat.completions
    return lambda: completions.create(stream=True, **_ASKED)


stream_flushed = stream_paced = first_token = stream


def astream(url: str) -> Any:
    completions = _async_client(url).chat.completions

    async def chunks() -> AsyncIterator[object]:
        async for chunk in await completions.create(stream=True, **_ASKED):
            yield chunk

    return chunks


def failing(url: str) -> Any:
    from openai import InternalServerError

    completions = _client(url).chat.completions

    def run(_amount: int) -> None:
        with suppress(InternalServerError):
            completions.create(**_ASKED)

    return run


def connections(url: str) -> Any:
    completions = _client(url).chat.completions

    def run(_amount: int) -> None:
        for _ in range(10):
            list(completions.create(stream=True, **_ASKED))

    return run
