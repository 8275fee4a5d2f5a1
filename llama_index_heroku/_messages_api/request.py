"""Converts LlamaIndex's messages and options into requests of the Messages endpoint.

Upstream converts most blocks. This module handles those that upstream loses or that the endpoint
would refuse: encrypted or hidden thinking, blank text of the model, arguments kept as text.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from llama_index.core.base.llms.types import (
    CachePoint,
    CitationBlock,
    MessageRole,
    TextBlock,
    ThinkingBlock,
    ToolCallBlock,
)
from llama_index.llms.anthropic.utils import blocks_to_anthropic_blocks

from heroku_inference._adapters.anthropic_messages import with_user
from heroku_inference._adapters.tools import parse_arguments, wire_name
from heroku_inference._errors import ConfigError
from llama_index_heroku._tool_calls import calls_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llama_index.core.base.llms.types import ChatMessage, ContentBlock

__all__ = ["ENCRYPTED", "sdk_arguments", "wire_conversation"]

ENCRYPTED: Final = "redacted_thinking"
"""The key under which a `ThinkingBlock` keeps thinking that only the server can read."""

_SYSTEM: Final = {MessageRole.SYSTEM, MessageRole.DEVELOPER}
_ASSISTANT: Final = {MessageRole.ASSISTANT, MessageRole.CHATBOT, MessageRole.MODEL}
_TOOL: Final = {MessageRole.TOOL, MessageRole.FUNCTION}
_SAMPLING: Final = ("temperature", "top_p", "top_k")
_AS_THEY_ARE: Final = ("model", "thinking", "metadata", "extra_headers", "extra_query", "timeout")

_Block = dict[str, Any]


def wire_conversation(
    messages: Sequence[ChatMessage], cache_idx: int | None = None
) -> dict[str, Any]:
    """The request's `messages`, and `system` if there is one; the arguments are not changed.

    Args:
        messages: The conversation.
        cache_idx: Mark all messages up to this position for caching; -1 for all.

    Raises:
        ConfigError: A message has content that cannot be sent.
    """
    system: list[_Block] = []
    wire: list[dict[str, Any]] = []
    for position, message in enumerate(messages):
        try:
            blocks = _blocks(message)
        except ValueError as error:
            problem = error.problem if isinstance(error, ConfigError) else str(error)
            remedy = error.remedy if isinstance(error, ConfigError) else ""
            raise ConfigError(f"messages[{position}]: {problem}", remedy) from error
        if blocks and _is_cached(message, position, cache_idx):
            blocks[-1]["cache_control"] = {"type": "ephemeral"}
        if message.role in _SYSTEM:
            system += blocks
        elif message.role in _TOOL:
            _say(wire, "user", [_result(message, blocks)])
        elif blocks or message.role not in _ASSISTANT:
            _say(wire, "assistant" if message.role in _ASSISTANT else "user", blocks)
    return {"messages": wire, **({"system": _system(system)} if system else {})}


def sdk_arguments(options: Mapping[str, Any]) -> dict[str, Any]:
    """Turn options in the core's form into arguments of the SDK's `messages.create`.

    Raises:
        ConfigError: The options have a `response_format` with a schema.
    """
    rest = {name: value for name, value in options.items() if value is not None}
    body = dict(rest.pop("extra_body", {}))
    arguments: dict[str, Any] = {
        name: part.pop(name) for part in (body, rest) for name in _AS_THEY_ARE if name in part
    }
    if metadata := with_user(arguments.get("metadata"), rest.pop("user", None)):
        arguments["metadata"] = metadata
    for name in ("max_completion_tokens", "max_tokens"):
        if name in rest:
            arguments["max_tokens"] = rest.pop(name)
    if stop := rest.pop("stop", None):
        arguments["stop_sequences"] = [stop] if isinstance(stop, str) else list(stop)
    if effort := rest.pop("reasoning_effort", None):
        arguments["output_config"] = {"effort": effort}
    if tools := rest.pop("tools", None):
        arguments["tools"] = [_tool(tool) for tool in tools]
    _choose(arguments, rest.pop("tool_choice", None), rest.pop("parallel_tool_calls", None))
    if (rest.pop("response_format", None) or {}).get("type") == "json_schema":
        raise ConfigError(
            "The Messages endpoint does not have response_format.", "Call structured_predict."
        )
    rest.pop("prompt_caching", None)  # for chat completions; here blocks say what to cache
    rest.pop("stream_usage", None)  # for chat completions; here streams count unasked
    # The SDK dropped the sampling options; the endpoint has them (docs: messages).
    body.update({name: rest.pop(name) for name in _SAMPLING if name in rest})
    return {**arguments, "extra_body": {**rest, **body}} if rest or body else arguments


def _is_cached(message: ChatMessage, position: int, cache_idx: int | None) -> bool:
    if message.additional_kwargs.get("cache_control"):
        return True
    return cache_idx is not None and (cache_idx == -1 or position <= cache_idx)


def _say(wire: list[dict[str, Any]], role: str, blocks: list[_Block]) -> None:
    if wire and wire[-1]["role"] == role:
        wire[-1]["content"].extend(blocks)
    else:
        wire.append({"role": role, "content": blocks})


def _system(blocks: list[_Block]) -> str | list[_Block]:
    if any(block.keys() != {"type", "text"} for block in blocks):
        return blocks
    return "\n\n".join(block["text"] for block in blocks)


def _result(message: ChatMessage, blocks: list[_Block]) -> _Block:
    result: _Block = {
        "type": "tool_result",
        "tool_use_id": message.additional_kwargs.get("tool_call_id"),
    }
    if blocks and (cached := blocks[-1].pop("cache_control", None)):
        result["cache_control"] = cached
    return {**result, "content": blocks} if blocks else result


def _blocks(message: ChatMessage) -> list[_Block]:
    wire: list[_Block] = []
    for block in message.blocks:
        if isinstance(block, CachePoint):
            if not wire:
                raise ValueError("a CachePoint must follow the block that it marks.")
            wire[-1]["cache_control"] = block.cache_control.model_dump(exclude_none=True)
        elif isinstance(block, ThinkingBlock):
            wire += _thinking(block)
        elif not isinstance(block, (CitationBlock, ToolCallBlock)) and not _is_blank(block):
            wire += [dict(part) for part in blocks_to_anthropic_blocks([block], {})]
    if message.role in _ASSISTANT:
        wire += [_call(call) for call in calls_of(message)]
    return wire


def _is_blank(block: ContentBlock) -> bool:
    return isinstance(block, TextBlock) and not block.text.strip()


def _thinking(block: ThinkingBlock) -> list[_Block]:
    """The thinking as it came; without a signature, it is another model's and left out."""
    told = block.additional_information
    if data := told.get(ENCRYPTED):
        return [{"type": ENCRYPTED, "data": data}]
    if signature := told.get("signature"):
        return [{"type": "thinking", "thinking": block.content or "", "signature": signature}]
    return []


