"""All checks, in the order they are made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from heroku_inference.cli.checks.chat import CHAT_CHECKS
from heroku_inference.cli.checks.extra import EXTRA_CHECKS
from heroku_inference.cli.checks.vectors import FIRST_CHECKS, TEXT_CHECKS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from heroku_inference.cli.checks.runner import Check

__all__ = ["CHECKS", "DEFAULT_CALLS", "NAMES", "choose_checks"]

CHECKS: Final[tuple[Check, ...]] = (*FIRST_CHECKS, *CHAT_CHECKS, *TEXT_CHECKS, *EXTRA_CHECKS)

DEFAULT_CALLS: Final = sum(check.calls for check in CHECKS if not check.extra)
"""How many calls that cost something are made when nothing else is said."""

NAMES: Final = ", ".join(check.name for check in CHECKS)
"""What `--only` takes."""


def choose_checks(only: Sequence[str], *, everything: bool) -> list[Check] | str:
    """The checks to make, or what is wrong with the names."""
    unknown = set(only) - {check.name for check in CHECKS}
    if unknown:
        return f"there is no check {min(unknown)!r}; the checks are {NAMES}."
    if only:
        return [check for check in CHECKS if check.name in only]
    return [check for check in CHECKS if everything or not check.extra]
