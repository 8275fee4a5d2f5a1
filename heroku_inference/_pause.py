"""Waiting on a thread whose result may no longer be wanted."""

from __future__ import annotations

import time
from concurrent.futures import CancelledError
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import threading

__all__ = ["abandoned", "pause"]

abandoned: Final[ContextVar[threading.Event | None]] = ContextVar("abandoned", default=None)
"""Set in the context of work done ahead: the event that says that nobody waits for its result."""


def pause(seconds: float) -> None:
    """Sleep, as `time.sleep` does, unless the result of this work is no longer wanted.

    Raises:
        concurrent.futures.CancelledError: The result is no longer wanted.
    """
    event = abandoned.get()
    if event is None:
        time.sleep(seconds)
    elif event.wait(seconds):
        raise CancelledError
