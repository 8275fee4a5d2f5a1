"""One gate for all calls of a process that share a rate limit.

Heroku counts requests and tokens per add-on and model (docs: rate limits). Callers that are blind
to each other spend their retries on one limit. So a 429, or an answer that says that nothing is
left, closes the gate for all of them until the server's time has come. Then it opens gradually,
and starts are spaced:

- The first refusal shows the least that the server takes, not the most: others may have used up a
  part of the limit just before. So the rate doubles within seconds, until the server refuses again.
- From then on the limit is known. The rate stays just below what the server took, and grows only
  after half a minute: a refusal costs more time than a rate that is slightly too low.
- A refusal shortly after the gate opened shows few starts, as it was closed before. So the rate is
  measured over several windows, and one refusal lowers it by about a third at most.
"""

from __future__ import annotations

import os
import threading
import time
from bisect import bisect_left
from collections import deque
from contextlib import suppress
from copy import copy
from itertools import count
from math import inf
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from heroku_inference._errors import RateLimitError

__all__ = ["RateGate", "Starts", "Turn", "gate_for"]

_WINDOW: Final = 60.0  # seconds over which Heroku counts (docs: rate limits)
_SHORTEST_WINDOW: Final = 1.0  # seconds over which a rate is measured
_CLOSED_AT_MOST: Final = 120.0  # seconds, whatever a server says; then one asks again
_SOON: Final = 0.35  # seconds to wait where the server does not say; doubled while it only refuses
_LONGEST: Final = 8.0
_CAREFUL: Final = 0.97  # of the rate that the server has taken
_GUESS: Final = 10.0  # starts a second, where too few were taken before the first refusal
_TOO_FEW: Final = 8
_LEAST: Final = 0.7  # of a settled rate, after a refusal
_MEASURED: Final = 10.0  # windows before a refusal, over which the rate is measured
_SEARCH: Final = 8.0  # seconds in which the rate doubles, until a second refusal shows the limit
_SETTLED: Final = 40.0  # the same from then on
_STEEPNESS: Final = 6  # it grows slowly first: by 3 % in about half of that time
_FORGOTTEN: Final = 50.0  # times the rate: the server has long refused nothing
_LATENESS: Final = 0.02  # seconds that a start may be late without slowing the next
_COARSE: Final = 2.0  # seconds: resets come in whole ones, so that shorter ones say little
_FEW: Final = 100  # starts left, from which each is counted; more than are under way at once
_NAP: Final = 0.05  # seconds; a wait is looked at again after a quarter of it, but not sooner
_MOST_GATES: Final = 256
_COUNTS: Final = tuple(
    (f"x-ratelimit-remaining-{what}", f"x-ratelimit-limit-{what}")
    for what in ("requests", "tokens")
)


