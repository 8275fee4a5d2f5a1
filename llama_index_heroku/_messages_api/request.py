"""Converts LlamaIndex's messages and options into requests of the Messages endpoint.

Nothing is fetched and nothing is merged: the core decides what of a history is repaired, and what
is described in words.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from llama_index.core.base.llms.types import (
    CachePoint,
    DocumentBlock,
    ImageBlock,
    MessageRole,
    ThinkingBlock,
)

from heroku_inference._adapters.anthropic_messages import with_user
from heroku_inference._adapters.history import check_newest_blocks
from heroku_inference._errors import ConfigError, add_place
from llama_index_heroku._blocks_of_messages import read_block, wire_parts
from llama_index_heroku._messages import check_messages, is_newest_turn
from llama_index_heroku._tool_calls import calls_of, unknown_calls

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from llama_index.core.base.llms.types import ChatMessage, ContentBlock, ToolCallBlock

__all__ = ["ENCRYPTED", "sdk_arguments", "wire_conversation"]

ENCRYPTED: Final = "redacted_thinking"
"""The key under which a `ThinkingBlock` keeps thinking that only the server can read."""

_SYSTEM: Final = {MessageRole.SYSTEM, MessageRole.DEVELOPER}
_ASSISTANT: Final = {MessageRole.ASSISTANT, MessageRole.CHATBOT, MessageRole.MODEL}
_TOOL: Final = {MessageRole.TOOL, MessageRole.FUNCTION}
_PDF: Final = "application/pdf"
_SAMPLING: Final = ("temperature", "top_p", "top_k")
_AS_THEY_ARE: Final = ("model", "thinking", "metadata", "extra_headers", "extra_query", "timeout")

_Block = dict[str, Any]


def wire_conversation(
    messages: Sequence[ChatMessage], cache_idx: int | None = None
) -> list[dict[str, Any]]:
    """The conversation, with instructions in their places; the arguments are not changed.

    Each message stays by itself: the core merges neighbours once it has decided what the user's
    newest turn is.

    Args:
        messages: The conversation.
        cache_idx: Mark all messages up to this position for caching; -1 for all.

    Raises:
        ConfigError: The user's newest turn has content that cannot be sent.
    """
    check_messages(messages)
    wire: list[dict[str, Any]] = []
    for position, message in enumerate(messages):
        newest = is_newest_turn(messages, position)
        try:
            blocks = _blocks(message, newest=newest)
            if newest:  # here, where its position among all messages is known
                check_newest_blocks({"role": "user", "content": blocks})
        except ConfigError as error:
            add_place(error, f"messages[{position}]")
            raise
        if blocks and _is_cached(message, position, cache_idx):
            blocks[-1]["cache_control"] = {"type": "ephemeral"}
        if message.role in _SYSTEM:  # moved by the core, which sees by it what comes last
            wire.append({"role": "system", "content": blocks})
        elif message.role in _TOOL:
            wire.append({"role": "user", "content": [_result(message, blocks)]})
        else:
            role = "assistant" if message.role in _ASSISTANT else message.role
            wire.append({"role": str(getattr(role, "value", role)), "content": blocks})
    return [
        {**one, "content": _instructions(one["content"])} if one["role"] == "system" else one
        for one in wire
    ]


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


def _instructions(blocks: list[_Block]) -> str | list[_Block]:
    """The instructions as a text, where they are only that."""
    if any(block.keys() != {"type", "text"} for block in blocks):
        return blocks
    return "\n\n".join(block["text"] for block in blocks if not block["text"].isspace())


def _result(message: ChatMessage, blocks: list[_Block]) -> _Block:
    further = message.additional_kwargs
    result: _Block = {"type": "tool_result", "tool_use_id": further.get("tool_call_id")}
    if name := further.get("name"):  # for the core, which pairs results without an id by it
        result["name"] = name
    if blocks and (cached := blocks[-1].pop("cache_control", None)):
        result["cache_control"] = cached
    return {**result, "content": blocks} if blocks else result


def _blocks(message: ChatMessage, *, newest: bool) -> list[_Block]:
    wire: list[_Block] = []
    for block in message.blocks:
        if isinstance(block, CachePoint):
            if wire:
                wire[-1]["cache_control"] = block.cache_control.model_dump(exclude_none=True)
            elif newest:
                raise ConfigError(
                    "a CachePoint must follow the block that it marks.", "Put it behind that."
                )
        elif isinstance(block, ThinkingBlock):
            wire += _thinking(block)
        elif pdf := _pdf(block):
            wire.append(pdf)
        else:
            wire += wire_parts([block], newest=newest)
    if message.role in _ASSISTANT:
        refusal = message.additional_kwargs.get("refusal")
        if refusal and not any(block.get("text") for block in wire):
            wire.append({"type": "refusal", "refusal": refusal})
        wire += unknown_calls(message)
        wire += map(_call, calls_of(message))
    return wire


def _pdf(block: ContentBlock) -> _Block | None:
    """A PDF as a document, the only files that this endpoint reads (docs: messages)."""
    if isinstance(block, ImageBlock) and block.image_mimetype == _PDF:
        return _document(block.url, block.image or block.path, block.resolve_image)
    if isinstance(block, DocumentBlock) and block.document_mimetype == _PDF:
        document = _document(block.url, block.data or block.path, block.resolve_document)
        return {**document, "title": block.title} if document and block.title else document
    return None


def _document(url: object, held: object, resolve: Callable[[], Any]) -> _Block | None:
    """The document, or `None` if it cannot be read."""
    if url and not held and not str(url).startswith("data:"):
        return {"type": "document", "source": {"type": "url", "url": str(url)}}
    try:
        data = b64encode(read_block(resolve)).decode()
    except ConfigError:
        return None
    return {"type": "document", "source": {"type": "base64", "media_type": _PDF, "data": data}}


def _thinking(block: ThinkingBlock) -> list[_Block]:
    """The thinking as it came; without a signature, it is another model's and left out."""
    told = block.additional_information
    if data := told.get(ENCRYPTED):
        return [{"type": ENCRYPTED, "data": data}]
    if signature := told.get("signature"):
        return [{"type": "thinking", "thinking": block.content or "", "signature": signature}]
    return []


def _call(call: ToolCallBlock) -> _Block:
    return {
        "type": "tool_use",
        "id": call.tool_call_id,
        "name": call.tool_name,
        "input": call.tool_kwargs,
    }


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
