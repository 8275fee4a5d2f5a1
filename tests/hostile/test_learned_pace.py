"""How fast the gate lets calls start that learn a limit from refusals, in simulated time.

The gate is the real one. Its clock is simulated, and so are the server and the calls: a run of a
minute takes a fraction of a second here, and is the same each time.
"""

from __future__ import annotations

from collections import deque
from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from heroku_inference import RateLimitError
from heroku_inference._http import rate_gate
from heroku_inference._http.rate_gate import RateGate, Turn

if TYPE_CHECKING:
    from collections.abc import Callable

LATENCY = 0.05  # seconds
A_SECOND = 20
CALLS = 1042  # as many as 100,000 texts need
IDEAL = (CALLS - 1) // A_SECOND  # seconds, with twenty at the begin of each


class Clock:
    """Stands in for the module `time`."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(rate_gate, "time", clock)
    return clock


class Window:
    """A server that takes so many calls in any second, of which others have used some up."""

    def __init__(self, used: int, now: float) -> None:
        self._taken = deque(now - 0.1 - 0.05 * number for number in reversed(range(used)))

    def takes(self, now: float) -> bool:
        while self._taken and self._taken[0] <= now - 1:
            self._taken.popleft()
        if self.left:
            self._taken.append(now)
            return True
        return False

    @property
    def left(self) -> int:
        return A_SECOND - len(self._taken)


class Bucket:
    """A server that takes so many calls a second, and saves up no more than a few."""

    def __init__(self, saved: int, now: float) -> None:
        self._most = self._saved = float(saved)
        self._since = now

    def takes(self, now: float) -> bool:
        self._saved = min(self._most, self._saved + (now - self._since) * A_SECOND)
        self._since = now
        if self._saved < 1:
            return False
        self._saved -= 1
        return True

    @property
    def left(self) -> int:
        return int(self._saved)


def says_nothing(server: Window | Bucket) -> dict[str, str]:
    return {}


def says_what_is_left(server: Window | Bucket) -> dict[str, str]:
    return {
        "x-ratelimit-limit-requests": str(A_SECOND),
        "x-ratelimit-remaining-requests": str(server.left),
        "x-ratelimit-reset-requests": "1s",
    }


class Run:
    """Calls, of which so many are in flight; one in a hundred fails and is sent again."""

    def __init__(
        self, clock: Clock, server: Window | Bucket, says: Callable[..., dict[str, str]], seed: int
    ) -> None:
        self._clock = clock
        self._server = server
        self._says = says
        self._chance = Random(seed)  # noqa: S311 - the same chance in each run
        self._gate = RateGate()
        self._events: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._numbers = count()
        self._to_do = CALLS
        self.refused = 0

    def seconds(self, in_flight: int = 8) -> float:
        started = self._clock.now
        for _ in range(in_flight):
            self._begin()
        while self._events:
            moment, _, event, arguments = heappop(self._events)
            self._clock.now = moment
            event(*arguments)
        return self._clock.now - started

    def _after(self, seconds: float, event: Callable[..., None], *arguments: Any) -> None:
        late = self._chance.random() * 0.003
        entry = (self._clock.now + seconds + late, next(self._numbers), event, arguments)
        heappush(self._events, entry)

    def _begin(self) -> None:
        if self._to_do:
            self._to_do -= 1
            self._start(Turn(self._gate, 3600))

    def _start(self, turn: Turn) -> None:
        wait = 0.0 if turn.starts() else turn.wait()
        if wait:
            self._after(wait, self._start, turn)
        else:
            self._after(0, self._arrive, turn)

    def _arrive(self, turn: Turn) -> None:
        if not self._server.takes(self._clock.now):
            self.refused += 1
            told = 1.0 if self._says is says_what_is_left else None
            self._after(0, self._refuse, turn, told)
        elif self._chance.random() < 0.01:
            self._after(0.5, self._start, turn)
        else:
            self._after(LATENCY, self._answer, turn, self._says(self._server))

    def _answer(self, turn: Turn, headers: dict[str, str]) -> None:
        turn.answered(headers)
        self._begin()

    def _refuse(self, turn: Turn, told: float | None) -> None:
        turn.refused(RateLimitError("slow down", retry_after=told))
        self._start(turn)


@pytest.mark.parametrize("says", [says_nothing, says_what_is_left])
def test_the_limit_is_nearly_reached(clock, says):
    for seed in range(3):
        run = Run(clock, Window(0, clock.now), says, seed)
        assert run.seconds() <= 1.1 * IDEAL
        assert run.refused <= 12


@pytest.mark.parametrize("says", [says_nothing, says_what_is_left])
@pytest.mark.parametrize("used", [8, 12, 20])
def test_a_limit_that_others_had_used_up_at_first_is_found_all_the_same(clock, says, used):
    run = Run(clock, Window(used, clock.now), says, seed=1)
    assert run.seconds() <= 1.2 * IDEAL


@pytest.mark.parametrize("saved", [2, 5, 10])
def test_a_limit_without_bursts_is_nearly_reached(clock, saved):
    run = Run(clock, Bucket(saved, clock.now), says_nothing, seed=1)
    assert run.seconds() <= 1.15 * IDEAL


def test_a_refusal_shortly_after_it_opened_leaves_most_of_the_rate(clock):
    gate = RateGate()

    def start() -> float:
        turn = Turn(gate, 3600)
        while wait := 0.0 if turn.starts() else turn.wait():
            clock.now += wait
        return clock.now

    def refuse(started: float) -> None:
        clock.now = started + 0.005
        gate.refused(RateLimitError("slow down", retry_after=1.0), started)

    for _ in range(A_SECOND):
        start()
        clock.now += 0.005
    refuse(start())
    start()
    refuse(start())
    began = start()
    for _ in range(A_SECOND):
        start()
    assert 1.0 <= clock.now - began <= 1.6
