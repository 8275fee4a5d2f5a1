"""Numbers to double, as work with a limit on how much runs at a time."""

from __future__ import annotations

import asyncio
import threading
import time


class Load:
    """Doubles numbers, slower for early ones, and remembers how many it did at a time."""

    def __init__(self, fail_at: int | None = None) -> None:
        self.running = 0
        self.most = 0
        self.started: list[int] = []
        self._fail_at = fail_at
        self._lock = threading.Lock()

    def __call__(self, number: int) -> int:
        self._begin(number)
        try:
            time.sleep(0.02 / (number + 1))
            return self._answer(number)
        finally:
            self._end()

    async def awaited(self, number: int) -> int:
        self._begin(number)
        try:
            await asyncio.sleep(0.02 / (number + 1))
            return self._answer(number)
        finally:
            self._end()

    def _begin(self, number: int) -> None:
        with self._lock:
            self.started.append(number)
            self.running += 1
            self.most = max(self.most, self.running)

    def _answer(self, number: int) -> int:
        if number == self._fail_at:
            raise LookupError(number)
        return 2 * number

    def _end(self) -> None:
        with self._lock:
            self.running -= 1
