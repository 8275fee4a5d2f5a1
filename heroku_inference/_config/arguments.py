"""Checks of the arguments that every class takes, made when the object is constructed."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from heroku_inference._errors import ConfigError, UnknownArgumentError

if TYPE_CHECKING:
    from heroku_inference._config.shared_limit import SharedRateLimit

__all__ = [
    "SENDING_OPTIONS",
    "check_callback",
    "check_extra_body",
    "check_headers",
    "check_max_response_bytes",
    "check_max_retries",
    "check_query",
    "check_rate_limit_timeout",
    "check_rate_limiter",
    "check_timeout",
    "is_key_name",
    "misplaced_key",
    "nearest_name",
    "refuse_unknown",
    "shared_limit",
    "unknown_argument",
]

_FRAMING: Final = frozenset(
    {
        "connection",
        "content-encoding",
        "content-length",
        "expect",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)


SENDING_OPTIONS: Final = ("timeout", "extra_headers", "extra_query")
"""The options of every call that say how it is sent, and are not fields of its body."""

# `max_tokens` is not a key, and neither is `prompt_cache_key`.
_ENDS_OF_KEYS: Final = (
    "authorization",
    "credential",
    "credentials",
    "key",
    "password",
    "secret",
    "token",
)
_NOT_KEYS: Final = frozenset({"prompt_cache_key"})


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


def check_max_response_bytes(value: object) -> None:
    """Accept `None` or a whole number of bytes from 1.

    Raises:
        ConfigError: `value` is neither.
    """
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise ConfigError(
            f"max_response_bytes must be a whole number of bytes, got {_described(value)}.",
            "Pass a number such as 128 * 2**20, or leave it out for the defaults.",
        )
    if value < 1:
        raise ConfigError(
            f"max_response_bytes must be greater than 0, got {value}.",
            "Leave it out for the defaults: 64 MiB, and 16 MiB for one event of a stream.",
        )


def check_rate_limiter(value: object) -> None:
    """Accept `None` or a `SharedRateLimit`.

    Raises:
        ConfigError: `value` is neither.
    """
    if shared_limit(value) is None and value is not None:
        raise ConfigError(
            f"rate_limiter must be a SharedRateLimit, got {_described(value)}.",
            'Pass heroku_inference.SharedRateLimit(store, requests="400/min").',
        )


def shared_limit(value: object) -> SharedRateLimit | None:
    """The value, if it is a limit that the transport keeps, and not one of a framework."""
    if value is None:
        return None
    from heroku_inference._config.shared_limit import SharedRateLimit  # noqa: PLC0415 - needed rarely

    return value if isinstance(value, SharedRateLimit) else None


def check_headers(value: object, argument: str = "default_headers") -> dict[str, str]:
    """The headers with lower-case names and trimmed values; `None` means no headers.

    Raises:
        ConfigError: `value` is not a mapping, a name or a value cannot be sent, or a header frames
            the request, as `content-length` does: the library writes those itself.
    """
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise ConfigError(
            f"{argument} must be a mapping of names to values, got {_described(value)}.",
            'Pass a dict such as {"x-team": "search"}.',
        )
    return {
        _header_name(argument, name): _header_value(argument, name, value[name]) for name in value
    }


def check_query(value: object) -> str:
    """The parameters of a URL as its text; `None` means none.

    Raises:
        ConfigError: `value` is not a mapping of names to texts, numbers or lists of these.
    """
    if value is None:
        return ""
    if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
        raise ConfigError(
            f"extra_query must be a mapping of names to values, got {_described(value)}.",
            'Pass a dict such as {"trace": "on"}.',
        )
    return urlencode([(name, _query_value(one)) for name in value for one in _listed(value[name])])


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
    if is_key_name(name) and name.isidentifier():
        return misplaced_key(name, owner=owner, kind=kind, takes_key="api_key" in names)
    nearest = nearest_name(name, names)
    if not name.isidentifier():
        name = "..."  # a key may have come in place of a name, and has other characters
    problem = f"{owner}() has no {kind} {name!r}." if owner else f"There is no {kind} {name!r}."
    if nearest is not None:
        return UnknownArgumentError(problem, f"Did you mean {nearest!r}?")
    return UnknownArgumentError(problem, remedy or f"The {kind}s are {', '.join(names)}.")


@lru_cache(maxsize=256)
def is_key_name(name: str) -> bool:
    """Whether an argument of this name most likely holds a key."""
    return name.lower().endswith(_ENDS_OF_KEYS) and name not in _NOT_KEYS


def misplaced_key(
    name: str, *, owner: str = "", kind: str = "argument", takes_key: bool = False
) -> ConfigError:
    """The error for a key under a name that does not exist, or in a place that is sent or shown.

    Args:
        name: The name.
        owner: The function or class that was called.
        kind: What it is called: an argument, or an option.
        takes_key: Whether the function or class takes the key as `api_key`.
    """
    problem = f"{owner}() has no {kind} {name!r}." if owner else f"There is no {kind} {name!r}."
    remedy = (
        "Did you mean 'api_key'?"
        if takes_key
        else "Pass the add-on's key as api_key=... where you make the object: calls do not take it."
    )
    return UnknownArgumentError(problem, remedy)


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


def _listed(value: object) -> Sequence[object]:
    return value if isinstance(value, list | tuple) else [value]


def _query_value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise ConfigError(
        f"extra_query has a value of type {type(value).__name__}.",
        "Pass texts, numbers or lists of these.",
    )


def _header_name(argument: str, name: object) -> str:
    if not isinstance(name, str) or not re.fullmatch(r"[\w!#$%&'*+.^`|~-]+", name, re.ASCII):
        raise ConfigError(
            f"{argument}: {name!r} is not a valid header name.",
            "Use ASCII letters, digits and hyphens, such as 'x-team'.",
        )
    if name.lower() in _FRAMING:
        raise ConfigError(
            f"{argument}: {name!r} says how a request is framed, which the library does.",
            "Leave it out.",
        )
    return name.lower()


def _header_value(argument: str, name: object, value: object) -> str:
    # The value may be a secret: the message does not show it.
    if not isinstance(value, str) or not (value.isascii() and value.strip().isprintable()):
        raise ConfigError(
            f"{argument}[{name!r}] is not a valid header value.",
            "Pass a str of printable ASCII characters on one line.",
        )
    return value.strip()
