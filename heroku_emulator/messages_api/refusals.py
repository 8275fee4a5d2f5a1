"""Claude's refusals in Bedrock's words, and the checks of single fields that use them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from heroku_emulator.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

__all__ = [
    "check_choice",
    "check_integer",
    "check_number",
    "check_object",
    "check_text",
    "invalid_input",
    "refuse_unknown",
]

_RETURNED = "ValidationException: The model returned the following errors:"


def invalid_input(where: str, reason: str) -> ApiError:
    """Returns the refusal of a bad request: status 400, naming the place."""
    return ApiError(400, f"{_RETURNED} {where}: {reason}" if where else f"{_RETURNED} {reason}")


def refuse_unknown(value: Mapping[str, Any], known: Collection[str], where: str = "") -> None:
    """Refuses undocumented fields."""
    for name in value:
        if name not in known:
            raise invalid_input(f"{where}{name}", "Extra inputs are not permitted")


def check_object(value: Any, where: str) -> dict[str, Any]:
    """Returns a required JSON object."""
    if value is None:
        raise invalid_input(where, "Field required")
    if not isinstance(value, dict):
        raise invalid_input(where, "Input should be a valid dictionary")
    return value


def check_text(body: Mapping[str, Any], name: str, where: str = "") -> str:
    """Returns a required text, which can be empty."""
    if body.get(name) is None:
        raise invalid_input(f"{where}{name}", "Field required")
    if not isinstance(body[name], str):
        raise invalid_input(f"{where}{name}", "Input should be a valid string")
    return str(body[name])


def check_choice(
    body: Mapping[str, Any], name: str, choices: Collection[str], where: str = ""
) -> str:
    """Returns a required word, one of `choices`."""
    value = check_text(body, name, where)
    if value not in choices:
        expected = " or ".join(f"'{choice}'" for choice in choices)
        raise invalid_input(f"{where}{name}", f"Input should be {expected}")
    return value


def check_integer(body: Mapping[str, Any], name: str, low: int, where: str = "") -> int | None:
    """Returns an optional whole number of at least `low`."""
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool):
        raise invalid_input(f"{where}{name}", "Input should be a valid integer")
    if value < low:
        raise invalid_input(f"{where}{name}", f"Input should be greater than or equal to {low}")
    return value


def check_number(body: Mapping[str, Any], name: str) -> float | None:
    """Returns an optional number from 0 to 1, the range of every sampling parameter."""
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise invalid_input(name, "Input should be a valid number")
    if not 0 <= value <= 1:
        raise invalid_input(name, "range: 0..1")
    return value
