"""Converts Claude's answers, whole or streamed, into LlamaIndex's responses.

Upstream's reader skips encrypted thinking and what comes with the start of a block, shows text only
at the end of its block, and reports new thinking where agents do not look.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from llama_index.core.base.llms.types import (
    ChatMessage,
    CitationBlock,
    MessageRole,
    TextBlock,
    ThinkingBlock,
    ToolCallBlock,
)
from llama_index.llms.anthropic.base import AnthropicChatResponse

from heroku_inference._adapters.anthropic_messages import finish_reason
from heroku_inference._adapters.tools import arguments_text
from heroku_inference._errors import InvalidResponseError
from llama_index_heroku._messages_api.request import ENCRYPTED
from llama_index_heroku._tool_calls import FINISH_REASON, legacy_calls, parse_or_keep

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from llama_index.core.base.llms.types import ContentBlock

__all__ = ["GrowingMessage", "whole_response"]

_WRITTEN: Final = "written"  # the key of an incomplete call's arguments
_CACHED: Final = ("cached_tokens", "cache_creation_tokens")


def whole_response(message: Any, names: Mapping[str, str]) -> AnthropicChatResponse:
    """The response of one call; `names` maps names on the wire to the tools' own."""
    raw: dict[str, Any] = message.to_dict(warnings=False)
    content = raw["content"]
    if raw.get("stop_reason") == "max_tokens" and content and content[-1]["type"] == "tool_use":
        # The call was cut: keep its arguments as text, so that it cannot be run.
        given = content[-1].pop("input")
        content[-1][_WRITTEN] = given if isinstance(given, str) else json.dumps(given)[:-1]
    fields = _answer_fields(raw.get("stop_reason"), raw.get("usage") or {}, message._request_id)  # noqa: SLF001 - documented
    return _response(content, names, fields, raw=message.to_dict(warnings=False))


class GrowingMessage:
    """The answer so far; each event gives a new response with everything up to then."""

    def __init__(self, names: Mapping[str, str], request_id: str | None = None) -> None:
        self._names = names
        self._request_id = request_id
        self._content: list[dict[str, Any]] = []
        self._fields: dict[str, Any] = {}
        self._raw: dict[str, Any] = {}

    def add(self, event: Any) -> AnthropicChatResponse | None:
        """The response after this event; `None` if the event adds nothing."""
        text, thinking = "", ""
        if event.type == "message_start":
            self._raw = event.message.to_dict()
            return None
        if event.type == "content_block_start":
            text, thinking = self._begin(event.index, event.content_block.to_dict())
        elif event.type == "content_block_delta":
            text, thinking = self._grow(self._content[event.index], event.delta.to_dict())
        elif event.type == "message_delta":
            self._end(event)
        else:
            return None
        fields = {**self._fields, "thinking_delta": thinking} if thinking else dict(self._fields)
        return _response(self._content, self._names, fields, raw=self._raw, delta=text)

    def _begin(self, index: int, block: dict[str, Any]) -> tuple[str, str]:
        if index != len(self._content):
            raise InvalidResponseError(
                f"Block {index} of the stream comes out of order.", "Send the request again."
            )
        if block["type"] == "tool_use":
            given = block.pop("input", None)
            block[_WRITTEN] = json.dumps(given) if given else ""
        self._content.append(block)
        return block.get("text") or "", block.get("thinking") or ""

    def _grow(self, block: dict[str, Any], delta: dict[str, Any]) -> tuple[str, str]:
        kind = delta["type"]
        if kind == "text_delta":
            block["text"] = (block.get("text") or "") + delta["text"]
            return delta["text"], ""
        if kind == "thinking_delta":
            block["thinking"] = (block.get("thinking") or "") + delta["thinking"]
            return "", delta["thinking"]
        if kind == "signature_delta":
            block["signature"] = (block.get("signature") or "") + delta["signature"]
        elif kind == "input_json_delta":
            block[_WRITTEN] = block.get(_WRITTEN, "") + delta["partial_json"]
        elif kind == "citations_delta":
            block["citations"] = [*(block.get("citations") or ()), delta["citation"]]
        else:
            raise InvalidResponseError(
                f"The stream has a piece of an unknown kind: {kind!r}.",
                "Update heroku-inference.",
            )
        return "", ""

    def _end(self, event: Any) -> None:
        reason, usage = event.delta.stop_reason, event.usage.to_dict()
        replaced = getattr(event, "replaced_calls", None) or ()
        self._content = [block for block in self._content if block.get("id") not in replaced]
        self._fields = _answer_fields(reason, usage, self._request_id)
        for block in self._content:
            if block["type"] == "tool_use" and _WRITTEN in block:
                block[_WRITTEN] = parse_or_keep(block[_WRITTEN])
        self._raw = {**self._raw, "stop_reason": reason, "usage": usage}


