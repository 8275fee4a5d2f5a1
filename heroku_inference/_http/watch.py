"""What happens on the connections of one blocking attempt, and until when.

The library bounds each read, so a server that sends a byte now and then is waited for without end;
and it does not say whether a call that failed was made on a connection that had been used before.
The connections that `watched_network` makes ask here.
"""

from __future__ import annotations

import threading
import time
from typing import Any, Final, Self

__all__ = ["Watch", "has_more", "here"]


class Watch:
    """What happens in one attempt, while it is entered.

    Args:
        seconds: How long everything within may take, connecting included.
    """

    __slots__ = ("_deadline", "_outer", "opened", "received")

    def __init__(self, seconds: float) -> None:
        self._deadline = time.monotonic() + seconds
        self.opened = False
        """Whether a connection was opened for it."""
        self.received = False
        """Whether any byte of an answer has come."""

    def __enter__(self) -> Self:
        self._outer = here.watch
        here.watch = self
        return self

    def __exit__(self, *_: object) -> None:
        here.watch = self._outer

    @property
    def was_stale(self) -> bool:
        """Whether an attempt that failed was made on a connection that the server had left."""
        return not self.opened and not self.received

    def limit(self, timeout: float | None) -> float:
        """Seconds that the next step may take."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left if timeout is None else min(left, timeout)


class _Here(threading.local):
    watch: Watch | None = None


here: Final = _Here()
"""The watch of this thread's attempt."""


def has_more(response: Any) -> bool:
    """Whether bytes came behind the end of an answer that was read to its end.

    The library would take them for the answer to the connection's next request.
    """
    # Only the connection's parser knows, and no public way leads there.
    link: Any = response.stream
    for name in ("_stream", "_httpcore_stream", "_stream", "_connection", "_h11_state"):
        link = getattr(link, name, None)
    return link is not None and bool(link.trailing_data[0])
