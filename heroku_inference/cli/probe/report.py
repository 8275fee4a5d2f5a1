"""What the probe found, for a terminal and as a report that can be pasted into an issue.

A report holds questions, observations and names of models. It holds no key, no header's value, no
request id and no host name but Heroku's own.
"""

from __future__ import annotations

import json
from collections import Counter
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from rich.table import Table
from rich.text import Text

from heroku_inference.cli.screen import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from heroku_inference.cli.probe.exchanges import Exchange
    from heroku_inference.cli.probe.runner import Finding, Verdict
    from heroku_inference.cli.screen import Screen

__all__ = ["as_json", "as_markdown", "show", "show_plan"]

_STYLES: Final[dict[Verdict, str]] = {
    "as assumed": "green",
    "differs": "bold yellow",
    "refused": "bold red",
}
_HEROKU: Final = ".heroku.com"


def show_plan(screen: Screen, exchanges: Sequence[Exchange], questions: int) -> None:
    """Print the requests that would be made, and the most tokens that they can cost."""
    table = Table.grid(padding=(0, 2, 0, 0))
    for _ in range(2):
        table.add_column(no_wrap=True)
    table.add_column(justify="right")
    for exchange in exchanges:
        tokens = f"{exchange.most_tokens:,} tokens" if exchange.most_tokens else "-"
        table.add_row(Text(exchange.name), Text(exchange.path, style="dim"), Text(tokens))
    screen.print(table)
    screen.print()
    most = sum(exchange.most_tokens for exchange in exchanges)
    screen.print(
        f"{questions} questions, {len(exchanges)} requests, at most {most:,} tokens in all."
    )


def show(screen: Screen, findings: Sequence[Finding]) -> None:
    """Print a table of what was found, and the count of each verdict."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    table.add_column(overflow="fold")
    for finding in findings:
        style = _STYLES[finding.verdict]
        observed = finding.observed
        if finding.verdict != "as assumed":
            observed = f"{observed} (assumed: {' or '.join(finding.question.assumed)})"
        table.add_row(
            Text(finding.verdict, style=style),
            Text(finding.question.asks),
            Text(one_line(observed)),
        )
    screen.print(table)
    screen.print()
    screen.print(_count(findings))


def as_json(base_url: str, findings: Sequence[Finding], day: date) -> dict[str, Any]:
    """The same as JSON: see the help of `heroku-inference probe`."""
    return {
        "version": 1,
        "date": day.isoformat(),
        "host": _host(base_url),
        "library": version("heroku-inference"),
        "findings": [
            {
                "name": finding.question.name,
                "asks": finding.question.asks,
                "model": finding.model,
                "assumed": list(finding.question.assumed),
                "verdict": finding.verdict,
                "observed": one_line(finding.observed),
            }
            for finding in findings
        ],
    }


def as_markdown(base_url: str, findings: Sequence[Finding], day: date) -> str:
    """The report as a page that somebody can paste into an issue."""
    rows = [
        f"| {finding.question.name} | {finding.model} | {finding.verdict} "
        f"| {_cell(finding.observed)} | {_cell(' or '.join(finding.question.assumed))} |"
        for finding in findings
    ]
    where = f"heroku-inference {version('heroku-inference')}, {_host(base_url)}, {day.isoformat()}"
    head = [
        f"{where}: {_count(findings)}.",
        "",
        "| question | model | verdict | observed | assumed |",
        "| --- | --- | --- | --- | --- |",
    ]
    return "\n".join([*head, *rows, ""])


def _count(findings: Sequence[Finding]) -> str:
    counts = Counter(finding.verdict for finding in findings)
    return ", ".join(f"{counts[verdict]} {verdict}" for verdict in _STYLES if counts[verdict])


def _cell(text: str) -> str:
    return json.dumps(one_line(text), ensure_ascii=False)[1:-1].replace("|", "\\|")


def _host(base_url: str) -> str:
    """Heroku's host by name; any other host could tell whose it is."""
    host = urlsplit(base_url).hostname or ""
    return host if host.endswith(_HEROKU) else "another host"
