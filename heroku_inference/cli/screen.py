"""What the user sees: results on stdout, everything else on stderr."""

from __future__ import annotations

import sys
import warnings
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.status import Status

__all__ = ["Screen", "Signs", "flowing", "one_line", "printable"]

# Lines that go into a file or a pipe are for programs: they are not wrapped.
_UNWRAPPED = 2000  # columns


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

    def show_warnings(self) -> None:
        """Has the library's warnings shown as lines, from now on."""
        warnings.showwarning = lambda message, *_, **__: self.warn(str(message))


def printable(text: str) -> str:
    """The text without control characters: those that a server sends could steer a terminal."""
    return "".join(sign for sign in text if sign in "\n\t" or not _is_control(sign))


def flowing(text: str) -> str:
    """The text with one line a paragraph, so that a terminal of any width can break it."""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in text.strip().split("\n\n"))


def one_line(text: str) -> str:
    """The text as one line that shows on any terminal."""
    return printable(" ".join(text.split()))


def _is_control(sign: str) -> bool:
    return sign < " " or "\x7f" <= sign <= "\x9f"
