"""What the user sees: results on stdout, everything else on stderr."""

from __future__ import annotations

import json
import re
import sys
import warnings
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console
from rich.live import Live
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import RenderableType
    from rich.status import Status

__all__ = ["Screen", "Signs", "flowing", "json_text", "one_line", "printable"]

# Lines that go into a file or a pipe are for programs: they are not wrapped.
_UNWRAPPED = 2000  # columns

# C0 and C1 controls steer a terminal. Bidirectional ones have it show other words than were sent.
_CONTROLS: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class Signs:
    """Signs for good, bad and neither, in what the output can show.

    Args:
        encoding: That of the output.
    """

    def __init__(self, encoding: str) -> None:
        try:
            "✓✗".encode(encoding)
            self.yes, self.no, self.neither = "✓", "✗", "–"  # noqa: RUF001 - not a minus
        except (LookupError, UnicodeEncodeError):
            self.yes, self.no, self.neither = "ok", "FAIL", "-"


class Screen:
    """Prints with colour on a terminal, and plain lines everywhere else."""

    def __init__(self) -> None:
        wide = None if sys.stdout.isatty() else _UNWRAPPED
        self.out = Console(highlight=False, markup=False, width=wide)
        self._notes = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
        self.signs = Signs(self.out.encoding)

    def print(self, what: RenderableType = "") -> None:
        """A part of the result. Tables leave blanks behind short lines: programs get none."""
        if self.out.is_terminal:
            self.out.print(what)
            return
        with self.out.capture() as captured:
            self.out.print(what)
        sys.stdout.write("".join(f"{line.rstrip()}\n" for line in captured.get().splitlines()))

    def note(self, text: str) -> None:
        """A line about what is going on."""
        self._notes.print(printable(text), style="dim")

    def warn(self, text: str) -> None:
        """A line about what is not as it should be."""
        self._notes.print(Text("Warning: ", style="bold yellow") + Text(one_line(text)))

    def error(self, text: str) -> None:
        """A line about what went wrong."""
        self._notes.print(Text("Error: ", style="bold red") + Text(one_line(text)))

    def piece(self, text: str) -> None:
        """A piece of an answer, at once. What goes to a file or a pipe stays as it is."""
        sys.stdout.write(printable(text) if sys.stdout.isatty() else text)
        sys.stdout.flush()

    def aside(self, text: str) -> None:
        """A piece of the thinking behind an answer."""
        self._notes.print(printable(text), style="dim italic", end="")

    def waiting(self, text: str) -> Status:
        """Context manager: a spinner while something happens, on a terminal only."""
        return self._notes.status(Text(text))

    @property
    def can_redraw(self) -> bool:
        """Whether notes go to a terminal that can draw over what it shows."""
        return self._notes.is_terminal and not self._notes.is_dumb_terminal

    def redrawn(self, render: Callable[[int], RenderableType]) -> Live:
        """Context manager: lines, told their width, that are drawn anew four times a second."""
        console = self._notes
        return Live(get_renderable=lambda: render(console.width), console=console, transient=True)

    def show_warnings(self) -> None:
        """Has the library's warnings shown as lines, from now on."""
        warnings.showwarning = lambda message, *_, **__: self.warn(str(message))


def printable(text: str) -> str:
    """The text without control characters: those that a server sends could steer a terminal."""
    return _CONTROLS.sub("", text)


def json_text(value: Any) -> str:
    """JSON for programs and for readers, with control characters written as escapes."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    return _CONTROLS.sub(lambda sign: f"\\u{ord(sign[0]):04x}", text)


def flowing(text: str) -> str:
    """The text with one line a paragraph, so that a terminal of any width can break it."""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in text.strip().split("\n\n"))


def one_line(text: str) -> str:
    """The text as one line that shows on any terminal."""
    return printable(" ".join(text.split()))
