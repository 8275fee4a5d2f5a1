"""What the headers of an answer say: limits, and how long to wait."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from heroku_inference._public_names import publish

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "RateLimits",
    "duration",
    "rate_limits_of",
    "requested_wait",
]


@dataclass(frozen=True)
class RateLimits:
    """The `x-ratelimit-*` headers of an answer (docs: rate limits); `None` where not sent.

    Attributes:
        limit_requests: Requests allowed a minute.
        limit_tokens: Tokens allowed a minute.
        remaining_requests: Requests left in this minute.
        remaining_tokens: Tokens left in this minute.
        reset_requests: Seconds until the requests are full again.
        reset_tokens: Seconds until the tokens are full again.
    """

    limit_requests: int | None = None
    limit_tokens: int | None = None
    remaining_requests: int | None = None
    remaining_tokens: int | None = None
    reset_requests: float | None = None
    reset_tokens: float | None = None


_LONGEST_NUMBER: Final = 18  # digits
# Python takes control characters for white space in a pattern, but not in a number.
_NUMBER: Final = re.compile(r"[ \t]*[0-9]{1,18}(?:\.[0-9]{0,18})?[ \t]*")
_PART: Final = re.compile(r"([0-9]{1,18}(?:\.[0-9]{0,18})?)(h|ms|m|us|µs|ns|s)")


_UNIT_SECONDS: Final = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6,
                        "ns": 1e-9}  # fmt: skip


def requested_wait(status: int, headers: Mapping[str, str]) -> float | None:
    """Seconds the server asked to wait; `None` when it did not say.

    Understands `retry-after-ms`, `retry-after` in seconds or as a date and, on a 429,
    `x-ratelimit-reset-*` (docs: rate limits).
    """
    if (milliseconds := _number(headers.get("retry-after-ms"))) is not None:
        return milliseconds / 1000
    if (retry_after := headers.get("retry-after")) is not None:
        seconds = _number(retry_after)
        return seconds if seconds is not None else _seconds_until(retry_after)
    return _seconds_until_reset(rate_limits_of(headers)) if status == 429 else None  # noqa: PLR2004


def _seconds_until_reset(limits: RateLimits) -> float | None:
    requests = (limits.remaining_requests, limits.reset_requests)
    tokens = (limits.remaining_tokens, limits.reset_tokens)
    known = [(left, reset) for left, reset in (requests, tokens) if reset is not None]
    used_up = [reset for left, reset in known if left == 0]
    return max(used_up or [reset for _, reset in known], default=None)


def rate_limits_of(headers: Mapping[str, str]) -> RateLimits:
    """The `x-ratelimit-*` headers of an answer, as numbers."""
    told = headers.get
    return RateLimits(
        _count(told("x-ratelimit-limit-requests")),
        _count(told("x-ratelimit-limit-tokens")),
        _count(told("x-ratelimit-remaining-requests")),
        _count(told("x-ratelimit-remaining-tokens")),
        duration(told("x-ratelimit-reset-requests")),
        duration(told("x-ratelimit-reset-tokens")),
    )


def _count(text: str | None) -> int | None:
    number = _number(text)
    return None if number is None else int(number)


@lru_cache(maxsize=128)  # the same few waits come with every answer
def duration(text: str | None) -> float | None:
    """Seconds of a Go duration such as `51s`, `1m3.5s` or `250ms`; a bare number is seconds."""
    if text is None:
        return None
    if (number := _number(text)) is not None:
        return number
    parts = _PART.findall(text.strip())
    if not parts or "".join(value + unit for value, unit in parts) != text.strip():
        return None
    return sum(float(value) * _UNIT_SECONDS[unit] for value, unit in parts)


def _number(text: str | None) -> float | None:
    if text is None:
        return None
    if text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER:
        return float(text)  # nearly every header: the pattern takes ten times as long
    return float(text) if _NUMBER.fullmatch(text) else None


def _seconds_until(http_date: str) -> float | None:
    try:
        moment = parsedate_to_datetime(http_date)
    except (OverflowError, ValueError):  # an hour of 50 digits is the first
        return None
    if moment.tzinfo is None:  # `-0000`: the time is that of Greenwich all the same
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, moment.timestamp() - time.time())


publish(__name__)
