"""Reads many files, goes on past those that cannot be read, and says at the end which and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from retrieval.documents import passed_over, read_contents
from retrieval.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from retrieval.documents import Section
    from retrieval.screen import Screen

__all__ = ["Problems", "read_all", "report"]


class Problems(NamedTuple):
    """What a user should know about the files: a sentence each."""

    failed: list[str]
    """Files that could not be read."""
    guessed: list[str]
    """Files that were read, though not as UTF-8."""
    blocked: list[str]
    """Passages that could not be embedded."""


def read_all(
    files: list[Path], on_progress: Callable[[int, int], None], *, strict: bool
) -> tuple[list[Section], Problems]:
    """Reads files; returns what they hold, and what was wrong.

    Raises:
        InputError: A file has a problem, and `strict` is set.
    """
    sections: list[Section] = []
    problems = Problems([], [], [])
    for done, file in enumerate(files, start=1):
        try:
            contents = read_contents(file)
        except InputError as error:
            if strict:
                raise
            problems.failed.append(str(error))
        else:
            if contents.remark:
                remark = f"{file} {contents.remark}"
                if strict:
                    raise InputError(remark)
                problems.guessed.append(remark)
            sections += contents.sections
        on_progress(done, len(files))
    return sections, problems


def report(problems: Problems, paths: Iterable[Path], screen: Screen) -> None:
    """Prints what was not read, what was read by guessing, and which kinds were passed over."""
    for title, lines in (
        ("Not read", problems.failed),
        ("Read, but not as UTF-8", problems.guessed),
        ("Not embedded", problems.blocked),
    ):
        for line in lines:
            screen.note(f"{title}: {line}")
    if others := passed_over(paths):
        kinds = ", ".join(f"{count} x {kind}" for kind, count in others.most_common())
        screen.note(f"Passed over, because they are other kinds of files: {kinds}")
