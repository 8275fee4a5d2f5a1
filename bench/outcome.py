"""What came of a row: its rounds, their ratios, and whether our promises are kept. Pure."""

from __future__ import annotations

import math
import statistics
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.row import Bound, Row

__all__ = ["Estimate", "Outcome", "SkippedError", "Verdict", "estimate"]

_CONFIDENCE: Final = 0.9


class SkippedError(Exception):
    """The contender is not installed, or cannot do this row's work."""


@dataclass(frozen=True)
class Estimate:
    """A median, and the interval that holds the true one in nine of ten cases."""

    median: float
    low: float
    high: float


def estimate(values: Sequence[float]) -> Estimate:
    """Returns the median of values, and an interval between two of them by their order alone."""
    ordered = sorted(values)
    count = len(ordered)
    outside, beyond = 0, 0.0
    for position in range(count // 2):
        beyond += math.comb(count, position) / 2**count
        if 1 - 2 * beyond < _CONFIDENCE:
            break
        outside = position
    return Estimate(statistics.median(ordered), ordered[outside], ordered[-1 - outside])


@dataclass(frozen=True)
class Verdict:
    """Whether a promise is kept, as a ratio to another contender or as a value."""

    bound: Bound
    measured: Estimate | None = None
    reason: str = ""
    """Why it was not measured."""

    @property
    def result(self) -> Literal["pass", "MISS", "not run"]:
        """The verdict in a word."""
        if self.measured is None:
            return "not run"
        return "pass" if self.measured.median <= self.bound.limit else "MISS"

    @property
    def is_close(self) -> bool:
        """Whether noise could turn the verdict."""
        measured, limit = self.measured, self.bound.limit
        return measured is not None and measured.low <= limit <= measured.high


@dataclass
class Outcome:
    """The values of a row by contender, in its unit, and the reasons for skipped contenders."""

    row: Row
    rounds: dict[str, list[float]] = field(default_factory=dict)
    paid_twice: dict[str, list[float]] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)

    @property
    def values(self) -> dict[str, float]:
        """The median of the rounds."""
        return {name: statistics.median(values) for name, values in self.rounds.items()}

    @property
    def verdicts(self) -> list[Verdict]:
        """One for each bound."""
        return [self._verdict(bound) for bound in self.row.bounds]

    @contextmanager
    def skipping(self, name: str) -> Iterator[None]:
        """Records why a contender cannot take part, and goes on without it."""
        try:
            yield
        except SkippedError as reason:
            self.rounds.pop(name, None)
            self.skipped[name] = str(reason)

    def add(self, name: str, value: float) -> None:
        """Adds one round's value of a contender."""
        self.rounds.setdefault(name, []).append(value)

    def ratio(self, name: str, other: str) -> Estimate | None:
        """Returns the ratio of two contenders: of each round's two values, not of two medians.

        A slow minute then slows both sides of a ratio. `None` if one of them did not run.
        """
        pairs = list(zip(self.rounds.get(name, ()), self.rounds.get(other, ()), strict=False))
        if not pairs or min(theirs for _, theirs in pairs) <= 0:
            return None
        return estimate([ours / theirs for ours, theirs in pairs])

    def _verdict(self, bound: Bound) -> Verdict:
        for name in (bound.contender, bound.against):
            if name in self.skipped:
                return Verdict(bound, reason=f"{name}: {self.skipped[name]}")
        if bound.against is not None:
            return Verdict(bound, self.ratio(bound.contender, bound.against), "nothing to compare")
        values = (self.paid_twice if bound.counts_twice else self.rounds)[bound.contender]
        # A limit on a total is a limit on each round.
        return Verdict(bound, Estimate(max(values), min(values), max(values)))
