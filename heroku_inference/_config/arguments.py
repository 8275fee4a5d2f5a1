"""Checks of the arguments that every class takes, made when the object is constructed."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Mapping
from numbers import Integral, Real
from typing import Any

from heroku_inference._errors import ConfigError, UnknownArgumentError

__all__ = [
    "check_callback",
    "check_extra_body",
    "check_headers",
    "check_max_retries",
    "check_rate_limit_timeout",
    "check_timeout",
    "nearest_name",
    "refuse_unknown",
    "unknown_argument",
]


def check_timeout(value: object) -> None:
    """Accept `None` or a finite number of seconds above 0.

    Raises:
        ConfigError: `value` is neither.
    """
    if value is None:
        return
    # A value of another type is not shown: an argument in the wrong place may be a key.
    if isinstance(value, bool) or not isinstance(value, Real):
        raise ConfigError(
            f"timeout must be a number of seconds, got {_described(value)}.",
            "Pass a number such as 30, or leave it out for the defaults.",
        )
    if not 0 < float(value) < math.inf:
        bound = "greater than 0 seconds" if float(value) <= 0 else "a finite number of seconds"
        raise ConfigError(
            f"timeout must be {bound}, got {value}.",
            "Leave it out for the defaults: 60 seconds, and 120 between two events of a stream.",
        )


def check_max_retries(value: object) -> None:
    """Accept a whole number from 0.

    Raises:
        ConfigError: `value` is something else.
    """
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise ConfigError(
            f"max_retries must be a whole number, got {_described(value)}.",
            "Pass 0 to switch retries off, or leave it out for the default of 2.",
        )
    if value < 0:
        raise ConfigError(
            f"max_retries must be 0 or more, got {value}.",
            "Pass 0 to switch retries off, or leave it out for the default of 2.",
        )


def check_rate_limit_timeout(value: object) -> None:
    """Accept `None` or a finite number of seconds from 0.

    Raises:
        ConfigError: `value` is neither.
    """
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, Real):
        raise ConfigError(
            f"rate_limit_timeout must be a number of seconds, got {_described(value)}.",
            "Pass a number such as 60, or 0 to hear of a rate limit at once.",
        )
    if not 0 <= float(value) < math.inf:
        raise ConfigError(
            f"rate_limit_timeout must be a finite number from 0, got {value}.",
            "Leave it out for the default of 300 seconds, or pass 0 to hear of a limit at once.",
        )


def check_headers(value: object) -> dict[str, str]:
    """The headers with lower-case names and trimmed values; `None` means no headers.

    Raises:
        ConfigError: `value` is not a mapping, or a name or a value cannot be sent.
    """
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise ConfigError(
            f"default_headers must be a mapping of names to values, got {_described(value)}.",
            'Pass a dict such as {"x-team": "search"}.',
        )
    return {_header_name(name): _header_value(name, value[name]) for name in value}


def check_callback(name: str, value: object) -> None:
    """Accept `None` or something that can be called.

    Raises:
        ConfigError: `value` is neither.
    """
    if value is not None and not callable(value):
        raise ConfigError(
            f"{name} must be a function or None, got {_described(value)}.",
            "Pass the function itself, without calling it.",
        )


def check_extra_body(value: object) -> None:
    """Accept `None` or a mapping.

    Raises:
        ConfigError: `value` is neither.
    """
    if value is not None and not isinstance(value, Mapping):
        raise ConfigError(
            f"extra_body must be a mapping, got {_described(value)}.",
            "Pass a dict of the fields to add to the request's body.",
        )


def refuse_unknown(arguments: dict[str, Any], known: Collection[str], owner: str) -> None:
    """Refuse arguments that a class or function does not have.

    Raises:
        UnknownArgumentError: There is one, and `arguments` is empty from then on: a key under a
            misspelt name must not show in a traceback.
    """
    for name in arguments:
        if name not in known:
            arguments.clear()
            raise unknown_argument(name, sorted(known), owner=owner)


def unknown_argument(
    name: str,
    known: Iterable[str] | None,
    *,
    owner: str = "",
    kind: str = "argument",
    remedy: str = "",
) -> ConfigError:
    """The error for an argument that does not exist; it names the nearest one that does.

    Args:
        name: The argument.
        known: The arguments that exist.
        owner: The function or class that was called, such as `Client`.
        kind: What it is called: an argument, or an option.
        remedy: What to do when no name is near; the list of known names by default.
    """
    names = list(known or ())
    nearest = nearest_name(name, names)
    if not name.isidentifier():
        name = "..."  # a key may have come in place of a name, and has other characters
    problem = f"{owner}() has no {kind} {name!r}." if owner else f"There is no {kind} {name!r}."
    if nearest is not None:
        return UnknownArgumentError(problem, f"Did you mean {nearest!r}?")
    return UnknownArgumentError(problem, remedy or f"The {kind}s are {', '.join(names)}.")


def nearest_name(name: str, known: Iterable[str]) -> str | None:
    """The known name that `name` most likely stands for, or `None` when none is near."""
    from difflib import get_close_matches  # noqa: PLC0415 - needed after a mistake only

    by_lower = {other.lower(): other for other in known}
    wanted = name.lower()
    if close := get_close_matches(wanted, by_lower, n=1, cutoff=0.7):
        return by_lower[close[0]]
    # `url` for `base_url`, `timeout_seconds` for `timeout`.
    words = wanted.split("_")
    near = [lower for lower in by_lower if wanted in lower.split("_") or lower in words]
    return by_lower[min(near, key=len)] if near else None


def _described(value: object) -> str:
    return "None" if value is None else f"a value of type {type(value).__name__}"


def _header_name(name: object) -> str:
    if not isinstance(name, str) or not re.fullmatch(r"[\w!#$%&'*+.^`|~-]+", name, re.ASCII):
        raise ConfigError(
            f"default_headers: {name!r} is not a valid header name.",
            "Use ASCII letters, digits and hyphens, such as 'x-team'.",
        )
    return name.lower()


def _header_value(name: object, value: object) -> str:
    # The value may be a secret: the message does not show it.
    if not isinstance(value, str) or not (value.isascii() and value.strip().isprintable()):
        raise ConfigError(
            f"default_headers[{name!r}] is not a valid header value.",
            "Pass a str of printable ASCII characters on one line.",
        )
    return value.strip()
