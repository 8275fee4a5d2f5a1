"""`heroku-inference rerank`: documents in the order of their relevance to a question."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from rich.table import Table

from heroku_inference._corpus.sources import Source
from heroku_inference._errors import ConfigError
from heroku_inference.cli.screen import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from heroku_inference._endpoints.rerank import RerankResult
    from heroku_inference.cli.screen import Screen

    Documents = Sequence[tuple[str | int, str]]

__all__ = ["as_json", "documents_of", "show"]


def documents_of(paths: Sequence[str]) -> Documents:
    """Each document's id and text: from files, as for `embed`; without any, stdin's lines.

    Raises:
        ConfigError: Something cannot be read, or there is nothing to read.
    """
    if paths:
        return list(Source(paths))
    if sys.stdin.isatty():
        raise ConfigError("There are no documents.", "Name their files, or pipe them in as lines.")
    lines = sys.stdin.buffer.read().decode("utf-8-sig", errors="replace").splitlines()
    found = [(number, line) for number, line in enumerate(lines, 1) if line.strip()]
    if not found:
        raise ConfigError("There are no documents in stdin.", "Pipe in one on each line.")
    return found


def as_json(documents: Documents, ranking: RerankResult) -> list[dict[str, Any]]:
    """The documents as JSON: see the help of `heroku-inference rerank`."""
    return [
        {"id": documents[hit.index][0], "score": hit.score, "text": documents[hit.index][1]}
        for hit in ranking.hits
    ]


def show(screen: Screen, documents: Documents, ranking: RerankResult) -> None:
    """Prints score, id and beginning of each document, and what was refused."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("SCORE", justify="right", no_wrap=True)
    table.add_column("ID", no_wrap=True)
    table.add_column("TEXT", no_wrap=True, overflow="ellipsis")
    for hit in ranking.hits:
        name, text = documents[hit.index]
        table.add_row(f"{hit.score:.3f}", one_line(str(name)), one_line(text))
    screen.print(table)
