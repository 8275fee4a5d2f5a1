"""Marks for prompt caching, of which a request can have four (docs: prompt caching). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["keep_last_marks"]

_MOST: Final = 4
_MARK: Final = "cache_control"


def keep_last_marks(body: dict[str, Any]) -> None:
    """Take the oldest marks out of the conversation of `body` where there are too many.

    Those of tools and of the system prompt stay, since what they mark stays the same. A long
    conversation whose every turn was marked is refused otherwise, in every turn from then on.
    """
    messages = body.get("messages") or ()
    of_messages = sum(1 for _ in _marks(messages))
    if not of_messages:
        return
    others = sum(1 for _ in _marks([*(body.get("tools") or ()), body.get("system")]))
    too_many = min(others + of_messages - _MOST, of_messages)
    if too_many > 0:
        body["messages"] = _without(messages, [too_many])


def _marks(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        yield from _marks(value.get("content"))
        if value.get(_MARK) is not None:
            yield value[_MARK]
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _marks(one)


def _without(value: Any, left: list[int]) -> Any:
    """A copy without the first marks; `left` holds how many of them are still to go."""
    if isinstance(value, list | tuple):
        return [_without(one, left) for one in value]
    if not isinstance(value, Mapping) or not left[0]:
        return value
    copied = dict(value)
    if isinstance(value.get("content"), list):
        copied["content"] = _without(value["content"], left)
    if left[0] and copied.get(_MARK) is not None:
        del copied[_MARK]
        left[0] -= 1
    return copied
