"""Tool calls whose arguments are not a JSON object: still after a second try, or because of a cut.

They must not be run. When LangChain adds up the chunks of a stream, it reads arguments leniently,
because more may follow: `{"city": "Par` becomes a call with the city Par, which an agent would run.
LangChain cannot be told that nothing follows. So a last chunk appends text that its reader cannot
repair.

An agent ends at an answer without calls. So where nothing but broken calls is left, that is an
error; after a cut it is a warning, since what came is the answer that `max_tokens` allows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, ToolMessage
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGenerationChunk
from langchain_core.utils.json import parse_partial_json

from heroku_inference._adapters.tools import arguments_error, parse_arguments, warn_of_cut_call
from langchain_heroku._replaced_calls import REPLACED

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Sequence

    from langchain_core.messages import BaseMessage

__all__ = [
    "KEEP_BROKEN",
    "StreamedCalls",
    "check_calls",
    "results_in",
    "with_words",
]

KEEP_BROKEN: Final = "keep_broken_calls"
"""An option of a call, of ours alone: broken calls are for the parser of the answer to judge."""

# A bracket that does not match, after the end of a string that may still be open.
_ENDS: Final = ("", "]", "}", '"]', '"}', '""]', '""}')
_WHY: Final = " <- not a complete JSON object"


def check_calls(message: AIMessage, finish_reason: str | None, retries: int | None) -> None:
    """Raise or warn if broken calls are all that an answer calls.

    Args:
        message: The answer.
        finish_reason: Why it ended.
        retries: How often the model was asked again at most: without, nothing is raised. `None`
            leaves it all to the parser of the answer.

    Raises:
        ToolArgumentsError: The model was asked again, and the arguments still cannot be read.
    """
    if message.invalid_tool_calls and not message.tool_calls:
        broken = message.invalid_tool_calls[0]
        _refuse(broken["name"] or "", broken["args"] or "", finish_reason, retries)


def _refuse(name: str, arguments: str, finish_reason: str | None, retries: int | None) -> None:
    if retries is None:
        return
    if finish_reason == "length":
        warn_of_cut_call("it is in invalid_tool_calls")
    elif retries:
        raise arguments_error(name, arguments, finish_reason)


class StreamedCalls:
    """The tool calls of one stream so far."""

    def __init__(self) -> None:
        self._names: dict[int | None, str] = {}
        self._arguments: dict[int | None, str] = {}
        self._ids: dict[int | None, str] = {}
        self._replaced: Sequence[str] = ()
        self._finish_reason: str | None = None

    def read(self, chunk: ChatGenerationChunk) -> None:
        """Add the parts of calls in a chunk."""
        message = chunk.message
        if not isinstance(message, AIMessageChunk):
            return
        for piece in message.tool_call_chunks:
            index = piece["index"]
            self._names[index] = self._names.get(index) or piece["name"] or ""
            self._ids[index] = self._ids.get(index) or piece["id"] or ""
            self._arguments[index] = self._arguments.get(index, "") + (piece["args"] or "")
        if len(metadata := message.response_metadata) > 1:
            self._replaced = metadata.get(REPLACED, self._replaced)
            self._finish_reason = metadata.get("finish_reason", self._finish_reason)

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

    def check(self, retries: int | None) -> None:
        """Raise or warn as `check_calls` does, after the end of the stream."""
        left = [index for index in self._arguments if self._ids[index] not in self._replaced]
        if left and not any(_is_object(self._arguments[index]) for index in left):
            first = left[0]
            _refuse(self._names[first], self._arguments[first], self._finish_reason, retries)


def _end(arguments: str) -> str:
    """Text that makes LangChain reject broken arguments too; empty if they are valid."""
    if _is_object(arguments):
        return ""
    end = next(end for end in _ENDS if not _is_repaired(arguments + end))
    return end and end + _WHY


def _is_object(arguments: str) -> bool:
    try:
        parse_arguments(arguments)
    except ValueError:
        return False
    return True


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
