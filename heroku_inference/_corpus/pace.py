"""Requests of one lane, evenly spaced: a limit that is set is known, and not to be learned."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Final

from heroku_inference._http.rate_gate import Turn
from heroku_inference._http.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Mapping

    from heroku_inference._call import Call
    from heroku_inference._errors import RateLimitError

__all__ = ["Pace", "PacedTransport"]

_SPACES: Final = 2.0  # between two starts, to wait after a refusal; doubled while it only refuses
_LONGEST: Final = 8.0  # seconds
_LATE: Final = 0.25  # of the space between two starts, or
_LATENESS: Final = 0.01  # seconds, if that is more: what is later than that holds up the others


class Pace:
    """Starts that are evenly spaced, by a clock of its own.

    The clock stands still for as long as a start is late, because the process was busy: so those
    that follow keep their distance, and the server never gets a bunch. It stands still after a
    refusal, too, which holds everybody up and slows nobody down.

    Args:
        a_second: How many there are.
    """

    def __init__(self, a_second: float) -> None:
        self._space = 1 / a_second
        self._tolerated = max(_LATE * self._space, _LATENESS)
        self._next: float | None = None  # until the first start, none was missed
        self._behind = 0.0  # seconds that the clock has stood still
        self._refusals = 0  # since the last answer, those that came together counted once
        self._held_up = 0.0  # when that was last the case
        self._goes_on = 0.0  # when the clock goes on after it
        self._lock = threading.Lock()

    def take(self) -> float:
        """The moment of the next start, by the clock."""
        with self._lock:
            now = time.monotonic() - self._behind
            due = now if self._next is None else max(self._next, now - self._tolerated)
            self._next = due + self._space
            return due

    def seconds_until(self, moment: float) -> float:
        """Seconds until that moment; 0 for a start, now."""
        with self._lock:
            late = time.monotonic() - self._behind - moment
            if late < 0:
                return -late
            if late > self._tolerated:
                self._behind += late
            return 0.0

    def answered(self) -> None:
        """The limit is not reached."""
        self._refusals = 0

    def refused(self, told: float | None, started: float) -> float:
        """The limit was reached by what started then; the seconds until something starts again."""
        with self._lock:
            now = time.monotonic()
            wait = told or 0.0
            if started >= self._held_up:
                wait = max(wait, min(self._space * _SPACES * 2.0**self._refusals, _LONGEST))
                self._refusals += 1
                self._held_up = now
            held = max(self._goes_on, now)
            self._goes_on = max(held, now + wait)
            self._behind += self._goes_on - held
            return self._goes_on - now


class PacedTransport(Transport):
    """A transport whose attempts all start at this pace, also those that are repeated."""

    def __init__(self, *args: Any, pace: Pace, **options: Any) -> None:
        super().__init__(*args, **options)
        self._pace = pace
        self._get_ready()  # now, or the first requests would wait for it and then go at once

    def _turn(self, call: Call) -> Turn:  # noqa: ARG002 - each is as good as any other
        return _PacedTurn(self._pace, self._rate_limit_timeout)


class _PacedTurn(Turn):
    """One call's turns at the pace."""

    __slots__ = ("_latest", "_moment", "_pace")

    def __init__(self, pace: Pace, patience: float) -> None:
        self._pace = pace
        self._patience = patience
        self._started = 0.0
        self._moment: float | None = None
        self._latest: float | None = None  # until which a call that was refused is tried again

    def starts(self) -> bool:
        return False

    def wait(self) -> float:
        if self._moment is None:
            self._moment = self._pace.take()
        if seconds := self._pace.seconds_until(self._moment):
            return seconds
        self._started, self._moment = time.monotonic(), None
        return 0.0

    def leave(self) -> None:
        """The moment that it took passes unused."""

    def answered(self, headers: Mapping[str, str]) -> None:  # noqa: ARG002 - the limit is known
        self._pace.answered()

    def refused(self, error: RateLimitError) -> float | None:
        seconds = self._pace.refused(error.retry_after, self._started)
        now = time.monotonic()
        if self._latest is None:
            self._latest = now + self._patience
        return None if now + seconds > self._latest else seconds
