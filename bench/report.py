"""Prints a table for each row, with ratios to the peer and the floor, and our bounds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.rounds import Outcome
    from bench.row import Bound

__all__ = ["as_json", "table"]


def table(outcome: Outcome) -> str:
    """Returns one line for each contender of a row, and the bounds below."""
    return "\n".join(_lines(outcome))


def as_json(outcome: Outcome) -> dict[str, Any]:
    """Returns the same as JSON values."""
    return {
        "row": outcome.row.name,
        "unit": outcome.row.unit,
        "values": outcome.values,
        "rounds": outcome.rounds,
        "skipped": outcome.skipped,
        "bounds": [
            {"bound": f"{bound.contender} {bound}", "kept": _is_kept(bound, outcome)}
            for bound in outcome.row.bounds
        ],
    }


def _lines(outcome: Outcome) -> Iterator[str]:
    row, values = outcome.row, outcome.values
    references = [name for name in (row.peer, row.floor) if name in values]
    yield f"{row.name}: {row.work} ({row.unit})"
    yield f"  {'':<20}{'median':>10}  " + "  ".join(f"{'x ' + name:>20}" for name in references)
    for name in row.contenders:
        if name in values:
            ratios = (f"{_ratio(values[name], values[other]):>20}" for other in references)
            yield f"  {name:<20}{values[name]:>10.1f}  " + "  ".join(ratios)
        else:
            yield f"  {name:<20}{'skipped':>10}  {outcome.skipped.get(name, '')}"
    for bound in row.bounds:
        yield f"  {_mark(_is_kept(bound, outcome))} {bound.contender} {bound}"


def _ratio(value: float, other: float) -> str:
    return f"{value / other:.2f}" if other > 0 else "-"


def _is_kept(bound: Bound, outcome: Outcome) -> bool | None:
    """Says whether the bound is kept; `None` if one of the two did not run."""
    values = outcome.values
    limit = bound.limit(values)
    if limit is None or bound.contender not in values:
        return None
    return values[bound.contender] <= limit


def _mark(kept: bool | None) -> str:
    return {True: "pass", False: "MISS", None: "  - "}[kept]
