"""Prints a table for each row, with ratios to the peer and the floor, and the verdicts. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.outcome import Outcome, Verdict
    from bench.row import Bound

__all__ = ["bound_in_words", "measured_in_words", "number", "summary", "table"]


def table(outcome: Outcome) -> str:
    """Returns one line for each contender of a row, and the verdicts below."""
    return "\n".join(_lines(outcome))


def summary(outcomes: Sequence[Outcome]) -> str:
    """Returns one line for each bound of all rows, and how many are kept."""
    verdicts = [(each.row.name, verdict) for each in outcomes for verdict in each.verdicts]
    lines = [f"  {'row':<22}{'of':<20}{'measured':<48}{'bound':<12}verdict"]
    lines += [
        f"  {name:<22}{verdict.bound.contender:<20}{measured_in_words(verdict):<48}"
        f"{bound_in_words(verdict.bound):<12}{_in_full(verdict)}"
        for name, verdict in verdicts
    ]
    results = [verdict.result for _, verdict in verdicts]
    counts = ", ".join(f"{results.count(each)} {each}" for each in ("pass", "MISS", "not run"))
    return "\n".join(["summary:", *lines, f"  {counts}"])


def number(value: float) -> str:
    """Returns a number with three digits that count."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"  # noqa: PLR2004


def bound_in_words(bound: Bound) -> str:
    """Returns what a bound allows: a ratio or a value."""
    return f"<= {bound.limit:g}" if bound.against is None else f"<= {bound.limit:g}x"


def measured_in_words(verdict: Verdict) -> str:
    """Returns what was measured: a ratio with its interval and its other side, or a value."""
    bound, measured = verdict.bound, verdict.measured
    if measured is None:
        return "-"
    if bound.against is None:
        return number(measured.median) + (" texts paid twice" if bound.counts_twice else "")
    interval = f" ({number(measured.low)} to {number(measured.high)})"
    has_interval = measured.low < measured.high
    return f"{number(measured.median)}x {bound.against}{interval if has_interval else ''}"


def _in_full(verdict: Verdict) -> str:
    if verdict.measured is None:
        return f"{verdict.result}: {verdict.reason}"
    is_noisy = verdict.is_close and verdict.measured.low < verdict.measured.high
    return f"{verdict.result}, within noise" if is_noisy else verdict.result


def _lines(outcome: Outcome) -> Iterator[str]:
    row, values = outcome.row, outcome.values
    references = [name for name in (row.peer, row.floor) if name in values]
    yield f"{row.name}: {row.work} ({row.unit})"
    yield f"  {'':<20}{'median':>10}  " + "  ".join(f"{'x ' + name:>20}" for name in references)
    for name in [*row.contenders, *(each for each in values if each not in row.contenders)]:
        if name in values:
            ratios = (f"{_ratio(outcome, name, other):>20}" for other in references)
            yield f"  {name:<20}{number(values[name]):>10}  " + "  ".join(ratios)
        else:
            yield f"  {name:<20}{'skipped':>10}  {outcome.skipped.get(name, '')}"
    for verdict in outcome.verdicts:
        measured, allowed = measured_in_words(verdict), bound_in_words(verdict.bound)
        yield f"  {_in_full(verdict)}: {verdict.bound.contender} {measured}, bound {allowed}"


def _ratio(outcome: Outcome, name: str, other: str) -> str:
    ratio = outcome.ratio(name, other)
    return number(ratio.median) if ratio else "-"
