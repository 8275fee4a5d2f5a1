"""The core's repairs of a chat request, for bodies that others have built. Pure.

What the core would refuse stays as it is, so that the server can decide.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from heroku_inference._chat.history_tools import clean_tool_names, history_tools
from heroku_inference._chat.messages import wire_history, wire_messages
from heroku_inference._chat.options import list_stops
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
        repaired["tools"] = _each(tools, wire_tools)
    if isinstance(body.get("messages"), list) and body["messages"]:
        repaired["messages"], wired = _history(body["messages"])
        if not tools and (of_history := history_tools(wired)):
            repaired.update(tools=of_history, tool_choice="none")
    return repaired


def _history(messages: list[Any]) -> tuple[list[Any], list[dict[str, Any]]]:
    """All messages, repaired as far as the core reads them; and those that it has repaired.

    A newest turn that the core refuses stays as it is behind the others.
    """
    try:
        wired = wire_messages(messages)
        left = []
    except _LEFT_ALONE:
        try:
            wired = wire_history(messages[:-1])
        except _LEFT_ALONE:
            return messages, []
        left = messages[-1:]
    clean_tool_names(wired)
    return [*wired, *left], wired


def _each(
    given: Sequence[Any], repair: Callable[[Sequence[Any]], list[dict[str, Any]]]
) -> list[Any]:
    """All items, repaired where the core accepts them."""
    items: list[Any] = []
    for item in given:
        try:
            items += repair([item])
        except _LEFT_ALONE:
            items.append(item)
    return items