class Starts:
    """Those who wait for their start, in the order of their tickets: the oldest is first.

    Subclasses say when the caller at a place of the queue may start, and count a start.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._queue: list[int] = []  # the tickets of those who wait

    def ask(self, ticket: int) -> tuple[float, float]:
        """Start if it is this caller's turn: no seconds to wait, and the moment of the start.

        Else the seconds until it may be, and now; the caller then waits in the queue.
        """
        with self._lock:
            now = time.monotonic()
            place = bisect_left(self._queue, ticket)
            waits = self._queue[place : place + 1] == [ticket]
            due = self._due(now, place)
            if due <= now:
                if waits:
                    del self._queue[place]
                self._count_start(now)
                return 0.0, now
            if not waits:
                self._queue.insert(place, ticket)
            return due - now, now

    def leave(self, ticket: int) -> None:
        """Wait no longer."""
        with self._lock, suppress(ValueError):
            self._queue.remove(ticket)

    # Both are called by holders of the lock.

    def _due(self, now: float, place: int) -> float:
        raise NotImplementedError

    def _count_start(self, now: float) -> None:
        raise NotImplementedError


class RateGate(Starts):
    """When the next call may start. Safe to use from many threads and event loops."""

    def __init__(self) -> None:
        super().__init__()
        self._starts: deque[float] = deque(maxlen=1024)  # the last ones that were not refused
        # While nothing is near its limit, all of these are unset.
        self._left: int | None = None  # starts until `_full_at`, where only few are left
        self._full_at = 0.0
        self._rate: float | None = None  # starts a second, once the gate was closed
        self._grows_from = 0.0
        self._doubling = _SEARCH  # seconds in which the rate doubles
        self._next_start = 0.0
        # Of the last time that it closed:
        self._closed_until = 0.0
        self._filled_at = 0.0  # when the limit was reached
        self._window = _SHORTEST_WINDOW  # seconds over which the server seems to count, or more
        self._least = 0.0  # starts a second that the rate may be set to, and
        self._most = inf
        self._refusals = 0  # since the server last took anything
        self._last: RateLimitError | None = None

    def is_free(self) -> bool:
        """Whether nobody has to wait."""
        return self._rate is None and self._left is None

    def start(self) -> float:
        """Start without asking; the moment."""
        now = time.monotonic()
        self._starts.append(now)
        return now

    def closed_until(self) -> float:
        """When the gate opens, if that is still to come."""
        return self._closed_until

    def refusal(self) -> RateLimitError | None:
        """What the server last said when it closed the gate, as an error of its own."""
        return copy(self._last)

    def answered(self, headers: Mapping[str, str], started: float) -> None:
        """The call that started then was answered; the headers may say that few more will be."""
        if self._refusals and started >= self._closed_until:
            self._refusals = 0
        # What started before the gate closed says nothing new.
        if started >= self._closed_until and _says_few(headers):
            self._learn(headers)

    def refused(self, error: RateLimitError, started: float) -> float:
        """Close the gate, and give the seconds for which it stays closed.

        Of many calls that are refused together, the first closes it; all tell how many the server
        has taken.
        """
        now = time.monotonic()
        with self._lock:
            # Without its traceback, which holds what the caller holds.
            self._last = copy(error)
            with suppress(ValueError):
                self._starts.remove(started)
            told = error.retry_after
            if started >= self._closed_until:
                self._refusals += 1
                self._close(now, self._wait(told), started)
            elif told is not None:
                until = max(self._closed_until, now + min(told, _CLOSED_AT_MOST))
                self._closed_until = self._next_start = until
            self._measure()
            return max(0.0, self._closed_until - now)

    def lost(self, started: float) -> None:
        """What started then came to no answer, so it shows nothing of what the server takes."""
        with self._lock, suppress(ValueError):
            self._starts.remove(started)

    def is_idle(self) -> bool:
        """Whether nothing would be lost with this gate."""
        latest = time.monotonic() - _WINDOW
        recent = self._starts and self._starts[-1] > latest
        return not (recent or self._queue or self._closed_until > latest)

    # What follows is called by holders of the lock.

    def _due(self, now: float, place: int) -> float:
        """When the caller at this place of the queue may start."""
        if self._rate is not None:
            rate = self._rate_at(now)
            if rate is not None:
                return max(self._closed_until, self._next_start) + place / rate
        if self._left is not None:
            if now < self._full_at:
                return now if place < self._left else self._full_at
            self._left = None
        return now

    def _count_start(self, now: float) -> None:
        self._starts.append(now)
        if self._rate is not None:
            rate = self._rate_at(now) or self._rate
            self._next_start = max(self._next_start, now - _LATENESS) + 1 / rate
        elif self._left is not None:
            self._left -= 1

    def _rate_at(self, now: float) -> float | None:
        """The rate, which grows when the server has long refused nothing, until none is needed."""
        assert self._rate is not None  # noqa: S101 - asked only then
        if now <= self._grows_from:
            return self._rate
        growth = 1 + ((now - self._grows_from) / self._doubling) ** _STEEPNESS
        if growth > _FORGOTTEN:
            self._rate = None
            return None
        return self._rate * growth

    def _wait(self, told: float | None) -> float:
        """Seconds to stay closed after this many refusals without an answer in between."""
        if told is None:
            return _own_wait(self._refusals)
        # A server that says "now" again and again is not asked as often as that.
        own = _own_wait(self._refusals - 2) if self._refusals > 2 else 0.0  # noqa: PLR2004
        return min(max(told, own), _CLOSED_AT_MOST)

    def _close(self, now: float, seconds: float, filled_at: float) -> None:
        rate = None if self._rate is None else self._rate_at(now)
        if rate is None or self._rate is None:  # the first time since nothing was near its limit
            self._window, self._filled_at = max(_SHORTEST_WINDOW, seconds), filled_at
            self._least, self._most, self._doubling = 0.0, inf, _SEARCH
        elif self._starts and self._starts[-1] >= self._closed_until:
            self._window, self._filled_at = max(self._window, seconds), filled_at
            self._least = _LEAST * self._rate if self._doubling == _SETTLED else 0.0
            self._most, self._doubling = rate, _SETTLED
        else:  # nothing was taken since it opened: the window is longer than it seemed
            self._window = max(self._window, seconds, filled_at - self._filled_at)
        self._left = None
        self._closed_until = self._next_start = now + seconds

    def _measure(self) -> None:
        """Set the rate by what the server took: the most of any stretch up to the limit."""
        rate, taken = 0.0, 0
        for taken, start in enumerate(reversed(self._starts), 1):
            seconds = max(self._window, self._filled_at - start)
            if seconds > _MEASURED * self._window:
                break
            rate = max(rate, taken / seconds)
        if self._doubling == _SEARCH and taken < _TOO_FEW:
            rate = max(rate, _GUESS)
        self._rate = _CAREFUL * min(max(rate, self._least), self._most)
        self._grows_from = self._closed_until

    def _learn(self, headers: Mapping[str, str]) -> None:
        left, reset = _starts_left(headers)
        if left is None or reset is None or left > _FEW:
            return
        now = time.monotonic()
        with self._lock:
            if self._rate is None:
                if left:
                    self._left, self._full_at = left, now + reset
                else:
                    self._close(now, min(reset, _CLOSED_AT_MOST), now)
                    self._measure()
            elif not left and reset > _COARSE and now >= self._closed_until:
                self._close(now, min(reset, _CLOSED_AT_MOST), now)
                self._measure()
            elif not left and (rate := self._rate_at(now)) is not None:
                # That is the limit: more is not tried for now.
                self._rate, self._grows_from, self._doubling = rate, now, _SETTLED


def _own_wait(refusals: int) -> float:
    """Seconds to stay closed after so many refusals by a server that names no time."""
    return min(_SOON * 2.0 ** (refusals - 1), _LONGEST)


def _says_few(headers: Mapping[str, str]) -> bool:
    """Whether less than a tenth or so is left; whatever is not near that is read no further."""
    for left_name, limit_name in _COUNTS:
        left = headers.get(left_name)
        if left is not None and (len(left) < len(headers.get(limit_name, "")) or len(left) == 1):
            return True
    return False


def _starts_left(headers: Mapping[str, str]) -> tuple[int | None, float | None]:
    """How many more calls the server will take, and the seconds until it takes all again."""
    from heroku_inference._headers import rate_limits_of  # noqa: PLC0415 - needed rarely

    limits = rate_limits_of(headers)
    by_requests = (limits.remaining_requests, limits.reset_requests)
    tokens = limits.remaining_tokens
    if tokens and limits.limit_tokens and limits.limit_requests:
        # As many tokens a call as those of this window took.
        calls = limits.limit_requests - (limits.remaining_requests or 0)
        tokens = tokens * max(calls, 1) // max(limits.limit_tokens - tokens, 1)
    elif tokens:
        tokens = None
    known = [pair for pair in (by_requests, (tokens, limits.reset_tokens)) if None not in pair]
    return min(known, key=lambda pair: (pair[0], -(pair[1] or 0)), default=(None, None))


class Turn:
    """One call's turns at a gate: before its first attempt, and after each refusal.

    Args:
        gate: The gate of the call.
        patience: Seconds that the call may wait in all; 0 for a call that never waits.
    """

    __slots__ = ("_deadline", "_gate", "_patience", "_started", "_ticket")

    def __init__(self, gate: RateGate, patience: float) -> None:
        self._gate = gate
        self._patience = patience
        self._deadline: float | None = None
        self._started = 0.0
        self._ticket: int | None = None

    def starts(self) -> bool:
        """Whether the call could start at once, as nobody has to wait; nearly always."""
        if self._patience and not self._gate.is_free():
            return False
        self._started = self._gate.start()
        return True

    def wait(self) -> float:
        """Seconds to sleep before asking again; 0 when the call has its turn, and starts.

        Whoever stops asking before must `leave`.

        Raises:
            RateLimitError: It would have to wait for longer than it has patience.
        """
        seconds, now = self._gate.ask(self._take_ticket())
        if not seconds:
            self._started = now
            return 0.0
        if self._is_too_late(now, self._gate.closed_until()):
            self.leave()
            if (refusal := self._gate.refusal()) is not None:
                raise refusal
            self._started = self._gate.start()  # that few are left is no refusal
            return 0.0
        assert self._deadline is not None  # noqa: S101 - set by the line above
        return min(seconds, max(seconds / 4, _NAP), self._deadline - now)

    async def awaited(self) -> float:
        """`wait`, for event loops."""
        return self.wait()

    def leave(self) -> None:
        """Wait no longer."""
        if self._ticket is not None:
            self._gate.leave(self._ticket)

    def answered(self, headers: Mapping[str, str]) -> None:
        """Take an answer."""
        self._gate.answered(headers, self._started)

    def lost(self) -> None:
        """The attempt met a connection that the server had left: it is made again."""
        self._gate.lost(self._started)

    def refused(self, error: RateLimitError) -> float | None:
        """Take a refusal; the seconds until the gate opens, or `None` for a call that gives up."""
        seconds = max(self._gate.refused(error, self._started), error.retry_after or 0.0)
        now = time.monotonic()
        return None if self._is_too_late(now, now + seconds) else seconds

    def _take_ticket(self) -> int:
        if self._ticket is None:
            self._ticket = next(_tickets)
        return self._ticket

    def _is_too_late(self, now: float, moment: float) -> bool:
        if self._deadline is None:
            self._deadline = now + self._patience
        return max(now, moment) >= self._deadline


_tickets = count()
_lock = threading.Lock()
_gates: dict[tuple[str, bytes, str], RateGate] = {}


def gate_for(base_url: str, key_digest: bytes, model: str) -> RateGate:
    """The gate of an add-on and model; calls without a model share one."""
    scope = (base_url, key_digest, model)
    gate = _gates.get(scope)
    if gate is None:
        with _lock:
            if len(_gates) >= _MOST_GATES:
                for idle in [scope for scope, gate in _gates.items() if gate.is_idle()]:
                    del _gates[idle]
            gate = _gates.setdefault(scope, RateGate())
    return gate


def _forget_all() -> None:
    global _lock  # noqa: PLW0603 - the parent may have held it while forking
    _lock = threading.Lock()
    _gates.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
