"""Reads tool calls of messages in any form, and the selections of tools to run."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, Final

from llama_index.core.base.llms.types import ToolCallBlock
from llama_index.core.llms.llm import ToolSelection
from pydantic import BaseModel
from pydantic_core import from_json

from heroku_inference._adapters.tools import (
    arguments_error,
    arguments_in_text,
    arguments_text,
    parse_arguments,
)
from heroku_inference._errors import ConfigError, ToolArgumentsError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from llama_index.core.base.llms.types import ChatMessage, ChatResponse
    from llama_index.core.tools import BaseTool

__all__ = [
    "FINISH_REASON",
    "call_in_text",
    "calls_of",
    "keep_first_call",
    "legacy_calls",
    "parse_or_keep",
    "selections",
]

FINISH_REASON: Final = "finish_reason"


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

    In a stream, arguments can be incomplete: they are read as far as they go. Of a complete answer,
    calls whose arguments cannot be read are left out beside others: no result for them tells the
    model that they were not run.

    Raises:
        ToolArgumentsError: The answer is complete, and no call has arguments that can be read.
    """
    fields = response.additional_kwargs
    growing = response.delta is not None and FINISH_REASON not in fields
    calls = calls_of(response.message)
    if growing:
        return [_selection(call, _so_far(call)) for call in calls]
    chosen = []
    failure: ToolArgumentsError | None = None
    for call in calls:
        try:
            chosen.append(_selection(call, _whole(call, fields.get(FINISH_REASON))))
        except ToolArgumentsError as error:
            failure = failure or error
    if failure is not None and not chosen:
        raise failure
    return chosen


def _selection(call: ToolCallBlock, arguments: dict[str, Any]) -> ToolSelection:
    return ToolSelection(
        tool_id=call.tool_call_id or "", tool_name=call.tool_name, tool_kwargs=arguments
    )


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
        raise arguments_error(call.tool_name, call.tool_kwargs, finish_reason) from None


def call_in_text(response: ChatResponse, tools: Sequence[BaseTool]) -> ChatResponse:
    """The response, with the call of the only tool that its text is, if that is one.

    A model that thinks cannot be made to call a tool, and may give its arguments as text.
    """
    message = response.message
    if len(tools) != 1 or message.additional_kwargs.get("tool_calls"):
        return response
    metadata = tools[0].metadata
    required = metadata.get_parameters_dict().get("required") or ()
    arguments = arguments_in_text(message.content or "", required)
    if arguments is None:
        return response
    call = ToolCallBlock(
        tool_call_id=f"call_{uuid.uuid4().hex}",
        tool_name=metadata.get_name(),
        tool_kwargs=arguments,
    )
    further = {**message.additional_kwargs, "tool_calls": legacy_calls([call])}
    said = message.model_copy(
        update={"blocks": [*message.blocks, call], "additional_kwargs": further}
    )
    return response.model_copy(update={"message": said})


def keep_first_call(message: ChatMessage) -> None:
    """Keep only the first call of a message, in both forms; one that can be run if there is one."""
    if len(message.additional_kwargs.get("tool_calls") or ()) < 2:  # noqa: PLR2004
        return
    calls = calls_of(message)
    first = [call for call in calls if not isinstance(call.tool_kwargs, str)][:1] or calls[:1]
    message.blocks = [b for b in message.blocks if not isinstance(b, ToolCallBlock) or b in first]
    message.additional_kwargs["tool_calls"] = legacy_calls(first)
