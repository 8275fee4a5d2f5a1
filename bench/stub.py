"""The server of the bench: it answers with prepared bytes, on one port for each scenario.

`Stub` starts it in another process, which runs `python -m bench.stub`.
"""

from __future__ import annotations

import asyncio
import functools
import json
import random
import re
import subprocess
import sys
import time
import urllib.request
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bench import answers, work
from bench.cores import pin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType
    from typing import Self

__all__ = ["SCENARIOS", "Stub"]

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_HEAD_END = b"\r\n\r\n"

_flushed = functools.partial(answers.text_stream, events_per_write=1)
_short = functools.partial(answers.text_stream, chunks=5, events_per_write=1)


@dataclass(frozen=True)
class Scenario:
    """The answers of one port; `latency` and `pause` are seconds."""

    stream: Callable[[], list[bytes]] = answers.text_stream
    latency: float = 0
    pause: float | None = None
    """Seconds between the first event of a stream and the rest; `None` sends all at once."""
    paced: bool = False
    """Whether the pause is between all events, so that a client reads them one by one."""
    fails: bool = False
    limit: int | None = None
    """Requests that it takes in a second, in a sliding window, as Heroku counts in a minute."""
    faults: float = 0
    """The share of requests that end with a 500 or a reset, the same ones in each run."""
    refuses: str = ""
    """The word for which a request is refused with a 400."""


SCENARIOS = {
    "plain": Scenario(),
    "reasoning": Scenario(stream=answers.reasoning_stream),
    "tools": Scenario(stream=answers.tool_stream),
    "flushed": Scenario(stream=_flushed),
    "paced": Scenario(stream=_flushed, pause=0.001, paced=True),
    "first-token": Scenario(stream=_short, pause=0.001),
    "slow": Scenario(latency=work.LATENCY),
    "limited": Scenario(latency=work.LATENCY, limit=work.LIMIT),
    "limited-faults": Scenario(
        latency=work.LATENCY, limit=work.LIMIT, faults=0.01, refuses=work.REFUSED_WORD
    ),
    "failing": Scenario(fails=True),
}
"""The ports that a stub opens, by name."""


@dataclass
class Traffic:
    """The traffic of one port."""

    connections: int = 0
    requests: int = 0
    refused: int = 0
    answered: int = 0
    """Requests for vectors that got some, or a 400; only a limited port counts."""
    paid_twice: int = 0
    """Texts that were embedded although they had been before; only a limited port looks."""


@dataclass
class Listener:
    """A port: its scenario, its prepared bytes and its traffic."""

    scenario: Scenario
    traffic: Traffic = field(default_factory=Traffic)

    def __post_init__(self) -> None:
        self.chat = answers.failure() if self.scenario.fails else answers.chat()
        head, first, *rest = self.scenario.stream()
        if not self.scenario.paced:
            rest = [b"".join(rest)]
        self.stream_pieces = [head + first, *rest]
        self.stream = b"".join(self.stream_pieces)
        self._starts: deque[float] = deque()  # of the requests of the last second
        self._paid: set[str] = set()
        self._chance = random.Random(5)  # noqa: S311 - the same faults in each run

    def answer(self, path: bytes, body: bytes) -> bytes:
        """Returns the whole answer to one request; without a byte, the connection is reset."""
        if path == b"/traffic":
            return _plain_json(vars(self.traffic))
        self.traffic.requests += 1
        if self.scenario.fails:
            return self.chat
        if path.endswith(b"/embeddings"):
            request = json.loads(body)
            texts, encoding = request["input"], request.get("encoding_format", "raw")
            if self.scenario.limit is not None:
                return self._limited_embeddings(texts, encoding, self.scenario.limit)
            return answers.embeddings(_count(texts), encoding)
        if path.endswith(b"/rerank"):
            request = json.loads(body)
            return answers.rerank(len(request["documents"]), request.get("top_n"))
        return self.stream if _wants_stream(body) else self.chat

    def _limited_embeddings(self, texts: list[str], encoding: str, limit: int) -> bytes:
        now = time.monotonic()
        while self._starts and self._starts[0] <= now - 1:
            self._starts.popleft()
        if len(self._starts) >= limit:
            self.traffic.refused += 1
            return answers.refusal(answers.Limits(limit, remaining=0, reset=1))
        self._starts.append(now)
        if self._chance.random() < self.scenario.faults:
            return self._chance.choice((answers.failure(), b""))
        self.traffic.answered += 1
        if self.scenario.refuses and any(self.scenario.refuses in text for text in texts):
            return answers.bad_request()
        asks_for_fault = texts == ["a"]  # our client finds out whose fault a refusal is
        if not asks_for_fault:
            self.traffic.paid_twice += sum(text in self._paid for text in texts)
            self._paid.update(texts)
        left = answers.Limits(limit, remaining=limit - len(self._starts), reset=1)
        return answers.embeddings(len(texts), encoding, left)


