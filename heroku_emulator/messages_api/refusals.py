"""How Claude refuses, in the words that come through Bedrock, and checks that use them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from heroku_emulator.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

__all__ = ["integer", "invalid", "number", "object_of", "only", "text", "word"]

_RETURNED = "ValidationException: The model returned the following errors:"


def invalid(where: str, reason: str) -> ApiError:
    """Returns the refusal of a bad request: status 400, naming the place in it."""
    return ApiError(400, f"{_RETURNED} {where}: {reason}" if where else f"{_RETURNED} {reason}")


def only(value: Mapping[str, Any], known: Collection[str], where: str = "") -> None:
    """Refuses fields that are not documented."""
    for name in value:
        if name not in known:
            raise invalid(f"{where}{name}", "Extra inputs are not permitted")


def object_of(value: Any, where: str) -> dict[str, Any]:
    """Returns a JSON object that must be there."""
    if value is None:
        raise invalid(where, "Field required")
    if not isinstance(value, dict):
        raise invalid(where, "Input should be a valid dictionary")
    return value


def text(body: Mapping[str, Any], name: str, where: str = "") -> str:
    """Returns a text that must be there, and may be empty."""
    if body.get(name) is None:
        raise invalid(f"{where}{name}", "Field required")
    if not isinstance(body[name], str):
        raise invalid(f"{where}{name}", "Input should be a valid string")
    return str(body[name])


def word(body: Mapping[str, Any], name: str, choices: Collection[str], where: str = "") -> str:
    """Returns a word out of a few, which must be there."""
    value = text(body, name, where)
    if value not in choices:
        expected = " or ".join(f"'{choice}'" for choice in choices)
        raise invalid(f"{where}{name}", f"Input should be {expected}")
    return value


def integer(body: Mapping[str, Any], name: str, low: int, where: str = "") -> int | None:
    """Returns an optional whole number of at least `low`."""
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool):
        raise invalid(f"{where}{name}", "Input should be a valid integer")
    if value < low:
        raise invalid(f"{where}{name}", f"Input should be greater than or equal to {low}")
    return value


def number(body: Mapping[str, Any], name: str) -> float | None:
    """Returns an optional number from 0 to 1, the range of every sampling parameter."""
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise invalid(name, "Input should be a valid number")
    if not 0 <= value <= 1:
        raise invalid(name, "range: 0..1")
    return value
