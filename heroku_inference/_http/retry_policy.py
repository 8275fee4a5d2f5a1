"""When to try again, and how long to wait. Pure."""

from __future__ import annotations

import random
import re
import time
from dataclasses import dataclass
from datetime import timezone
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from heroku_inference._errors import APIConnectionError, APIError
from heroku_inference._values import RateLimits

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["RetryEvent", "next_wait", "rate_limits_of", "requested_wait"]

# 529 is how Claude's maker says 503 (Anthropic's docs: errors); Heroku's docs name none of the two.
_RETRYABLE_STATUSES: Final = frozenset({408, 429, 500, 502, 503, 504, 529})
_FIRST_WAIT: Final = 0.5  # seconds; doubled with every attempt
_LONGEST_BACKOFF: Final = 8.0
# The limits are counted over a sliding minute (docs: rate limits), so no honest wait is longer.
_LONGEST_WAIT: Final = 120.0
_LONGEST_NUMBER: Final = 18  # digits
_UNIT_SECONDS: Final = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6,
                        "ns": 1e-9}  # fmt: skip


@dataclass(frozen=True)
class RetryEvent:
    """A failed attempt that is about to be repeated.

    Attributes:
        attempt: Number of the attempt that failed, from 1.
        wait: Seconds until the next one.
        error: Why it failed.
    """

    attempt: int
    wait: float
    error: APIError


def next_wait(error: APIError, attempt: int, max_retries: int) -> float | None:
    """Seconds to wait before trying again, or `None` when the error is final.

    Args:
        error: Why attempt number `attempt` failed.
        attempt: Counted from 1.
        max_retries: Retries allowed after the first attempt.
    """
    if attempt > max_retries or not _is_retryable(error):
        return None
    if _is_client_fault(error) and attempt > 1:
        return None
    if error.retry_after is not None:
        if error.retry_after > _LONGEST_WAIT:
            return None  # asking sooner than told cannot help
        # Callers that were refused together must not come back together.
        return error.retry_after * random.uniform(1.0, 1.25)  # noqa: S311 - jitter is no secret
    backoff = min(_FIRST_WAIT * 2.0 ** (attempt - 1), _LONGEST_BACKOFF)
    return backoff * random.uniform(0.75, 1.0)  # noqa: S311 - jitter is no secret


def _is_retryable(error: APIError) -> bool:
    if error.status_code is None:
        return isinstance(error, APIConnectionError)
    return error.status_code in _RETRYABLE_STATUSES


def _is_client_fault(error: APIError) -> bool:
    # A 500 with this text has always meant a history the model's host refuses: trying again once
    # covers the rare true failure, more only costs.
    return error.status_code == 500 and "failed to execute chat" in error.message.lower()  # noqa: PLR2004


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

    def count(name: str) -> int | None:
        number = _number(headers.get(f"x-ratelimit-{name}"))
        return None if number is None else int(number)

    return RateLimits(
        limit_requests=count("limit-requests"),
        limit_tokens=count("limit-tokens"),
        remaining_requests=count("remaining-requests"),
        remaining_tokens=count("remaining-tokens"),
        reset_requests=duration(headers.get("x-ratelimit-reset-requests")),
        reset_tokens=duration(headers.get("x-ratelimit-reset-tokens")),
    )


@lru_cache(maxsize=128)  # the same few waits come with every answer
def duration(text: str | None) -> float | None:
    """Seconds of a Go duration such as `51s`, `1m3.5s` or `250ms`; a bare number is seconds."""
    if text is None:
        return None
    if (number := _number(text)) is not None:
        return number
    parts = re.findall(r"(\d+(?:\.\d*)?)(h|ms|m|us|µs|ns|s)", text.strip())
    if not parts or "".join(value + unit for value, unit in parts) != text.strip():
        return None
    return sum(float(value) * _UNIT_SECONDS[unit] for value, unit in parts)


def _number(text: str | None) -> float | None:
    if text is None:
        return None
    if text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER:
        return float(text)  # nearly every header: the pattern takes ten times as long
    return float(text) if re.fullmatch(r"\s*\d{1,18}(?:\.\d*)?\s*", text) else None


def _seconds_until(http_date: str) -> float | None:
    try:
        moment = parsedate_to_datetime(http_date)
    except ValueError:
        return None
    if moment.tzinfo is None:  # `-0000`: the time is that of Greenwich all the same
        moment = moment.replace(tzinfo=timezone.utc)
    return max(0.0, moment.timestamp() - time.time())
