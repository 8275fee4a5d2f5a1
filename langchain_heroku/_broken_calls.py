"""Tool calls whose arguments are not a JSON object, usually because they were cut. Pure.

They must not be run. When LangChain adds up the chunks of a stream, it reads arguments leniently,
because more may follow: `{"city": "Par` becomes a call with the city Par, which an agent would run.
LangChain cannot be told that nothing follows. So a last chunk appends text that its reader cannot
repair.
"""

from __future__ import annotations

from typing import Final

from langchain_core.messages import AIMessageChunk
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGenerationChunk
from langchain_core.utils.json import parse_partial_json

from heroku_inference._adapters.tools import parse_arguments

__all__ = ["StreamedCalls"]

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
