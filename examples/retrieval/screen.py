"""What the user sees: notes and progress on stderr, answers on stdout."""

from __future__ import annotations

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


class Screen:
    """Prints with colour and moving bars on a terminal, and plain lines everywhere else.

    Args:
        notes: Where notes and progress go; stderr by default.
    """

    def __init__(self, notes: Console | None = None) -> None:
        self._out = Console(highlight=False, soft_wrap=True)
        self._notes = notes or Console(stderr=True, highlight=False, soft_wrap=True)

    def note(self, text: str) -> None:
        """One line about what is going on."""
        self._notes.print(f"[dim]{escape(text)}[/dim]")

    def error(self, text: str) -> None:
        """One line about what went wrong."""
        line = " ".join(text.split())
        self._notes.print(f"[bold red]Error:[/bold red] {escape(line)}")

    def waiting(self, text: str) -> Status:
        """Context manager: a spinner while something happens that cannot be counted."""
        return self._notes.status(escape(text))

    @contextmanager
    def progress(self, text: str) -> Iterator[Callable[[int, int], None]]:
        """A bar that is moved by calling `(done, in all)`; gone when the work is."""
        columns = [TextColumn(text), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()]
        off = not self._notes.is_terminal
        with Progress(*columns, console=self._notes, transient=True, disable=off) as bars:
            bar = bars.add_task(text, total=None)
            yield lambda done, total: bars.update(bar, completed=done, total=total)

    def question(self, text: str) -> None:
        """The headline of what follows."""
        self._out.print()
        self._out.print(f"[bold cyan]▌ {escape(text)}[/bold cyan]")
        self._out.print()

    def answer(self, pieces: Iterable[str]) -> str:
        """Prints an answer while it arrives, and returns the whole of it."""
        heard: list[str] = []
        for piece in pieces:
            heard.append(piece)
            self._out.print(piece, end="", markup=False)
        self._out.print()
        return "".join(heard)

    def sources(self, sources: Sequence[Source], answer: str) -> None:
        """The numbered sources with their scores; those the answer does not cite are dimmed."""
        cited = cited_numbers(answer)
        self._out.print()
        for source in sources:
            filled = round(source.score * _SCORE_BAR)
            bar = f"[green]{'█' * filled}[/green]{'░' * (_SCORE_BAR - filled)}"
            where = f"{source.file}, {source.place}" if source.place else source.file
            line = f"\\[{source.number}]  {source.score:.2f}  {bar}  {escape(where)}"
            self._out.print(line, style=None if source.number in cited else "dim")
