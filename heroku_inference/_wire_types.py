"""What the fields of an answer may hold, and what is made of anything else. Pure.

Servers, and gateways before them, send any JSON. One rule for every endpoint: a
malformed count or date is unknown, an id is text, and content of another type is an error that
names its field.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from pydantic_core import to_json

from heroku_inference._values import Usage

if TYPE_CHECKING:
    from typing import Self

__all__ = [
    "WrongTypeError",
    "count",
    "identifier",
    "json_text",
    "list_at",
    "moment",
    "object_at",
    "reason",
    "text_at",
    "usage_of",
]

_LARGEST: Final = 2**53  # the largest whole number that every reader of JSON keeps as it is
# Where a detail stands: in OpenAI's object, under its name there, or alone as Anthropic has it.
_DETAILS: Final = {
    "cached_tokens": ("prompt_tokens_details", "cached_tokens", "cache_read_input_tokens"),
    "cache_creation_tokens": (
        "prompt_tokens_details",
        "cache_creation_tokens",
        "cache_creation_input_tokens",
    ),
    "reasoning_tokens": ("completion_tokens_details", "reasoning_tokens", "reasoning_tokens"),
}


class WrongTypeError(Exception):
    """Content is of another type than its field; `str(error)` names the field, as seen so far."""

    def __init__(self, expected: str, *path: str | int) -> None:
        super().__init__(expected)
        self._expected = expected
        self._path = path

    def within(self, *path: str | int) -> Self:
        """The same error, with the path to the part that was looked at."""
        self._path = (*path, *self._path)
        return self

    def __str__(self) -> str:
        place = ".".join(map(str, self._path)) or "it"
        return f"{place} is not {self._expected}"


def text_at(value: Any, *path: str | int) -> str:
    """A text; `null` is an empty one.

    Raises:
        WrongTypeError: It is neither.
    """
    if type(value) is str:
        return value
    if value is None:
        return ""
    raise WrongTypeError("text", *path)


def object_at(value: Any, *path: str | int) -> dict[str, Any]:
    """An object.

    Raises:
        WrongTypeError: It is none.
    """
    if type(value) is dict:
        return value
    raise WrongTypeError("an object", *path)


def list_at(value: Any, *path: str | int) -> list[Any]:
    """A list; `null` is an empty one.

    Raises:
        WrongTypeError: It is neither.
    """
    if type(value) is list:
        return value
    if value is None:
        return []
    raise WrongTypeError("a list", *path)


def count(value: Any) -> int | None:
    """A whole number from 0, or `None` for anything else."""
    return value if type(value) is int and 0 <= value <= _LARGEST else None


def identifier(value: Any) -> str | None:
    """An id or a name as text, also one that came as a number; `None` for anything else."""
    if type(value) is str:
        return value or None
    return str(value) if type(value) in {int, float} else None


def reason(value: Any) -> str | None:
    """Why an answer ended, as text, whatever the server made of it."""
    if type(value) is str:
        return value or None
    return json_text(value) if value else None


def moment(value: Any) -> datetime | None:
    """A date of RFC 3339, or `None` for anything else."""
    try:
        return datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None


def json_text(value: Any) -> str:
    """A value that is of no known type, so that it is not lost."""
    return to_json(value).decode()


def usage_of(counts: Any) -> Usage | None:
    """The tokens of a call; `None` for zeros, which say nothing, and where they are not known.

    Of prompt, answer and total, the one that is missing or wrong follows from the others.
    """
    if type(counts) is not dict:
        return None
    prompt, completion, total = (
        _count_or_zero(counts.get("prompt_tokens")),
        _count_or_zero(counts.get("completion_tokens")),
        _count_or_zero(counts.get("total_tokens")),
    )
    if not total and prompt is not None and completion is not None:
        total = prompt + completion
    if not total:
        return None
    if prompt is None and completion is not None:
        prompt = count(total - completion)
    elif completion is None and prompt is not None:
        completion = count(total - prompt)
    if prompt is None or completion is None:
        return None
    return Usage(prompt, completion, total, **_details(counts))


def _count_or_zero(value: Any) -> int | None:
    return 0 if value is None else count(value)


def _details(counts: dict[str, Any]) -> dict[str, int]:
    found: dict[str, int] = {}
    for name, (part, field, alone) in _DETAILS.items():
        details = counts.get(part)
        number = count(details.get(field)) if type(details) is dict else None
        if number is None:
            number = count(counts.get(alone))
        if number is not None:
            found[name] = number
    return found
