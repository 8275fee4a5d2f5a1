"""The core's repairs of a chat request, for bodies that others have built. Pure.

What the core would refuse stays as it is, so that the server can decide.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from heroku_inference._chat.history_tools import clean_tool_names, history_tools
from heroku_inference._chat.messages import wire_messages
from heroku_inference._chat.request import list_stops
from heroku_inference._chat.tools import wire_tools

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["repaired_body"]

# ConfigError, a ValueError, is the core's own; the others come from values of undocumented types.
_LEFT_ALONE = (AttributeError, KeyError, TypeError, ValueError)


def repaired_body(body: Mapping[str, Any]) -> dict[str, Any]:
    """A new chat body that says the same as Heroku accepts it; the given one stays untouched."""
    repaired = dict(body)
    if isinstance(body.get("stop"), str):
        repaired["stop"] = list_stops(body["stop"])
    tools = body.get("tools")
    if tools and isinstance(tools, list):
        repaired["tools"] = _each(tools, wire_tools)[0]
    if isinstance(body.get("messages"), list):
        repaired["messages"], wired = _each(body["messages"], _wire_history)
        if not tools and (of_history := history_tools(wired)):
            repaired.update(tools=of_history, tool_choice="none")
    return repaired


def _wire_history(messages: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    wired = wire_messages(messages)
    clean_tool_names(wired)
    return wired


def _each(
    given: Sequence[Any], repair: Callable[[Sequence[Any]], list[dict[str, Any]]]
) -> tuple[list[Any], list[dict[str, Any]]]:
    """All items, repaired where the core accepts them; and those that it accepts alone."""
    items: list[Any] = []
    repaired: list[dict[str, Any]] = []
    for item in given:
        try:
            (better,) = repair([item])
        except _LEFT_ALONE:
            items.append(item)
        else:
            items.append(better)
            repaired.append(better)
    return items, repaired