def _answer_fields(
    reason: str | None, usage: Mapping[str, Any], request_id: str | None
) -> dict[str, Any]:
    """Tokens, finish reason and request id, for `additional_kwargs`."""
    cached = {name: usage[name] for name in usage if name.startswith("cache_") and usage[name]}
    details = {
        "cached_tokens": usage.get("cache_read_input_tokens"),
        "cache_creation_tokens": usage.get("cache_creation_input_tokens"),
        "reasoning_tokens": (usage.get("output_tokens_details") or {}).get("thinking_tokens"),
    }
    # Anthropic's `input_tokens` leave out what the cache had; here they are all of the prompt.
    read = (usage.get("input_tokens") or 0) + sum(details[name] or 0 for name in _CACHED)
    written = usage.get("output_tokens") or 0
    fields: dict[str, Any] = {
        "prompt_tokens": read,
        "completion_tokens": written,
        "total_tokens": read + written,
        **{name: count for name, count in details.items() if count is not None},
        **cached,
    }
    if reason:
        fields |= {FINISH_REASON: finish_reason(reason), "stop_reason": reason}
    return {**fields, "request_id": request_id} if request_id else fields


def _response(
    content: list[dict[str, Any]],
    names: Mapping[str, str],
    fields: dict[str, Any],
    *,
    raw: dict[str, Any],
    delta: str | None = None,
) -> AnthropicChatResponse:
    blocks = [read for block in content for read in _read_block(block, names)]
    calls = [block for block in blocks if isinstance(block, ToolCallBlock)]
    if not any(isinstance(block, TextBlock) for block in blocks):
        # LlamaIndex prints a message without a text as `None`.
        blocks.insert(len(blocks) - len(calls), TextBlock(text=""))
    further = {"tool_calls": legacy_calls(calls)} if calls else {}
    return AnthropicChatResponse(
        message=ChatMessage(
            role=MessageRole.ASSISTANT,
            blocks=blocks,
            additional_kwargs=further,
        ),
        citations=[cited for block in content for cited in block.get("citations") or ()],
        delta=delta,
        raw=raw,
        additional_kwargs=fields,
    )


def _read_block(block: Mapping[str, Any], names: Mapping[str, str]) -> Iterator[ContentBlock]:
    kind = block["type"]
    if kind == "text":
        yield TextBlock(text=block["text"])
        yield from (_citation(cited) for cited in block.get("citations") or () if _is_search(cited))
    elif kind == "thinking":
        further = {"signature": block["signature"]} if block.get("signature") else {}
        yield ThinkingBlock(content=block.get("thinking") or "", additional_information=further)
    elif kind == ENCRYPTED:
        yield ThinkingBlock(content="", additional_information={ENCRYPTED: block["data"]})
    elif kind == "tool_use":
        name = block["name"]
        arguments = block[_WRITTEN] if _WRITTEN in block else block["input"]
        if not isinstance(arguments, dict):
            arguments = arguments_text(arguments)
        yield ToolCallBlock(
            tool_call_id=block["id"], tool_name=names.get(name, name), tool_kwargs=arguments
        )
    else:
        raise InvalidResponseError(
            f"The answer has a block of the kind {kind!r}, which LlamaIndex cannot hold.",
            "Update heroku-inference.",
        )


def _is_search(cited: Mapping[str, Any]) -> bool:
    return cited.get("type") == "search_result_location"


def _citation(cited: Mapping[str, Any]) -> CitationBlock:
    where = ("start_block_index", "end_block_index", "search_result_index")
    return CitationBlock(
        cited_content=TextBlock(text=cited["cited_text"]),
        source=cited["source"],
        title=cited["title"] or "",
        additional_location_info={name: cited[name] for name in where},
    )
