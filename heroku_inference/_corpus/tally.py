"""Counts that many threads add to."""

from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from heroku_inference._call import RetryEvent

__all__ = ["Tally"]


class Tally:
    """What a run has done so far, by the names of the report's fields."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def add(self, **counts: int) -> None:
        """Add to some of the counts."""
        with self._lock:
            self._counts.update(counts)

    def add_retry(self, event: RetryEvent) -> None:
        """Count a request that failed and is sent again."""
        limited = event.error.status_code == 429  # noqa: PLR2004 - over the limit
        self.add(requests=1, **{"rate_limited" if limited else "retries": 1})

    def __getitem__(self, name: str) -> int:
        return self._counts[name]
