"""One pace for several processes: web dynos, workers, and the parts of a job.

The store says when the next request may start. In each process those who wait form a line, and
only the first of them asks the store. So a worker with a thousand texts holds one moment, and a
request of a web dyno comes after one of each other process, not after all that the worker has.

While the store works, it alone sets the pace: a 429 closes it for everybody who shares it, and the
gate of the process (`rate_gate`) hears of all that happens, for when the store is away.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from bisect import bisect_left
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from pyrate_limiter import Rate

from heroku_inference._config.shared_limit import parts_of, without_login
from heroku_inference._errors import RateLimitError
from heroku_inference._http.limit_stores import Moments, StoreAwayError
from heroku_inference._http.rate_gate import RateGate, Turn
from heroku_inference._http.redaction import secrets_in_url, without_secrets
from heroku_inference._warnings import warn_caller

if TYPE_CHECKING:
    from collections.abc import Mapping

    from heroku_inference._config.shared_limit import SharedRateLimit

__all__ = ["SharedTurn", "line_for"]

_LATENESS: Final = 0.08  # seconds by which one request comes later than another, or more;
_LATE: Final = 0.01  # of the time over which the server counts
_BURST: Final = 40  # one in so many of a limit's requests may start at once, and one more
_SOON: Final = 0.005  # seconds until the store has answered, or the first in line has started
_NAP: Final = 0.05  # seconds; a wait is looked at again after a quarter of it, but not sooner


class Line:
    """Those of a process who wait for the store, in the order in which they came.

    Safe to use from many threads and event loops. Nobody holds a lock while the store is asked.
    """

    def __init__(self, moments: Moments, store: str, key: str, rate: Rate, lateness: float) -> None:
        self._spacing = rate.interval / rate.limit / 1000  # seconds between two starts
        self._lateness = lateness
        self._moments = moments
        self._store = store
        self._key = key
        self._rate = rate
        self._lock = threading.Lock()
        self._queue: list[int] = []  # the tickets of those who wait, the oldest first
        self._next: float | None = None  # when the first of them starts, once the store said so
        self._closed_until = 0.0
        self._asking = False

    def is_away(self) -> bool:
        """Whether the store is away, and nobody waits for it: one caller asks it now and then."""
        until = self._moments.away_until
        return bool(until) and (self._asking or time.monotonic() < until)

    def seconds(self, ticket: int) -> float | None:
        """Seconds to wait; 0 for one who starts now, `None` for one who is to ask the store."""
        now = time.monotonic()
        with self._lock:
            place = bisect_left(self._queue, ticket)
            if self._queue[place : place + 1] != [ticket]:
                self._queue.insert(place, ticket)
            if self._next is not None and now - self._next > self._lateness:  # left by someone
                self._next = None
            due = max(self._closed_until, now if self._next is None else self._next)
            if place or self._asking:
                return max(due + (place - 1) * self._spacing - now, _SOON)
            if due > now:
                return due - now
            if self._next is None:
                self._asking = True
                return None
            del self._queue[0]
            self._next = None
            return 0.0

    def ask(self) -> str:
        """Ask the store for the next moment; what is wrong with the store, if it is away."""
        was_away = bool(self._moments.away_until)
        moment = None
        try:
            seconds = self._moments.take(self._key, self._rate)
            moment = time.monotonic() + seconds
        except StoreAwayError as away:
            return "" if was_away else _said(away, self._store)
        finally:
            with self._lock:
                self._asking = False
                self._next = moment
        return ""

    def close(self, seconds: float) -> None:
        """Let nobody start for so long, here and in the other processes."""
        until = time.monotonic() + seconds
        with self._lock:
            if until <= self._closed_until + _LATENESS:
                return
            self._closed_until = until
            if self._next is not None and self._next < until:
                self._next = None
        # Not waited for: an event loop may be running here.
        with suppress(RuntimeError):  # the program is ending
            _asker().submit(self._close_store, until)

    def _close_store(self, until: float) -> None:
        with suppress(StoreAwayError):
            self._moments.close(self._key, self._rate, max(0.0, until - time.monotonic()))

    def leave(self, ticket: int) -> None:
        """Wait no longer. The moment that the store gave is the next one's."""
        with self._lock, suppress(ValueError):
            self._queue.remove(ticket)

    def warn(self, problem: str) -> None:
        """Say that the store is away."""
        warn_caller(
            f"The store of the shared rate limit, {without_login(self._store)}, cannot be used: "
            f"{problem} Until it can, this process goes on at its own pace."
        )


def _said(error: StoreAwayError, store: str) -> str:
    """The first line: Ray adds a page about what kills processes."""
    text: str = without_secrets(str(error), secrets_in_url(store))
    return f"{text.strip().splitlines()[0].rstrip('.')}."


