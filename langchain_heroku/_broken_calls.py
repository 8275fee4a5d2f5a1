"""Tool calls whose arguments are not a JSON object, usually because they were cut. Pure.

They must not be run. When LangChain adds up the chunks of a stream, it reads arguments leniently,
because more may follow: `{"city": "Par` becomes a call with the city Par, which an agent would run.
LangChain cannot be told that nothing follows. So a last chunk appends text that its reader cannot
repair.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, ToolMessage
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGenerationChunk
from langchain_core.utils.json import parse_partial_json

from heroku_inference._adapters.tools import parse_arguments

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

    from langchain_core.messages import BaseMessage

__all__ = ["StreamedCalls", "results_in", "with_words"]

# A bracket that does not match, after the end of a string that may still be open.
_ENDS: Final = ("", "]", "}", '"]', '"}', '""]', '""}')
_WHY: Final = " <- not a complete JSON object"


class StreamedCalls:
    """The tool calls of one stream so far."""

    def __init__(self) -> None:
        self._names: dict[int | None, str] = {}
        self._arguments: dict[int | None, str] = {}

    def read(self, chunk: ChatGenerationChunk) -> None:
        """Add the parts of calls in a chunk."""
        message = chunk.message
        if isinstance(message, AIMessageChunk):
            for piece in message.tool_call_chunks:
                index = piece["index"]
                self._names[index] = self._names.get(index) or piece["name"] or ""
                self._arguments[index] = self._arguments.get(index, "") + (piece["args"] or "")

    def end(self, hidden: str | None = None) -> ChatGenerationChunk | None:
        """A last chunk that makes broken calls invalid, except those of the tool `hidden`."""
        ends = [
            tool_call_chunk(name=None, args=end, id=None, index=index)
            for index, arguments in self._arguments.items()
            if self._names[index] != hidden and (end := _end(arguments))
        ]
        if not ends:
            return None
        last = AIMessageChunk(content="", tool_call_chunks=ends, chunk_position="last")
        return ChatGenerationChunk(message=last)


def _end(arguments: str) -> str:
    """Text that makes LangChain reject broken arguments too; empty if they are valid."""
    try:
        parse_arguments(arguments)
    except ValueError:
        end = next(end for end in _ENDS if not _is_repaired(arguments + end))
        return end and end + _WHY
    return ""


def _is_repaired(arguments: str) -> bool:
    """Whether LangChain's lenient reader makes an object of these arguments."""
    try:
        return isinstance(parse_partial_json(arguments), dict)
    except Exception:  # noqa: BLE001 - for LangChain any error means a broken call
        return False


def results_in(messages: Iterable[BaseMessage]) -> set[str | None]:
    """The ids of the calls that have a result."""
    found: set[str | None] = set()
    for message in messages:
        if isinstance(message, ToolMessage):
            found.add(message.tool_call_id)
        elif isinstance(message, HumanMessage):  # Anthropic's way
            found |= {part.get("tool_use_id") for part in message.content if isinstance(part, dict)}
    return found - {None}


def with_words(message: BaseMessage, results: Container[str | None]) -> BaseMessage:
    """The message with its broken calls as text: the server refuses calls without a result.

    Calls whose id is in `results` stay calls.
    """
    if not (isinstance(message, AIMessage) and message.invalid_tool_calls):
        return message
    kept = [call for call in message.invalid_tool_calls if call["id"] in results and call["name"]]
    broken = [call for call in message.invalid_tool_calls if call not in kept]
    if not broken:
        return message
    words = "\n".join(f"{call['name'] or ''}{call['args'] or ''}" for call in broken)
    content: str | list[str | dict[str, Any]]
    if isinstance(message.content, str):
        content = "\n".join(filter(None, [message.content, words]))
    else:
        ids = [call["id"] for call in broken]
        rest = [part for part in message.content if not _is_call(part)]
        calls = [part for part in message.content if _is_call(part, but=ids)]
        content = [*rest, {"type": "text", "text": words}, *calls]
    return message.model_copy(update={"content": content, "invalid_tool_calls": kept})


def _is_call(part: str | dict[str, Any], but: Container[str | None] = ()) -> bool:
    return isinstance(part, dict) and part.get("type") == "tool_use" and part.get("id") not in but
