"""A server that takes so many requests a second, as a sliding window, and refuses the others."""

from __future__ import annotations

import json
import math
import threading
import time
from collections import Counter, deque
from typing import TYPE_CHECKING

from tests.hostile.raw_server import answer, completion

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.hostile.raw_server import Connection

__all__ = ["TELLS", "LimitedServer"]

_WINDOW = 1.0  # seconds


def _retry_after(refused: bool, left: int, reset: float) -> list[str]:
    return [f"retry-after: {math.ceil(reset)}"] if refused else []


def _retry_after_ms(refused: bool, left: int, reset: float) -> list[str]:
    return [f"retry-after-ms: {reset * 1000:.0f}"] if refused else []


def _all_headers(refused: bool, left: int, reset: float) -> list[str]:
    return [
        "x-ratelimit-limit-requests: 20",
        f"x-ratelimit-remaining-requests: {left}",
        f"x-ratelimit-reset-requests: {math.ceil(reset)}s",
    ]


TELLS: dict[str, Callable[[bool, int, float], list[str]]] = {
    "retry-after": _retry_after,
    "retry-after-ms": _retry_after_ms,
    "x-ratelimit": _all_headers,
    "nothing": lambda *_: [],
}
"""The headers by which a server tells its limit, by the way that it does."""


class LimitedServer:
    """Answers a chat with its prompt, and texts with vectors that have the texts' numbers.

    Args:
        a_second: Requests that it takes in any second.
        tells: The headers of an answer: see `TELLS`.
        latency: Seconds that an answer takes; a refusal comes at once.
    """

    def __init__(self, a_second: int = 20, tells: str = "retry-after", latency: float = 0.03):
        self.taken: Counter[str] = Counter()  # by what was asked
        self.refused = 0
        self.starts: list[float] = []  # of those that it took
        self._most = a_second
        self._tells = TELLS[tells]
        self._latency = latency
        self._recent: deque[float] = deque()
        self._lock = threading.Lock()

    def __call__(self, connection: Connection) -> None:
        while (request := connection.request()) is not None:
            body = json.loads(request.partition(b"\r\n\r\n")[2])
            asked = body["messages"][-1]["content"] if "messages" in body else body["input"]
            is_refused, headers = self._decide(
                asked if isinstance(asked, str) else "\n".join(asked)
            )
            if is_refused:
                connection.send(
                    answer(b'{"error": {}}', "429 Too Many", "application/json", *headers)
                )
                continue
            time.sleep(self._latency)
            said = completion(asked) if isinstance(asked, str) else _vectors(asked)
            connection.send(answer(said, "200 OK", "application/json", *headers))

    def _decide(self, asked: str) -> tuple[bool, list[str]]:
        with self._lock:
            now = time.monotonic()
            while self._recent and self._recent[0] <= now - _WINDOW:
                self._recent.popleft()
            is_refused = len(self._recent) >= self._most
            if is_refused:
                self.refused += 1
            else:
                self._recent.append(now)
                self.starts.append(now)
                self.taken.update(asked.splitlines())
            reset = self._recent[0] + _WINDOW - now
            return is_refused, self._tells(is_refused, self._most - len(self._recent), reset)


def _vectors(texts: list[str]) -> bytes:
    data = [
        {"object": "embedding", "index": index, "embedding": [float(text), 1.0]}
        for index, text in enumerate(texts)
    ]
    return json.dumps({"object": "list", "data": data, "model": "m"}).encode()
