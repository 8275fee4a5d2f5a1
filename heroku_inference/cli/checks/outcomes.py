"""Results of checks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from heroku_inference._values import Shown

__all__ = ["Outcome", "Result", "Skipped", "WrongAnswer"]

Outcome = Literal["passed", "failed", "skipped"]


class Skipped(Exception):  # noqa: N818 - nothing went wrong
    """A check cannot or need not run; the message says why."""


class WrongAnswer(Exception):  # noqa: N818 - it is the answer that is wrong
    """The API answered, but not what it documents: the first argument says what.

    Args:
        what: In one line.
        remedy: What to do about it.
    """

    def __init__(self, what: str, remedy: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Result(Shown):
    """The result of a check; `remedy` may also be advice about a check that passed."""

    name: str
    title: str
    outcome: Outcome
    detail: str
    remedy: str | None = None
    milliseconds: int | None = None
    error: Exception | None = None