class Conversation(asyncio.Protocol):
    """One connection of a client: HTTP/1.1 with `Content-Length`, kept alive."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._unread = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._listener.traffic.connections += 1
        self._transport: Any = transport

    def data_received(self, data: bytes) -> None:
        self._unread += data
        while (request := self._next_request()) is not None:
            self._reply(*request)

    def _next_request(self) -> tuple[bytes, bytes] | None:
        """Returns path and body of the next complete request, if there is one."""
        head_end = self._unread.find(_HEAD_END)
        if head_end < 0:
            return None
        head = self._unread[:head_end]
        length = _LENGTH.search(head)
        body_start = head_end + len(_HEAD_END)
        body_end = body_start + (int(length[1]) if length else 0)
        if len(self._unread) < body_end:
            return None
        body, self._unread = self._unread[body_start:body_end], self._unread[body_end:]
        return head.split(b" ", 2)[1], body

    def _reply(self, path: bytes, body: bytes) -> None:
        scenario, answer = self._listener.scenario, self._listener.answer(path, body)
        if answer is self._listener.stream and scenario.pause is not None:
            self._write_with_pauses(iter(self._listener.stream_pieces), scenario.pause)
        elif scenario.latency and path != b"/traffic":
            self._later(scenario.latency, self._write, answer)
        else:
            self._write(answer)

    def _write_with_pauses(self, pieces: Iterator[bytes], seconds: float) -> None:
        if (piece := next(pieces, None)) is not None:
            self._write(piece)
            self._later(seconds, self._write_with_pauses, pieces, seconds)

    def _later(self, seconds: float, do: Callable[..., None], *arguments: Any) -> None:
        asyncio.get_running_loop().call_later(seconds, do, *arguments)

    def _write(self, data: bytes) -> None:
        if self._transport.is_closing():
            return
        if data:
            self._transport.write(data)
        else:
            self._transport.abort()


class Stub:
    """The stub as a context manager: another process, pinned to the last core."""

    ports: dict[str, int]

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.stub"], stdout=subprocess.PIPE, stdin=subprocess.PIPE
        )
        assert self._process.stdout is not None
        self.ports = json.loads(self._process.stdout.readline())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.terminate()
        self._process.wait()

    def url(self, scenario: str) -> str:
        """Returns the base URL of a scenario."""
        return f"http://127.0.0.1:{self.ports[scenario]}"

    def traffic(self, scenario: str) -> Traffic:
        """Returns the traffic of a scenario's port; this request opens a connection, too."""
        with urllib.request.urlopen(f"{self.url(scenario)}/traffic") as reply:  # noqa: S310 - loopback
            return Traffic(**json.load(reply))


def _wants_stream(body: bytes) -> bool:
    return b'"stream":true' in body or b'"stream": true' in body


def _count(texts: str | list[str]) -> int:
    return 1 if isinstance(texts, str) else len(texts)


def _plain_json(value: Any) -> bytes:
    body = json.dumps(value).encode()
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
    return head % len(body) + body


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    ports = {}
    for name, scenario in SCENARIOS.items():
        open_conversation = functools.partial(Conversation, Listener(scenario))
        server = await loop.create_server(open_conversation, "127.0.0.1", 0, backlog=512)
        ports[name] = server.sockets[0].getsockname()[1]
    print(json.dumps(ports), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)  # until the bench ends or dies


if __name__ == "__main__":
    pin("server")
    asyncio.run(_serve())
