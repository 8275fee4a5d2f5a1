"""The error for mistakes that a user of the example can correct."""

from __future__ import annotations

__all__ = ["InputError"]


class InputError(Exception):
    """Something in the user's input does not work; the message is one line."""
