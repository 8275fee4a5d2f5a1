"""Tools that only a conversation's history names, as a request must declare them. Pure.

Bedrock, which answers for Heroku, refuses a history with tool calls where the request declares no
tools, and checks the names in it (docs: chat completions, messages). Agents send such histories
when they hand over to an agent without tools, and so does a memory that is summarized.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = [
    "HISTORY_DESCRIPTION",
    "clean_agent_tool_names",
    "clean_tool_names",
    "history_tools",
    "wire_name",
]

HISTORY_DESCRIPTION: Final = (
    "Was available earlier in this conversation; declared for the history only. Do not call it."
)
_MOST_CHARACTERS: Final = 64
_ODD: Final = re.compile(r"[^a-zA-Z0-9_-]")
_WITH_NAMESPACE: Final = re.compile(r"[a-zA-Z0-9_-]+/[a-zA-Z0-9_-]+").fullmatch


def wire_name(name: str) -> str:
    """The name as the API takes it: 64 characters at most, letters, digits, `_` and `-`."""
    return _ODD.sub("_", name)[:_MOST_CHARACTERS]


def clean_tool_names(messages: Iterable[Mapping[str, Any]]) -> None:
    """Change the names of called tools, in wire messages of ours, to names that the API takes.

    The ids of the calls stay, so that each result still belongs to its call.
    """
    for message in messages:
        for call in message.get("tool_calls") or ():
            call["function"]["name"] = wire_name(call["function"]["name"])


def clean_agent_tool_names(messages: Iterable[Mapping[str, Any]]) -> None:
    """Like `clean_tool_names`, for agents: their own tools keep their namespace (docs: agents)."""
    for message in messages:
        for call in message.get("tool_calls") or ():
            if not _WITH_NAMESPACE(call["function"]["name"]):
                call["function"]["name"] = wire_name(call["function"]["name"])


def history_tools(messages: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """A definition of each tool that these wire messages call, in the order of the first calls."""
    names = dict.fromkeys(
        call["function"]["name"] for message in messages for call in message.get("tool_calls") or ()
    )
    return [
        {
            "type": "function",
            "function": {
                "name": name,
                "description": HISTORY_DESCRIPTION,
                "parameters": {"type": "object", "properties": {}},
            },
        }
        for name in names
    ]
