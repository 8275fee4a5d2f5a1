"""What a user of the example can put right."""

from __future__ import annotations

__all__ = ["InputError"]


class InputError(Exception):
    """Something that was given does not work; the message is one line that says what to do."""
