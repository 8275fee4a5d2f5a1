"""Checks of single fields, for every endpoint. Pure; a refusal is an `ApiError`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from heroku_emulator.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from heroku_emulator.models import Model
    from heroku_emulator.switches import Switches

__all__ = [
    "bad_request",
    "budget_fault",
    "check_choice",
    "check_flag",
    "check_integer",
    "check_number",
    "check_object",
    "check_sampling",
    "check_text",
    "refuse_unknown",
    "sampling_fault",
    "switches_of",
    "unrecognized",
]


def bad_request(message: str) -> ApiError:
    """Returns the refusal of a bad request: status 400, `invalid_request`."""
    return ApiError(400, message)


def switches_of(body: Mapping[str, Any], switches: Switches) -> Switches:
    """Returns the switches for a request, which can set `allow_ignored_params` itself."""
    allowed = check_flag(body, "allow_ignored_params")
    return switches if allowed is None else replace(switches, allow_ignored_params=allowed)


def refuse_unknown(
    value: Mapping[str, Any], known: Collection[str], switches: Switches | None = None
) -> None:
    """Refuses the first undocumented field, unless `switches` say to ignore it."""
    if switches is not None and switches.allow_ignored_params:
        return
    for name in value:
        if name not in known:
            raise unrecognized(name)


def unrecognized(name: str) -> ApiError:
    """Returns the refusal of a field, which does not say where the field is."""
    return bad_request(f"unrecognized request argument: {name}")


def check_text(body: Mapping[str, Any], name: str, where: str = "") -> str:
    """Returns a required text that must not be empty."""
    value = body.get(name)
    if value is None or value == "":
        raise bad_request(f"{where}{name} is required")
    if not isinstance(value, str):
        raise bad_request(f"{where}{name} must be a string")
    return value


def check_flag(body: Mapping[str, Any], name: str) -> bool | None:
    """Returns an optional boolean."""
    value = body.get(name)
    if value is not None and not isinstance(value, bool):
        raise bad_request(f"{name} must be a boolean")
    return value


def check_integer(body: Mapping[str, Any], name: str, low: int = 1) -> int | None:
    """Returns an optional whole number of at least `low`."""
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool):
        raise bad_request(f"{name} must be an integer")
    if value < low:
        raise bad_request(f"{name} must be at least {low}")
    return value


def check_number(body: Mapping[str, Any], name: str) -> float | None:
    """Returns an optional number from 0 to 1, the range of every sampling parameter."""
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise bad_request(f"{name} must be a number")
    if not 0 <= value <= 1:
        raise bad_request(f"{name} must be between 0 and 1")
    return value


def check_sampling(body: Mapping[str, Any], model: Model) -> None:
    """Checks the sampling parameters, in Bedrock's words where the model refuses them."""
    check_integer(body, "top_k", low=0)
    check_number(body, "temperature")
    check_number(body, "top_p")
    reason = sampling_fault(body, model)
    if reason is not None:
        raise bad_request(f"ValidationException: The model returned the following errors: {reason}")


def sampling_fault(body: Mapping[str, Any], model: Model) -> str | None:
    """Returns how the model refuses the sampling parameters of a request, or `None`."""
    given = [name for name in ("temperature", "top_p", "top_k") if body.get(name) is not None]
    if given and not model.sampling_parameters:
        return f"`{given[0]}` is deprecated for this model."
    if model.one_sampling_parameter and {"temperature", "top_p"} <= set(given):
        return (
            "`temperature` and `top_p` cannot both be specified for this model. "
            "Please use only one."
        )
    return None


def budget_fault(model: Model) -> str | None:
    """Returns how the model refuses thinking with a budget, or `None`."""
    if model.thinking_budget:
        return None
    return (
        '"thinking.type.enabled" is not supported for this model. Use "thinking.type.adaptive" and '
        '"output_config.effort" to control thinking behavior.'
    )


def check_choice(body: Mapping[str, Any], name: str, choices: Collection[str]) -> str | None:
    """Returns an optional word, one of `choices`."""
    value = body.get(name)
    if value is not None and (not isinstance(value, str) or value not in choices):
        raise bad_request(f"{name} must be one of {', '.join(choices)}")
    return value


def check_object(value: Any, where: str) -> dict[str, Any]:
    """Returns a required JSON object."""
    if not isinstance(value, dict):
        raise bad_request(f"{where} must be an object")
    return value
