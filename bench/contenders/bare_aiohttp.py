"""Plain `aiohttp` and `json`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import aiohttp

from bench import work

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_ASKED: Any = {
    "model": work.CHAT_MODEL,
    "messages": [{"role": "user", "content": work.PROMPT}],
}


class _Session:
    """A session that opens at the first request, when an event loop runs."""

    def __init__(self, url: str) -> None:
        self.endpoint = f"{url}/v1/chat/completions"
        self._session: aiohttp.ClientSession | None = None

    def post(self, body: Any) -> Any:
        if self._session is None:
            self._session = aiohttp.ClientSession(headers={"authorization": f"Bearer {work.KEY}"})
        return self._session.post(self.endpoint, json=body)


def ainvoke_64(url: str) -> Any:
    session = _Session(url)

    async def call() -> object:
        async with session.post(_ASKED) as reply:
            return await reply.json()

    return work.in_flight(call)


def astream(url: str) -> Any:
    session = _Session(url)

    async def chunks() -> AsyncIterator[object]:
        async with session.post({**_ASKED, "stream": True}) as reply:
            async for line in reply.content:
                if line.startswith(b"data: {"):
                    yield json.loads(line[6:])

    return chunks
