"""Requests and answers of Heroku's Messages endpoint, for adapters that build on Anthropic's SDK.

Nothing here loads that SDK; its clients are in `anthropic_clients`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from heroku_inference._anthropic.reading import finish_reason
from heroku_inference._anthropic.request import TRIES_FIELD, message_arguments, thinks
from heroku_inference._anthropic.response_format import answer_tool, ask_for_answer
from heroku_inference._chat.request import check_tool_call_retries
from heroku_inference._chat.thinking import check_thinking

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "answer_tool",
    "ask_for_answer",
    "check_thinking",
    "finish_reason",
    "message_arguments",
    "will_think",
    "with_second_tries",
]


def with_second_tries(arguments: dict[str, Any], tries: int | None) -> dict[str, Any]:
    """The arguments of a call in which the model may try again when arguments cannot be read."""
    if not tries or not arguments.get("tools"):
        return arguments
    check_tool_call_retries(tries)
    extra = {**(arguments.get("extra_body") or {}), TRIES_FIELD: tries}
    return {**arguments, "extra_body": extra}


def will_think(arguments: Mapping[str, Any], extended_thinking: Any) -> bool:
    """Whether the model thinks with these settings; if so, a tool call cannot be forced."""
    return thinks(message_arguments(arguments, extended_thinking))
