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


class Pace:
    """Starts that are evenly spaced. A refusal holds all of them up, and slows none down.

    Args:
        a_second: How many there are.
    """

    def __init__(self, a_second: float) -> None:
        self._space = 1 / a_second
        self._next = 0.0
        self._refusals = 0  # since the last answer
        self._lock = threading.Lock()

    def take(self) -> float:
        """The moment of the next start."""
        with self._lock:
            moment = max(time.monotonic(), self._next)
            self._next = moment + self._space
            return moment

    def answered(self) -> None:
        """The limit is not reached."""
        self._refusals = 0

    def refused(self, told: float | None) -> float:
        """The limit is reached; the seconds until something starts again."""
        with self._lock:
            own = min(self._space * _SPACES * 2.0**self._refusals, _LONGEST)
            self._refusals = min(self._refusals + 1, 30)
            now = time.monotonic()
            self._next = max(self._next, now + (own if told is None else max(told, own)))
            return self._next - now


class PacedTransport(Transport):
    """A transport whose attempts all start at this pace, also those that are repeated."""

    def __init__(self, *args: Any, pace: Pace, **options: Any) -> None:
        super().__init__(*args, **options)
        self._pace = pace

    def _turn(self, call: Call) -> Turn:  # noqa: ARG002 - each is as good as any other
        return _PacedTurn(self._pace, self._rate_limit_timeout)


class _PacedTurn(Turn):
    """One call's turns at the pace."""

    __slots__ = ("_latest", "_moment", "_pace", "_patience")

    def __init__(self, pace: Pace, patience: float) -> None:
        self._pace = pace
        self._patience = patience
        self._moment: float | None = None
        self._latest: float | None = None  # until which a call that was refused is tried again

    def starts(self) -> bool:
        return False

    def wait(self) -> float:
        if self._moment is None:
            self._moment = self._pace.take()
        if (seconds := self._moment - time.monotonic()) > 0:
            return seconds
        self._moment = None
        return 0.0

    def leave(self) -> None:
        """The moment that it took passes unused."""

    def answered(self, headers: Mapping[str, str]) -> None:  # noqa: ARG002 - the limit is known
        self._pace.answered()

    def refused(self, error: RateLimitError) -> float | None:
        seconds = self._pace.refused(error.retry_after)
        now = time.monotonic()
        if self._latest is None:
            self._latest = now + self._patience
        return None if now + seconds > self._latest else seconds
