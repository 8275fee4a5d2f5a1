"""Converts answers of the core, whole or streamed, into LlamaIndex's responses.

The last response of a stream holds the same as the response of a whole answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    CompletionResponse,
    MessageRole,
    TextBlock,
    ThinkingBlock,
    ToolCallBlock,
)

from heroku_inference._adapters.usage import token_counts
from llama_index_heroku._tool_calls import FINISH_REASON, legacy_calls, parse_or_keep

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llama_index.core.base.llms.types import ContentBlock

    from heroku_inference import ChatChunk, ChatResult, Reply, ToolCallDelta, Usage

__all__ = [
    "GrowingResponse",
    "assistant_message",
    "chat_response",
    "completion_response",
    "finish_fields",
    "origin_fields",
    "usage_fields",
]


def chat_response(answer: ChatResult, names: Mapping[str, str]) -> ChatResponse:
    """The response of one call; `names` maps names on the wire to the tools' own."""
    calls = [
        ToolCallBlock(
            tool_call_id=call.id,
            tool_name=names.get(call.name, call.name),
            tool_kwargs=parse_or_keep(call.arguments),
        )
        for call in answer.tool_calls
    ]
    fields = {
        **usage_fields(answer.usage),
        **origin_fields(answer.reply),
        **finish_fields(answer.finish_reason),
    }
    return ChatResponse(
        message=assistant_message(
            answer.text, answer.reasoning, answer.reasoning_signature, calls, answer.refusal
        ),
        raw=answer.reply.json() if answer.reply is not None else None,
        additional_kwargs=fields,
    )


def completion_response(response: ChatResponse) -> CompletionResponse:
    """The response as an answer to a prompt."""
    return CompletionResponse(
        text=response.message.content or "",
        additional_kwargs={**response.message.additional_kwargs, **response.additional_kwargs},
        raw=response.raw,
        delta=response.delta,
    )


class GrowingResponse:
    """The answer so far; each chunk gives a new response with everything up to then."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names
        self._text = ""
        self._reasoning = ""
        self._signature: str | None = None
        self._refusal = ""
        self._calls: list[ToolCallBlock] = []
        self._replaced: tuple[str, ...] = ()
        self._fields: dict[str, Any] = {}
        self._raw: dict[str, Any] = {}

    def add(self, chunk: ChatChunk) -> ChatResponse:
        """The response after this chunk, with the chunk's content as its deltas."""
        self._text += chunk.text
        self._reasoning += chunk.reasoning
        self._signature = chunk.reasoning_signature or self._signature
        self._refusal += chunk.refusal
        for delta in chunk.tool_calls:
            self._grow(delta)
        if chunk.replaced_calls:
            self._replaced = chunk.replaced_calls
        if chunk.finish_reason or chunk.usage or chunk.reply:
            self._add_fields(chunk)
        calls = [
            self._complete(call) for call in self._calls if call.tool_call_id not in self._replaced
        ]
        fields = dict(self._fields)
        if chunk.reasoning:
            fields["thinking_delta"] = chunk.reasoning
        return ChatResponse(
            message=assistant_message(
                self._text, self._reasoning, self._signature, calls, self._refusal
            ),
            delta=chunk.text,
            raw=self._raw,
            additional_kwargs=fields,
        )

    def _grow(self, delta: ToolCallDelta) -> None:
        if delta.index == len(self._calls):  # calls start in order, with their name
            name = delta.name or ""
            self._calls.append(ToolCallBlock(tool_name=self._names.get(name, name), tool_kwargs=""))
        call = self._calls[delta.index]
        call.tool_call_id = delta.id or call.tool_call_id
        call.tool_kwargs = f"{call.tool_kwargs}{delta.arguments}"

    def _complete(self, call: ToolCallBlock) -> ToolCallBlock:
        """A copy that later chunks do not change, with arguments parsed once they are complete."""
        arguments = call.tool_kwargs
        if FINISH_REASON in self._fields and isinstance(arguments, str):
            arguments = parse_or_keep(arguments)
        return call.model_copy(update={"tool_kwargs": arguments})

    def _add_fields(self, chunk: ChatChunk) -> None:
        self._fields.update(
            {
                **usage_fields(chunk.usage),
                **origin_fields(chunk.reply),
                **finish_fields(chunk.finish_reason),
            }
        )
        identity = {
            "id": chunk.id,
            "model": chunk.model,
            "created": chunk.created,
            "system_fingerprint": chunk.system_fingerprint,
            FINISH_REASON: chunk.finish_reason,
            "usage": usage_fields(chunk.usage) or None,
        }
        known = {name: value for name, value in identity.items() if value is not None}
        self._raw = {**self._raw, **known}  # a new dict: earlier responses keep theirs


def assistant_message(
    text: str,
    reasoning: str | None,
    signature: str | None,
    calls: list[ToolCallBlock],
    refusal: str | None,
) -> ChatMessage:
    """The model's message: thoughts first, then text and calls.

    There is always a text, empty if need be: LlamaIndex prints a message without one as `None`.
    """
    blocks: list[ContentBlock] = []
    if reasoning or signature:
        further = {"signature": signature} if signature else {}
        blocks.append(ThinkingBlock(content=reasoning or "", additional_information=further))
    blocks.append(TextBlock(text=text))
    if not calls and not refusal:
        return ChatMessage(role=MessageRole.ASSISTANT, blocks=blocks)
    additional: dict[str, Any] = {}
    if calls:
        blocks.extend(calls)
        additional["tool_calls"] = legacy_calls(calls)
    if refusal:
        additional["refusal"] = refusal
    return ChatMessage(role=MessageRole.ASSISTANT, blocks=blocks, additional_kwargs=additional)


def usage_fields(usage: Usage | None) -> dict[str, int]:
    """Token counts under the names that LlamaIndex's token counter reads."""
    return {} if usage is None else token_counts(usage)


def origin_fields(reply: Reply | None) -> dict[str, str]:
    """The request id, if the server sent one."""
    request_id = reply.request_id if reply is not None else None
    return {"request_id": request_id} if request_id else {}


def finish_fields(reason: str | None) -> dict[str, str]:
    """The finish reason, once it is known."""
    return {FINISH_REASON: reason} if reason else {}
