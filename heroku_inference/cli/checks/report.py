"""What became of the checks, for people and for programs."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from rich.table import Table
from rich.text import Text

from heroku_inference.cli.config_vars import KINDS
from heroku_inference.cli.screen import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from heroku_inference.cli.checks.outcomes import Outcome, Result
    from heroku_inference.cli.config_vars import Found
    from heroku_inference.cli.screen import Screen

__all__ = ["SCHEMA_VERSION", "as_json", "show"]

SCHEMA_VERSION: Final = 1
_STYLES: Final[dict[Outcome, str]] = {"passed": "green", "failed": "bold red", "skipped": "dim"}


def show(
    screen: Screen, found: Sequence[Found], results: Sequence[Result], stopped: str | None
) -> None:
    """Prints the attachments, a table of the checks, what to do, and the sum."""
    if found:
        screen.print(_attachments(found))
        screen.print()
    screen.print(_table(screen, results))
    remedies = _remedies(results)
    if remedies:
        screen.print()
        screen.print(Text("What to do", style="bold"))
        screen.print(_remedy_table(remedies))
    screen.print()
    screen.print(_sum(results))
    if stopped:
        screen.print(stopped)


def as_json(
    base_url: str | None, found: Sequence[Found], results: Sequence[Result], stopped: str | None
) -> dict[str, Any]:
    """The same as JSON: see the help of `heroku-inference check`."""
    return {
        "version": SCHEMA_VERSION,
        "ok": not any(result.outcome == "failed" for result in results),
        "base_url": base_url,
        "attachments": [
            {
                "alias": one.alias,
                "key": one.has_key,
                "url": one.url,
                "model": one.model,
                "source": one.source,
                "used_for": list(one.used_for),
            }
            for one in found
        ],
        "checks": [
            {
                "name": result.name,
                "title": result.title,
                "result": result.outcome,
                "detail": one_line(result.detail),
                "remedy": one_line(result.remedy) if result.remedy else None,
                "milliseconds": result.milliseconds,
            }
            for result in results
        ],
        "stopped": stopped,
    }


def _attachments(found: Sequence[Found]) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for one in found:
        used = ", ".join(KINDS[kind] for kind in one.used_for) or "not used"
        facts = [
            one.url or "no usable URL",
            one.model or "no model set",
            "key present" if one.has_key else "no key",
            f"from {one.source}",
            used,
        ]
        style = "" if one.used_for else "dim"
        table.add_row(
            Text(one.alias, style=style or "bold"), Text(one_line(" · ".join(facts)), style)
        )
    return table


def _table(screen: Screen, results: Sequence[Result]) -> Table:
    signs: dict[Outcome, str] = {
        "passed": screen.signs.yes,
        "failed": screen.signs.no,
        "skipped": screen.signs.neither,
    }
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(overflow="fold")
    for result in results:
        took = "" if result.milliseconds is None else f"{result.milliseconds:,} ms"
        table.add_row(
            Text(signs[result.outcome], style=_STYLES[result.outcome]),
            Text(result.title, style="dim" if result.outcome == "skipped" else ""),
            Text(took, style="dim"),
            Text(one_line(result.detail), style="dim" if result.outcome == "skipped" else ""),
        )
    return table


def _remedies(results: Sequence[Result]) -> dict[str, list[str]]:
    """Each thing to do once, with the checks that it is for."""
    remedies: dict[str, list[str]] = {}
    for result in results:
        if result.remedy:
            remedies.setdefault(result.remedy, []).append(result.title)
    return remedies


def _remedy_table(remedies: dict[str, list[str]]) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(max_width=20)
    table.add_column(overflow="fold")
    for remedy, titles in remedies.items():
        table.add_row(Text(", ".join(titles)), Text(one_line(remedy)))
    return table


def _sum(results: Sequence[Result]) -> Text:
    counts = Counter(result.outcome for result in results)
    return Text(", ").join(
        Text(f"{counts[outcome]} {outcome}", style=_STYLES[outcome])
        for outcome in ("passed", "failed", "skipped")
        if counts[outcome]
    )
