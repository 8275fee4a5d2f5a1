"""Requests and tokens per minute, per model, in a sliding window. Thread-safe; no I/O."""

from __future__ import annotations

import math
import threading
import time
from collections import defaultdict, deque
from typing import TYPE_CHECKING

from heroku_emulator.errors import ApiError

if TYPE_CHECKING:
    from heroku_emulator.models import Model

__all__ = ["RateLimits"]

_WINDOW = 60.0  # seconds
_TOO_MANY_REQUESTS = 429


class _Window:
    """The requests and tokens of one model within the last minute."""

    def __init__(self) -> None:
        self.uses: deque[tuple[float, int, int]] = deque()  # time, requests, tokens
        self.requests = 0
        self.tokens = 0

    def add(self, now: float, requests: int, tokens: int) -> None:
        self.uses.append((now, requests, tokens))
        self.requests += requests
        self.tokens += tokens

    def forget(self, before: float) -> None:
        while self.uses and self.uses[0][0] <= before:
            _, requests, tokens = self.uses.popleft()
            self.requests -= requests
            self.tokens -= tokens


class RateLimits:
    """Counts down what the `x-ratelimit-*` headers say (docs: rate limits)."""

    def __init__(self) -> None:
        self._windows: defaultdict[str, _Window] = defaultdict(_Window)
        self._lock = threading.Lock()

    def count_request(self, model: Model, *, enforce: bool) -> None:
        """Counts a request.

        Raises:
            ApiError: 429, if `enforce` is set and one of the model's limits is used up.
        """
        with self._lock:
            window = self._window(model)
            if enforce and window.requests >= model.requests_per_minute:
                quota = f"maximum requests per minute reached. Quota: {model.requests_per_minute}"
                raise ApiError(_TOO_MANY_REQUESTS, f"rate Limit: {quota}")
            if enforce and model.tokens_per_minute and window.tokens >= model.tokens_per_minute:
                quota = f"maximum tokens per minute reached. Quota: {model.tokens_per_minute}"
                raise ApiError(_TOO_MANY_REQUESTS, f"rate Limit: {quota}")
            window.add(time.monotonic(), 1, 0)

    def count_tokens(self, model: Model, tokens: int) -> None:
        """Counts the tokens of an answered request."""
        with self._lock:
            self._window(model).add(time.monotonic(), 0, tokens)

    def headers(self, model: Model, *, enforce: bool) -> dict[str, str]:
        """Returns the current headers; `reset` is a Go-style duration such as `51s`.

        Limits that are not enforced are never used up: a client that heeds them would wait.
        """
        with self._lock:
            window = self._window(model)
            oldest = window.uses[0][0] if window.uses else time.monotonic() - _WINDOW
            reset = _duration(oldest + _WINDOW - time.monotonic())
            least = 0.0 if enforce else 0.5
            headers = _limit("requests", model.requests_per_minute, window.requests, reset, least)
            if model.tokens_per_minute is not None:
                headers |= _limit("tokens", model.tokens_per_minute, window.tokens, reset, least)
            return headers

    def clear(self) -> None:
        """Empties every window."""
        with self._lock:
            self._windows.clear()

    def _window(self, model: Model) -> _Window:
        window = self._windows[model.model_id]
        window.forget(time.monotonic() - _WINDOW)
        return window


def _limit(of: str, limit: int, used: int, reset: str, least: float) -> dict[str, str]:
    """Returns the headers of one limit, of which this share at least is left."""
    return {
        f"x-ratelimit-limit-{of}": str(limit),
        f"x-ratelimit-remaining-{of}": str(max(int(limit * least), limit - used)),
        f"x-ratelimit-reset-{of}": reset,
    }


def _duration(seconds: float) -> str:
    """Returns whole seconds as Go prints them: `0s`, `51s`, `1m0s`."""
    minutes, rest = divmod(max(0, math.ceil(seconds)), 60)
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"
