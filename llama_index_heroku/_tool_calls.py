"""Reads tool calls of messages in any form, and the selections of tools to run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from llama_index.core.base.llms.types import ToolCallBlock
from llama_index.core.llms.llm import ToolSelection
from pydantic import BaseModel
from pydantic_core import from_json

from heroku_inference._adapters.tools import arguments_text, parse_arguments
from heroku_inference._errors import ConfigError, InvalidResponseError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from llama_index.core.base.llms.types import ChatMessage, ChatResponse

__all__ = [
    "FINISH_REASON",
    "ToolArgumentsError",
    "calls_of",
    "keep_first_call",
    "legacy_calls",
    "parse_or_keep",
    "selections",
]

FINISH_REASON: Final = "finish_reason"


class ToolArgumentsError(InvalidResponseError, ValueError):
    """The model called a tool with arguments that are not a JSON object; the tool must not run."""


def calls_of(message: ChatMessage) -> list[ToolCallBlock]:
    """The calls of a message: its blocks, or else the calls that older code keeps beside them.

    Those can be dicts in OpenAI's form, objects of its SDK, or LlamaIndex's own `ToolSelection`s,
    also as dicts from a stored context.
    """
    blocks = [block for block in message.blocks if isinstance(block, ToolCallBlock)]
    return blocks or [_block(call) for call in message.additional_kwargs.get("tool_calls") or ()]


def _block(call: Any) -> ToolCallBlock:
    fields: Mapping[str, Any] = call.model_dump() if isinstance(call, BaseModel) else call
    if "tool_name" in fields:
        return ToolCallBlock(
            tool_call_id=fields.get("tool_id"),
            tool_name=fields["tool_name"],
            tool_kwargs=fields["tool_kwargs"],
        )
    try:
        function = fields["function"]
        return ToolCallBlock(
            tool_call_id=fields.get("id"),
            tool_name=function["name"],
            tool_kwargs=arguments_text(function.get("arguments")),
        )
    except (KeyError, TypeError):
        raise ConfigError(
            f"a tool call has an unknown form: {call!r}.",
            "Use a ToolCallBlock, a ToolSelection or OpenAI's form.",
        ) from None


def legacy_calls(blocks: Sequence[ToolCallBlock]) -> list[dict[str, Any]]:
    """The calls in OpenAI's form, which LlamaIndex reads when it streams objects."""
    return [
        {
            "id": block.tool_call_id,
            "type": "function",
            "function": {"name": block.tool_name, "arguments": arguments_text(block.tool_kwargs)},
        }
        for block in blocks
    ]


def parse_or_keep(arguments: str) -> dict[str, Any] | str:
    """The arguments of a complete call, or their text if it is not a JSON object."""
    try:
        return parse_arguments(arguments)
    except ValueError:
        return arguments


def selections(response: ChatResponse) -> list[ToolSelection]:
    """The tools to run.

    In a stream, arguments can be incomplete: they are read as far as they go.

    Raises:
        ToolArgumentsError: The answer is complete, but arguments are not a JSON object.
    """
    fields = response.additional_kwargs
    growing = response.delta is not None and FINISH_REASON not in fields
    return [
        ToolSelection(
            tool_id=call.tool_call_id or "",
            tool_name=call.tool_name,
            tool_kwargs=_so_far(call) if growing else _whole(call, fields.get(FINISH_REASON)),
        )
        for call in calls_of(response.message)
    ]


def _so_far(call: ToolCallBlock) -> dict[str, Any]:
    if isinstance(call.tool_kwargs, dict):
        return call.tool_kwargs
    try:
        value: Any = from_json(call.tool_kwargs, allow_partial="trailing-strings")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _whole(call: ToolCallBlock, finish_reason: str | None) -> dict[str, Any]:
    if isinstance(call.tool_kwargs, dict):
        return call.tool_kwargs
    try:
        return parse_arguments(call.tool_kwargs)
    except ValueError:
        remedy = "Raise max_tokens: the answer was cut." if finish_reason == "length" else ""
        raise ToolArgumentsError(
            f"The model called {call.tool_name!r} with arguments that are not a JSON object, so it "
            "was not run.",
            remedy,
            body=call.tool_kwargs[:200],
        ) from None


def keep_first_call(message: ChatMessage) -> None:
    """Keep only the first call of a message, in both forms."""
    first = calls_of(message)[:1]
    message.blocks = [b for b in message.blocks if not isinstance(b, ToolCallBlock) or b in first]
    if first:
        message.additional_kwargs["tool_calls"] = legacy_calls(first)
