"""The output of the examples: notes and progress on stderr, answers on stdout."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from retrieval.answering import cited_numbers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from rich.status import Status

    from retrieval.answering import Source

__all__ = ["Screen"]

_SCORE_BAR = 10  # characters
_SECONDS_BETWEEN_LINES = 5.0
"""How often a log is told about progress; short work needs no line."""


class Screen:
    """Prints colours and progress bars on a terminal, and plain lines elsewhere.

    Args:
        notes: Where notes and progress go; stderr by default.
        seconds: Without a terminal, the time between two lines about progress.
    """

    def __init__(
        self, notes: Console | None = None, seconds: float = _SECONDS_BETWEEN_LINES
    ) -> None:
        self._seconds = seconds
        self._out = Console(highlight=False, soft_wrap=True)
        self._notes = notes or Console(stderr=True, highlight=False, soft_wrap=True)

    def note(self, text: str) -> None:
        """Prints one line about progress."""
        self._notes.print(f"[dim]{escape(' '.join(text.split()))}[/dim]")

    def error(self, text: str) -> None:
        """Prints one line about an error."""
        line = " ".join(text.split())
        self._notes.print(f"[bold red]Error:[/bold red] {escape(line)}")

    def waiting(self, text: str) -> Status:
        """Shows a spinner during work of unknown length, as a context manager."""
        return self._notes.status(escape(text))

    @contextmanager
    def progress(self, text: str) -> Iterator[Callable[[int, int], None]]:
        """Shows a bar that a call of `(done, total)` moves; it disappears with the block's end.

        Without a terminal, it prints a line every few seconds.
        """
        if not self._notes.is_terminal:
            yield self._progress_lines(text)
            return
        columns = [TextColumn(text), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()]
        with Progress(*columns, console=self._notes, transient=True) as bars:
            bar = bars.add_task(text, total=None)
            yield lambda done, total: bars.update(bar, completed=done, total=total)

    def _progress_lines(self, text: str) -> Callable[[int, int], None]:
        last = time.monotonic()

        def advance(done: int, total: int) -> None:
            nonlocal last
            if time.monotonic() - last >= self._seconds:
                last = time.monotonic()
                self.note(f"{text}: {done} of {total}")

        return advance

    def question(self, text: str) -> None:
        """Prints a question as a headline."""
        self._out.print()
        self._out.print(f"[bold cyan]▌ {escape(text)}[/bold cyan]")
        self._out.print()

    def answer(self, pieces: Iterable[str]) -> str:
        """Prints an answer while it arrives, and returns all of it."""
        printed: list[str] = []
        for piece in pieces:
            printed.append(piece)
            self._out.print(piece, end="", markup=False)
        self._out.print()
        return "".join(printed)

    def nothing_fits(self, text: str) -> None:
        """Says that no passage answers the question."""
        self._out.print(f"[yellow]{escape(text)}[/yellow]")

    def sources(self, sources: Sequence[Source], answer: str) -> None:
        """Prints the numbered sources with their scores; dims those that the answer leaves out."""
        cited = cited_numbers(answer)
        self._out.print()
        for source in sources:
            filled = round(source.score * _SCORE_BAR)
            bar = f"[green]{'█' * filled}[/green]{'░' * (_SCORE_BAR - filled)}"
            where = f"{source.file}, {source.place}" if source.place else source.file
            line = f"\\[{source.number}]  {source.score:.2f}  {bar}  {escape(where)}"
            self._out.print(line, style=None if source.number in cited else "dim")
