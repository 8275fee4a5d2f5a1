"""Requests of one lane, evenly spaced: a limit that is set is known, and not to be learned."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from heroku_inference._http.rate_gate import Starts, Turn
from heroku_inference._http.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Mapping

    from heroku_inference._call import Call
    from heroku_inference._errors import RateLimitError

__all__ = ["Pace", "PacedTransport"]

_SPACES: Final = 2.0  # between two starts, to wait after a refusal; doubled while it only refuses
_DOUBLINGS: Final = 10  # at most
_LONGEST: Final = 8.0  # seconds
_LATE: Final = 0.25  # of the space between two starts, by which a start may be late
_LATENESS: Final = (0.01, 0.1)  # seconds: that share of a space, but within these


class Pace(Starts):
    """Starts that are evenly spaced. A refusal holds all of them up, and slows none down.

    A start that is late, because the process was busy, holds up those behind it: they keep their
    distance, and the server gets no bunch.

    Args:
        a_second: How many there are.
    """

    def __init__(self, a_second: float) -> None:
        super().__init__()
        self._space = 1 / a_second
        self._tolerated = min(max(_LATE * self._space, _LATENESS[0]), _LATENESS[1])
        self._next = 0.0  # the earliest moment of the next start
        self._refusals = 0  # since the last answer, those that came together counted once
        self._held_up = 0.0  # when that was last the case
        self._goes_on = 0.0  # when something starts again after it

    def answered(self, started: float) -> None:
        """The limit was not reached by what started then."""
        if started >= self._held_up:
            self._refusals = 0

    def refused(self, told: float | None, started: float) -> float:
        """The limit was reached by what started then; the seconds until something starts again."""
        with self._lock:
            now = time.monotonic()
            wait = told or 0.0
            if started >= self._held_up:
                own = self._space * _SPACES * 2.0 ** min(self._refusals, _DOUBLINGS)
                wait = max(wait, min(own, _LONGEST))
                self._refusals += 1
                self._held_up = now
            self._goes_on = max(self._goes_on, now + wait)
            return self._goes_on - now

    def _due(self, now: float, place: int) -> float:  # noqa: ARG002 - it does not depend on it
        return max(self._next, self._goes_on) + place * self._space

    def _count_start(self, now: float) -> None:
        due = self._due(now, 0)
        self._next = (due if now <= due + self._tolerated else now) + self._space


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

    __slots__ = ("_latest", "_pace")

    def __init__(self, pace: Pace, patience: float) -> None:
        self._pace = pace
        self._patience = patience
        self._started = 0.0
        self._ticket: int | None = None
        self._latest: float | None = None  # until which a call that was refused is tried again

    def starts(self) -> bool:
        return False

    def wait(self) -> float:
        seconds, self._started = self._pace.ask(self._take_ticket())
        return seconds

    def leave(self) -> None:
        if self._ticket is not None:
            self._pace.leave(self._ticket)

    def lost(self) -> None:
        """Nothing is learned here."""

    def answered(self, headers: Mapping[str, str]) -> None:  # noqa: ARG002 - the limit is known
        self._pace.answered(self._started)

    def refused(self, error: RateLimitError) -> float | None:
        seconds = self._pace.refused(error.retry_after, self._started)
        now = time.monotonic()
        if self._latest is None:
            self._latest = now + self._patience
        return None if now + seconds > self._latest else seconds