class SharedTurn(Turn):
    """A call's turns where a store sets the pace; those of the gate while the store is away.

    Args:
        gate: The gate of the call.
        patience: Seconds that the call may wait after a refusal.
        line: The line of the call.
        limit: The limit, for the error of a call that waits too long.
        most: Seconds that the call may wait in the line.
    """

    __slots__ = ("_latest", "_limit", "_line", "_most")

    def __init__(
        self, gate: RateGate, patience: float, line: Line, limit: SharedRateLimit, most: float
    ) -> None:
        super().__init__(gate, patience)
        self._line = line
        self._limit = limit
        self._most = most
        self._latest: float | None = None

    def starts(self) -> bool:
        """Whether the call could start at once, without asking the store."""
        return self._line.is_away() and super().starts()

    def wait(self) -> float:
        """As for any turn; asks the store if the call is the first in line."""
        while (seconds := self._seconds()) is None:
            self._heard(self._line.ask())
        return seconds

    async def awaited(self) -> float:
        """`wait`, with the store asked on a thread of its own."""
        loop = asyncio.get_running_loop()
        while (seconds := self._seconds()) is None:
            # Others wait for this answer, also when this caller no longer does.
            asked = loop.run_in_executor(_asker(), self._line.ask)
            self._heard(await asyncio.shield(asked))
        return seconds

    def leave(self) -> None:
        """Wait no longer."""
        super().leave()
        if self._ticket is not None:
            self._line.leave(self._ticket)

    def answered(self, headers: Mapping[str, str]) -> None:
        """Take an answer, which may say that nothing is left."""
        super().answered(headers)
        if (closed_for := self._gate.closed_until() - time.monotonic()) > 0:
            self._line.close(closed_for)

    def refused(self, error: RateLimitError) -> float | None:
        """Take a refusal, for all processes."""
        seconds = super().refused(error)
        self._line.close(self._gate.closed_until() - time.monotonic())
        return seconds

    def _seconds(self) -> float | None:
        ticket = self._take_ticket()
        if self._line.is_away():
            self._line.leave(ticket)
            return super().wait()
        self._gate.leave(ticket)
        seconds = self._line.seconds(ticket)
        if seconds == 0:
            self._started = self._gate.start()
        elif seconds is not None:
            now = time.monotonic()
            if self._latest is None:
                self._latest = now + self._most
            if now + seconds > self._latest or now >= self._latest:
                self.leave()
                raise self._too_late(now, seconds)
            seconds = min(seconds, max(seconds / 4, _NAP))
        return seconds

    def _too_late(self, now: float, seconds: float) -> RateLimitError:
        """What the server said if it closed the limit, or that there are too many requests."""
        refusal = self._gate.refusal()
        if refusal is not None and self._gate.closed_until() > now:
            return refusal
        return RateLimitError(
            f"The shared limit of {self._limit.requests} leaves no room in time: "
            f"rate_limit_timeout is {self._most:g} seconds.",
            "Raise rate_limit_timeout, or make fewer requests at a time.",
            retry_after=round(seconds, 3),
        )

    def _heard(self, problem: str) -> None:
        if problem:
            self._line.warn(problem)


# What a process has: one connection for each store, and one line for each limit.
_lock = threading.Lock()
_moments: dict[str, Moments] = {}
_lines: dict[tuple[str, str, int, int], Line] = {}
_askers: list[ThreadPoolExecutor] = []
_of_parents: list[Any] = []  # never touched again: closing a connection would end the parent's


def line_for(limit: SharedRateLimit, base_url: str, key_digest: bytes, model: str) -> Line:
    """The line of an add-on and model in this process; calls without a model share one."""
    store, count, seconds = parts_of(limit)
    scope = f"{base_url}\n{key_digest.hex()}\n{model}"
    key = sha256(scope.encode(errors="surrogatepass")).hexdigest()[:32]
    name = (store, key, count, seconds)
    line = _lines.get(name)
    if line is None:
        with _lock:
            line = _lines.setdefault(name, _new_line(store, key, count, seconds))
    return line


def _new_line(store: str, key: str, count: int, seconds: int) -> Line:
    if store not in _moments:
        _moments[store] = Moments(store)
    # So that no stretch as long as the server counts has more than `count`, bursts included.
    burst = 1 + count // _BURST
    lateness = max(_LATENESS, seconds * _LATE)
    rate = Rate(count - burst + 1, int((seconds + lateness) * 1000), burst)
    return Line(_moments[store], store, key, rate, lateness)


def _asker() -> ThreadPoolExecutor:
    """The thread that asks for event loops."""
    with _lock:
        if not _askers:
            _askers.append(ThreadPoolExecutor(1, "heroku-shared-limit"))
        return _askers[0]


def _forget_all() -> None:
    global _lock  # noqa: PLW0603 - the parent may have held it while forking
    _lock = threading.Lock()
    _of_parents.extend((dict(_moments), list(_askers)))
    for held in (_moments, _lines, _askers):
        held.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
