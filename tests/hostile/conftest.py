"""Each way to call, over a server of raw sockets."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
import httpx2
import pytest

from heroku_inference import AsyncClient, Client
from tests.hostile.raw_server import RawServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HELLO = [{"role": "user", "content": "Hello"}]
KEY = "inf-made-up-key-of-hostile-tests"


@dataclass
class Calls:
    """One way to call: blocking or async, through our own connections or a caller's client."""

    name: str

    def chat(self, url: str, *, calls: int = 1, **options: Any) -> list[str]:
        """The texts of that many plain answers, one after the other from one client."""
        return self._run(url, calls, options, streamed=False)

    def stream(self, url: str, *, calls: int = 1, **options: Any) -> list[str]:
        """The texts of that many streamed answers."""
        return self._run(url, calls, options, streamed=True)

    def _run(self, url: str, calls: int, options: dict[str, Any], *, streamed: bool) -> list[str]:
        arguments = {"api_key": KEY, "base_url": url, "model": "m", "max_retries": 0, **options}
        library = LIBRARIES[self.name.split()[-1]]
        if "async" in self.name:
            return asyncio.run(_async_texts(arguments, library, calls, streamed=streamed))
        with library.Client(timeout=30) if library else nullcontext() as own:
            client = Client(**arguments, http_client=own)
            if not streamed:
                return [client.chat(HELLO).text for _ in range(calls)]
            return ["".join(c.text for c in client.stream_chat(HELLO)) for _ in range(calls)]


async def _async_texts(arguments: Any, library: Any, calls: int, *, streamed: bool) -> list[str]:
    async with library.AsyncClient(timeout=30) if library else nullcontext() as own:
        client = AsyncClient(**arguments, async_http_client=own)
        texts = []
        for _ in range(calls):
            if streamed:
                texts.append("".join([chunk.text async for chunk in client.stream_chat(HELLO)]))
            else:
                texts.append((await client.chat(HELLO)).text)
        return texts


LIBRARIES = {"sync": None, "async": None, "httpx2": httpx2, "httpx": httpx}
WAYS = ("sync", "async", "httpx2", "httpx", "async httpx2", "async httpx")


@pytest.fixture(params=WAYS)
def calls(request: pytest.FixtureRequest) -> Calls:
    """Every way to call."""
    return Calls(request.param)


@pytest.fixture(params=WAYS[:2])
def own_calls(request: pytest.FixtureRequest) -> Calls:
    """The ways over connections of the library itself."""
    return Calls(request.param)


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--hostile` tries all that the tests here know, not a part (`make hostile`)."""
    parser.addoption("--hostile", action="store_true", help="try all hostile answers, not a part")


@pytest.fixture
def whole(pytestconfig: pytest.Config) -> bool:
    """Whether to try all hostile answers."""
    return bool(pytestconfig.getoption("hostile", default=False))


@pytest.fixture
def serve() -> Iterator[Callable[..., RawServer]]:
    """Starts a server that gives each connection to a function; it stops with the test."""
    servers: list[RawServer] = []

    def start(handle: Any) -> RawServer:
        servers.append(RawServer(handle))
        return servers[-1].__enter__()

    yield start
    for server in servers:
        server.__exit__()
