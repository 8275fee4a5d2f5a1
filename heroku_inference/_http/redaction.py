"""Takes the key out of errors and values: servers and tools quote it."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, Final

from heroku_inference._values import AgentMessage, AgentToolResult, Reply, ToolCall

if TYPE_CHECKING:
    from pydantic import SecretStr

    from heroku_inference._errors import HerokuError

__all__ = ["forget_key", "without_key"]

_OURS: Final = (AgentMessage, AgentToolResult, Reply, ToolCall)


def forget_key(error: HerokuError, key: SecretStr) -> None:
    """Take the key out of all that an error says."""
    error.args = tuple(without_key(part, key) for part in error.args)
    for name, value in vars(error).items():
        if name != "done":  # numbers, perhaps millions
            setattr(error, name, without_key(value, key))


def without_key(value: Any, key: SecretStr) -> Any:
    """A text, or the texts in a JSON value or in our own values, with the key struck out."""
    if isinstance(value, str):
        shown = key.get_secret_value()
        # A made-up key of a few letters is part of ordinary words.
        return value.replace(shown, "***") if len(shown) >= 8 else value  # noqa: PLR2004
    if isinstance(value, bytes):
        masked: str = without_key(value.decode("latin-1"), key)
        return masked.encode("latin-1")
    if isinstance(value, dict):
        return {name: without_key(part, key) for name, part in value.items()}
    if type(value) in {list, tuple}:
        return type(value)(without_key(part, key) for part in value)
    if isinstance(value, _OURS):
        parts = {part.name: getattr(value, part.name) for part in fields(value)}
        return replace(value, **without_key(parts, key))
    return value