def _call(call: ToolCallBlock) -> _Block:
    given = call.tool_kwargs
    try:
        arguments = parse_arguments(given) if isinstance(given, str) else given
    except ValueError:  # the turn after it says that it was not run
        arguments = {}
    name = wire_name(call.tool_name)
    return {"type": "tool_use", "id": call.tool_call_id or "", "name": name, "input": arguments}


def _tool(tool: Mapping[str, Any]) -> _Block:
    """A tool in Anthropic's form; one that is not in OpenAI's form stays as it is."""
    function = tool.get("function")
    if not isinstance(function, Mapping):
        return dict(tool)
    described = {"description": function["description"]} if function.get("description") else {}
    schema = function.get("parameters") or {"type": "object", "properties": {}}
    return {"name": function["name"], **described, "input_schema": schema}


def _choose(arguments: dict[str, Any], choice: Any, parallel: bool | None) -> None:
    if "tools" not in arguments:
        return
    if choice is None and parallel is None:
        return
    wired = dict(_choice(choice))
    if parallel is not None and wired["type"] != "none":
        wired["disable_parallel_tool_use"] = not parallel
    arguments["tool_choice"] = wired


def _choice(choice: Any) -> Mapping[str, Any]:
    if isinstance(choice, Mapping):
        return _choice_of_mapping(choice)
    if choice is True or choice in {"required", "any"}:
        return {"type": "any"}
    if not choice or choice in {"auto", "none"}:
        return {"type": choice or "auto"}
    if isinstance(choice, str):
        return {"type": "tool", "name": choice}
    raise ConfigError(
        f"tool_choice={choice!r} is unknown.", "Pass 'auto', 'any', 'none' or a tool's name."
    )


def _choice_of_mapping(choice: Mapping[str, Any]) -> Mapping[str, Any]:
    """A choice in Anthropic's or OpenAI's form."""
    function = choice.get("function")
    return {"type": "tool", "name": function["name"]} if isinstance(function, Mapping) else choice
