"""`pydantic-ai` by its own provider `heroku:`, one request a call, without its agent's loop.

It needs `openai` 2, so it runs in a separate environment (see `bench.environments`).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from bench import work

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


def _model(url: str) -> Any:
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.heroku import HerokuProvider

    provider = HerokuProvider(api_key=work.KEY, base_url=url)
    return OpenAIChatModel(work.CHAT_MODEL, provider=provider)


def _asked() -> Any:
    from pydantic_ai import ModelRequest

    return [ModelRequest.user_text_prompt(work.PROMPT)]


def construct(url: str) -> Any:
    return work.one_by_one(lambda: _model(url))


def invoke(url: str) -> Any:
    from pydantic_ai.direct import model_request_sync

    model = _model(url)
    asyncio.set_event_loop(asyncio.new_event_loop())  # or it would make one, with a warning
    return work.one_by_one(lambda: model_request_sync(model, _asked()))


def ainvoke_64(url: str) -> Any:
    from pydantic_ai.direct import model_request

    model = _model(url)
    return work.in_flight(lambda: model_request(model, _asked()))


def stream(url: str) -> Any:
    from pydantic_ai.direct import model_request_stream_sync

    model = _model(url)

    def chunks() -> Iterator[object]:
        with model_request_stream_sync(model, _asked()) as events:
            yield from events

    return chunks


stream_flushed = stream_paced = first_token = stream


def astream(url: str) -> Any:
    from pydantic_ai.direct import model_request_stream

    model = _model(url)

    async def chunks() -> AsyncIterator[object]:
        async with model_request_stream(model, _asked()) as events:
            async for event in events:
                yield event

    return chunks
