"""Pins client and server to one core each, if the system allows it."""

from __future__ import annotations

import os
from typing import Literal

__all__ = ["pin"]


def pin(role: Literal["client", "server"]) -> None:
    """Pins this process: clients to the first available core, the server to the last."""
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[0] if role == "client" else cores[-1]})
