"""What an adapter says of texts that Heroku refuses, and where they are in the caller's list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from heroku_inference._errors import APIError
from heroku_inference._warnings import warn_caller

if TYPE_CHECKING:
    from collections.abc import Sequence

    from heroku_inference._errors import HerokuError

__all__ = ["relocate", "warn_of_refused"]

_MOST: Final = 5  # texts that a warning names


def warn_of_refused(noun: str, refused: Sequence[tuple[int, str]]) -> None:
    """Warn that texts were left out, if there are any."""
    if refused:
        named = "; ".join(f"{index}: {reason}" for index, reason in refused[:_MOST])
        more = " ..." if len(refused) > _MOST else ""
        warn_caller(f"Heroku refused {len(refused)} {noun}, which are left out: {named}{more}")


def relocate(error: HerokuError, positions: Sequence[int]) -> None:
    """Name texts by their `positions` in a longer list than the one that was embedded."""
    error.done = {positions[index]: vector for index, vector in error.done.items()}
    if isinstance(error, APIError) and error.index is not None:
        index = positions[error.index]
        error.problem = error.problem.replace(f"Text {error.index}:", f"Text {index}:", 1)
        error.args = (error.problem, *error.args[1:])
        error.index = index
