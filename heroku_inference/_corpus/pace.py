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
_MADE_GOOD: Final = 1  # start that nobody was there to take, and that may be taken late


class Pace:
    """Starts that are evenly spaced. A refusal holds all of them up, and slows none down.

    Args:
        a_second: How many there are.
    """

    def __init__(self, a_second: float) -> None:
        self._space = 1 / a_second
        self._next: float | None = None  # until the first start, none was missed
        self._refusals = 0  # since the last answer, those that came together counted once
        self._held_up = 0.0  # when that was last the case
        self._lock = threading.Lock()

    def take(self) -> float:
        """The moment of the next start."""
        with self._lock:
            now = time.monotonic()
            due = now if self._next is None else max(self._next, now - _MADE_GOOD * self._space)
            self._next = due + self._space
            return max(now, due)

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
            self._next = max(self._next or now, now + wait)
            return self._next - now


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
        if (seconds := self._moment - time.monotonic()) > 0:
            return seconds
        self._started, self._moment = self._moment, None
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
