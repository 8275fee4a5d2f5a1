"""LangChain's standard content blocks of messages from Heroku's models, whole and in chunks.

The translators are registered for the provider name `heroku`, which every message of `ChatHeroku`
carries. Messages loaded from a checkpoint are therefore understood too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from langchain_core.messages import content as standard
from langchain_core.messages.block_translators import register_translator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from langchain_core.messages import AIMessage, AIMessageChunk
    from langchain_core.messages.content import ContentBlock

__all__ = ["HAS_REFUSALS", "PROVIDER", "content_blocks", "content_blocks_of_chunk"]

PROVIDER: Final = "heroku"

# Since langchain-core 1.7.5, whose parsers of structured output raise ModelRefusalError for it.
HAS_REFUSALS: Final = hasattr(standard, "RefusalContentBlock")
_STANDARD: Final = {"text", "server_tool_call", "server_tool_result"}
# Blocks that a message also has in its own fields, where they are read from.
_ALSO_IN_FIELDS: Final = {
    "invalid_tool_call",
    "reasoning",
    "refusal",
    "tool_call",
    "tool_call_chunk",
    "tool_use",
}


def content_blocks(message: AIMessage) -> list[ContentBlock]:
    """The standard blocks of a whole message: reasoning, text, then tool calls."""
    blocks = [*_reasoning(message), *_content(message), *_refusal(message), *_calls(message)]
    return cast("list[ContentBlock]", blocks)


def content_blocks_of_chunk(message: AIMessageChunk) -> list[ContentBlock]:
    """The standard blocks of one chunk of a stream, or of several chunks added up.

    Each kind of block has its own index. LangChain would count changes of type instead, give
    reasoning and the first tool call the same index, and merge them.
    """
    if message.chunk_position == "last":
        return content_blocks(message)
    blocks = [
        *({**block, "index": "lc_reasoning"} for block in _reasoning(message)),
        *({"index": "lc_text", **block} for block in _content(message)),
        *({**block, "index": "lc_refusal"} for block in _refusal(message)),
        *_tool_call_chunks(message),
    ]
    return cast("list[ContentBlock]", blocks)


def _reasoning(message: AIMessage) -> Iterator[dict[str, Any]]:
    reasoning = message.additional_kwargs.get("reasoning")
    if not isinstance(reasoning, dict):
        return
    block = {"type": "reasoning", "reasoning": reasoning.get("thinking", "")}
    if signature := reasoning.get("signature"):
        block["extras"] = {"signature": signature}
    yield block


def _content(message: AIMessage) -> Iterator[dict[str, Any]]:
    """The text, and the steps of an agent's run in their order."""
    content = [message.content] if isinstance(message.content, str) else message.content
    for part in content:
        if isinstance(part, str):
            if part:
                yield {"type": "text", "text": part}
        elif part.get("type") in _STANDARD or _is_thought_of_run(part, message):
            yield part
        elif part.get("type") not in _ALSO_IN_FIELDS:
            yield {"type": "non_standard", "value": part}


def _is_thought_of_run(part: dict[str, Any], message: AIMessage) -> bool:
    # Reasoning in a chat's answer has its own field, which `_reasoning` reads.
    return part.get("type") == "reasoning" and "reasoning" not in message.additional_kwargs


def _refusal(message: AIMessage) -> Iterator[dict[str, Any]]:
    if refusal := message.additional_kwargs.get("refusal"):
        if HAS_REFUSALS:
            yield {"type": "refusal", "refusal": refusal}
        else:
            yield {"type": "non_standard", "value": {"type": "refusal", "refusal": refusal}}


def _calls(message: AIMessage) -> Iterator[dict[str, Any]]:
    for call in message.tool_calls:
        yield {"type": "tool_call", "name": call["name"], "args": call["args"], "id": call["id"]}
    for invalid in message.invalid_tool_calls:
        yield {**invalid, "type": "invalid_tool_call"}


def _tool_call_chunks(message: AIMessageChunk) -> Iterator[dict[str, Any]]:
    for position, chunk in enumerate(message.tool_call_chunks):
        index = position if chunk["index"] is None else chunk["index"]
        yield {**chunk, "type": "tool_call_chunk", "index": f"lc_tc_{index}"}


register_translator(PROVIDER, content_blocks, content_blocks_of_chunk)
