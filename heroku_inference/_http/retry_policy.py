"""When to try again, and how long to wait."""

from __future__ import annotations

import random
from typing import Final

from heroku_inference._error_bodies import is_refused_chat
from heroku_inference._errors import APIConnectionError, APIError

__all__ = ["is_temporary", "next_wait"]

# 529 is how Claude's maker says 503 (Anthropic's docs: errors); Heroku's docs name none of the two.
_RETRYABLE_STATUSES: Final = frozenset({408, 429, 500, 502, 503, 504, 529})
_FIRST_WAIT: Final = 0.5  # seconds; doubled with every attempt
_LONGEST_BACKOFF: Final = 8.0
# The limits are counted over a sliding minute (docs: rate limits), so no honest wait is longer.
_LONGEST_WAIT: Final = 120.0


def next_wait(error: APIError, attempt: int, max_retries: int) -> float | None:
    """Seconds to wait before trying again, or `None` when the error is final.

    Args:
        error: Why attempt number `attempt` failed.
        attempt: Counted from 1.
        max_retries: Retries allowed after the first attempt.
    """
    if attempt > max_retries or not is_temporary(error):
        return None
    # Trying again once covers the rare true failure; more only costs.
    if is_refused_chat(error) and attempt > 1:
        return None
    if error.retry_after is not None:
        if error.retry_after > _LONGEST_WAIT:
            return None  # asking sooner than told cannot help
        # Callers that were refused together must not come back together.
        return error.retry_after * random.uniform(1.0, 1.25)  # noqa: S311 - jitter need not be secret
    backoff = min(_FIRST_WAIT * 2.0 ** (attempt - 1), _LONGEST_BACKOFF)
    return backoff * random.uniform(0.75, 1.0)  # noqa: S311 - jitter need not be secret


def is_temporary(error: APIError) -> bool:
    """Whether the same call may succeed later."""
    if error.status_code is None:
        return isinstance(error, APIConnectionError)
    return error.status_code in _RETRYABLE_STATUSES
