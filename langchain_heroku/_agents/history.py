"""Splits the message of a Heroku agent's run into the turns and results of the run. Pure.

The agents endpoint takes the roles system, user, assistant and tool, and remembers nothing (docs:
agents), so earlier calls and results are sent again.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from langchain_core.messages import AIMessage, ToolMessage
from langchain_core.messages.tool import invalid_tool_call, tool_call

from heroku_inference._adapters.tools import NO_RESULT, wire_name
from langchain_heroku._blocks_of_answers import PROVIDER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from langchain_core.messages import BaseMessage

__all__ = ["is_run", "messages_of_run"]

_STEPS: Final = ("server_tool_call", "server_tool_result")


def is_run(message: BaseMessage) -> bool:
    """Whether a message holds tool calls that Heroku ran; calls of other providers do not count."""
    return (
        isinstance(message, AIMessage)
        and isinstance(message.content, list)
        and message.response_metadata.get("model_provider") == PROVIDER
        and any(isinstance(part, dict) and part.get("type") in _STEPS for part in message.content)
    )


def messages_of_run(message: BaseMessage, *, namespaces: bool) -> Iterator[BaseMessage]:
    """The model's words, its calls and their results, in order.

    With `namespaces`, tools keep names such as `mcp-python/code_exec_python`. Chat completions
    accepts only letters, digits, `_` and `-` (docs: chat completions).
    """
    turn = _Turn(namespaces=namespaces)
    for part in message.content:
        block = {"type": "text", "text": part} if isinstance(part, str) else part
        kind = block.get("type")
        if kind == "server_tool_call":
            turn.add_call(block)
        elif kind == "server_tool_result":
            yield from turn.flush()
            yield turn.result(block)
        else:
            yield from turn.fill_missing_results()
            turn.words.append(_narration(block) or block)
    refusal = message.additional_kwargs.get("refusal")
    if refusal and not any(map(_is_refusal, message.content)):
        turn.words.append({"type": "text", "text": refusal})
    yield from turn.flush()
    yield from turn.fill_missing_results()
    if isinstance(message, AIMessage) and (message.tool_calls or message.invalid_tool_calls):
        yield message.model_copy(update={"content": "", "additional_kwargs": {}})


def _is_refusal(part: str | dict[str, Any]) -> bool:
    if isinstance(part, str):
        return False
    value = part.get("value") if part.get("type") == "non_standard" else part
    return isinstance(value, dict) and value.get("type") == "refusal"


def _narration(block: dict[str, Any]) -> dict[str, Any] | None:
    if block.get("type") == "reasoning" and (block.get("extras") or {}).get("narration"):
        return {"type": "text", "text": block.get("reasoning", "")}
    return None


def _result_content(block: dict[str, Any]) -> str | list[str | dict[str, Any]]:
    if parts := (block.get("extras") or {}).get("content"):
        return [_part(part) for part in parts]
    output = block.get("output") or ""
    if isinstance(output, str):
        return output
    return json.dumps(output, ensure_ascii=False, default=str)


def _part(part: dict[str, Any]) -> dict[str, Any]:
    """A part of an MCP result: an image as LangChain has it, anything else as it is."""
    if part.get("type") == "image":
        mime_type = part.get("mimeType")
        return {"type": "image", "base64": part.get("data"), "mime_type": mime_type}
    return part


class _Turn:
    """The model's words and calls since the last result, and the calls that wait for a result."""

    def __init__(self, *, namespaces: bool) -> None:
        self.words: list[str | dict[str, Any]] = []
        self._namespaces = namespaces
        self._calls: list[dict[str, Any]] = []
        self._waiting: dict[str | None, None] = {}

    def add_call(self, block: dict[str, Any]) -> None:
        self._calls.append(block)

    def flush(self) -> Iterator[BaseMessage]:
        """Give the words and calls collected so far as one message, if there are any."""
        if not self.words and not self._calls:
            return
        valid = [call for call in self._calls if "arguments" not in (call.get("extras") or {})]
        broken = [call for call in self._calls if call not in valid]
        self._waiting.update(dict.fromkeys(call.get("id") for call in self._calls))
        yield AIMessage(
            self.words,
            tool_calls=[
                tool_call(name=self._name(call), args=call.get("args") or {}, id=call.get("id"))
                for call in valid
            ],
            invalid_tool_calls=[
                invalid_tool_call(
                    name=self._name(call),
                    args=call["extras"]["arguments"],
                    id=call.get("id"),
                    error=None,
                )
                for call in broken
            ],
        )
        self.words, self._calls = [], []

    def result(self, block: dict[str, Any]) -> BaseMessage:
        call_id = block.get("tool_call_id") or ""
        self._waiting.pop(call_id, None)
        status = "error" if block.get("status") == "error" else "success"
        return ToolMessage(_result_content(block), tool_call_id=call_id, status=status)

    def fill_missing_results(self) -> Iterator[BaseMessage]:
        """Give a result for each call without one: the API requires one (docs: chat)."""
        if self._calls:
            yield from self.flush()
        for call_id in self._waiting:
            yield ToolMessage(NO_RESULT, tool_call_id=call_id or "")
        self._waiting = {}

    def _name(self, call: dict[str, Any]) -> str:
        name: str = call.get("name") or "tool"
        return name if self._namespaces else wire_name(name)
