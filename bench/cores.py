"""Keeps client and server on one core each, where the system lets us choose."""

from __future__ import annotations

import os
from typing import Literal

__all__ = ["pin"]


def pin(role: Literal["client", "server"]) -> None:
    """Pin this process: clients to the first core that is ours, the server to the last."""
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[0] if role == "client" else cores[-1]})
