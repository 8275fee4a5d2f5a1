"""One gate for all calls of a process that share a rate limit.

Heroku counts requests and tokens per add-on and model (docs: rate limits). Callers that are blind
to each other spend their retries on one limit, so a 429 closes the gate for all of them until the
server's time has come. Then it opens gradually: starts are spaced at the rate that the server
answered before.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Final

from heroku_inference._error_bodies import error_from_reply

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from heroku_inference._errors import APIError, RateLimitError

__all__ = ["RateGate", "Turn", "gate_for"]

_WINDOW: Final = 2.0  # seconds over which the server's rate is measured
_SOON: Final = 0.5  # seconds to wait where the server does not say; doubled with every refusal
_LONGEST: Final = 8.0
_CAREFUL: Final = 0.95  # of the rate at which the server refused
_PATIENCE: Final = 60.0  # seconds, over which Heroku counts, until a higher rate is tried
_GROWTH: Final = 0.02  # a second, from then on
_LONGEST_GROWTH: Final = 600.0  # seconds, after which the rate means nothing any more
_UNKNOWN_RATE: Final = 10.0  # starts a second, where nothing was answered before the refusal
_FEW: Final = 8  # requests left, from which each is counted


class RateGate:
    """When the next call may start. Safe to use from many threads and event loops."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answered: deque[float] = deque(maxlen=4096)  # when the last answers came
        self._closed_until = 0.0
        self._closed_at = 0.0
        self._next_start = 0.0
        self._rate: float | None = None  # starts a second, once the server has refused
        self._rate_since = 0.0
        self._refusals = 0  # since the last answer
        self._left: int | None = None  # starts until `_full_at`, when only few are left
        self._full_at = 0.0
        self._last: RateLimitError | None = None

    def wait(self, now: float | None = None) -> float:
        """Seconds until the caller may start; its place is kept for it."""
        if self._rate is None and self._left is None and not self._closed_until:
            return 0.0
        now = time.monotonic() if now is None else now
        with self._lock:
            start = max(now, self._closed_until)
            if self._left is not None:
                if now >= self._full_at:
                    self._left = None
                elif self._left > 0:
                    self._left -= 1
                else:
                    start = max(start, self._full_at)
            if self._rate is not None:
                start = max(start, self._next_start)
                self._next_start = start + 1 / self._rate_at(start)
            return start - now

    def is_closed(self) -> bool:
        """Whether a refusal has come since a caller began to wait."""
        return time.monotonic() < self._closed_until

    def refusal(self) -> APIError:
        """What the server said when it closed the gate, as an error of its own."""
        last = self._last
        assert last is not None  # noqa: S101 - a gate is closed by a refusal
        assert last.response is not None  # noqa: S101 - which is an answer
        return error_from_reply(last.response)

    def answered(self, headers: Mapping[str, str]) -> None:
        """An answer came; its headers may say that few more will."""
        self._answered.append(time.monotonic())
        self._refusals = 0
        left = headers.get("x-ratelimit-remaining-requests")
        # Only what is nearly used up is worth a closer look.
        if left is not None and len(left) == 1 and left.isdigit():
            self._learn(int(left), headers)

    def refused(self, error: RateLimitError, started: float) -> float:
        """Close the gate, and give the seconds for which it is closed.

        Args:
            error: What the server said.
            started: When the refused call started: of many that are refused together, only the
                first says anything about the rate.
        """
        now = time.monotonic()
        with self._lock:
            self._last = error
            first = started >= self._closed_at
            if first:
                self._refusals += 1
            wait = error.retry_after
            if wait is None:
                wait = min(_SOON * 2.0 ** (self._refusals - 1), _LONGEST)
            self._closed_until = max(self._closed_until, now + wait)
            self._next_start = max(self._next_start, self._closed_until)
            if first:
                self._closed_at = now
                rate = self._measured(now)
                self._rate = _UNKNOWN_RATE if rate is None else rate * _CAREFUL
                self._rate_since = self._closed_until
            return self._closed_until - now

    def _measured(self, now: float) -> float | None:
        """Answers a second lately, or `None` where there were none."""
        recent = sum(moment > now - _WINDOW for moment in tuple(self._answered))
        if not recent:
            return None
        span = min(_WINDOW, max(1.0, now - self._answered[0]))
        return recent / span

    def _rate_at(self, moment: float) -> float:
        """The rate, which grows again when the server has long refused nothing."""
        assert self._rate is not None  # noqa: S101 - asked only then
        growing = max(0.0, moment - self._rate_since - _PATIENCE)
        return float(self._rate * (1 + _GROWTH) ** min(growing, _LONGEST_GROWTH))

    def _learn(self, left: int, headers: Mapping[str, str]) -> None:
        from heroku_inference._headers import rate_limits_of  # noqa: PLC0415 - needed rarely

        reset = rate_limits_of(headers).reset_requests
        if reset is None or left > _FEW:
            return
        now = time.monotonic()
        with self._lock:
            if self._left is None or left < self._left or now >= self._full_at:
                self._left, self._full_at = left, now + reset


class Turn:
    """One call's turns at a gate: before its first attempt, and after each refusal.

    Args:
        gate: The gate of the call.
        patience: Seconds that the call may wait in all; 0 for a call that never waits.
    """

    __slots__ = ("_began", "_gate", "_patience", "_refusal", "_started")

    def __init__(self, gate: RateGate, patience: float) -> None:
        self._gate = gate
        self._patience = patience
        self._began: float | None = None
        self._started = 0.0
        self._refusal: APIError | None = None

    def waits(self) -> Iterator[float]:
        """The seconds to sleep, again and again, until the call may start.

        Raises:
            RateLimitError: It would wait for longer than it has patience.
        """
        while self._patience and (wait := self._gate.wait()) > 0:
            if not self._can_wait(wait):
                if self._gate.is_closed():
                    raise self._refusal or self._gate.refusal()
                break  # that few are left is no refusal
            yield wait
            if not self._gate.is_closed():
                break
        self._started = time.monotonic()

    def refused(self, error: RateLimitError) -> float | None:
        """Take a refusal; the seconds until the next attempt, or `None` if there is to be none."""
        self._refusal = error
        wait = self._gate.refused(error, self._started)
        return wait if self._patience and self._can_wait(wait) else None

    def _can_wait(self, seconds: float) -> bool:
        now = time.monotonic()
        if self._began is None:
            self._began = now
        return now + seconds <= self._began + self._patience


_lock = threading.Lock()
_gates: dict[tuple[str, bytes, str], RateGate] = {}


def gate_for(base_url: str, key_digest: bytes, model: str) -> RateGate:
    """The gate of an add-on and model; calls without a model share one."""
    scope = (base_url, key_digest, model)
    gate = _gates.get(scope)
    if gate is None:
        with _lock:
            gate = _gates.setdefault(scope, RateGate())
    return gate


def _forget_all() -> None:
    global _lock  # noqa: PLW0603 - the parent may have held it while forking
    _lock = threading.Lock()
    _gates.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
