"""Calls whose arguments a model wrote as its answer, since it could not be made to call. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from heroku_inference._chat.tool_arguments import parse_arguments

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["arguments_in_text"]

_FENCED: Final = re.compile(r"```[^\n`{]*\s*(\{.*\})\s*```", re.DOTALL)


def arguments_in_text(text: str, required: Iterable[str] = ()) -> dict[str, Any] | None:
    """The arguments of a call that a model wrote as its answer instead, alone or in a code fence.

    `None` for other text, and for objects without these required keys.
    """
    fenced = _FENCED.search(text)
    try:
        arguments = parse_arguments(fenced[1] if fenced else text)
    except ValueError:
        return None
    return arguments if text.strip() and all(name in arguments for name in required) else None
