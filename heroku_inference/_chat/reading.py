"""Reads answers, whole or in pieces, into values. Pure: bytes in, no I/O.

Heroku's frames differ from OpenAI's in small ways, all handled here: `""` finish reasons and `{}`
usage mean none, usage comes in a frame of its own, reasoning is an object.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from heroku_inference._chat.response_format import AnswerText
from heroku_inference._chat.tool_deltas import ToolCallDeltas
from heroku_inference._chat.words import PLACEHOLDER
from heroku_inference._chat.wrong_parts import wrong_part
from heroku_inference._errors import HerokuError, StreamInterruptedError
from heroku_inference._json import decoded_json, invalid_response, is_error, wrong_answer
from heroku_inference._values import ChatChunk, ChatResult, ToolCall, ToolCallDelta, Usage
from heroku_inference._wire_types import count, identifier, json_text, reason, usage_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from heroku_inference._chat.request import ChatRequest
    from heroku_inference._values import Reply

__all__ = ["EVENTS", "ChunkReader", "chat_result", "sum_chunks"]

_FINISH_REASONS = {
    "end_turn": "stop",
    "function_call": "tool_calls",
    "max_tokens": "length",
    "stop_sequence": "stop",
    "tool_use": "tool_calls",
}
_LONGEST_MARK = 32  # bytes of an end mark, with white space around it
_COMPLETION = "a chat completion"
_REASONING_FIELDS = ("signature", "text", "thinking")
# Names of events that hold a piece of the answer, or an error. Others, such as signs of life, may
# hold anything.
EVENTS: Final = frozenset({None, "", "error", "message"})

# What an answer says about itself, on its first piece.
_IDENTITY: Final = {
    "id": identifier,
    "model": identifier,
    "created": count,
    "system_fingerprint": identifier,
}
_SAID_ONCE = (*_IDENTITY, "finish_reason", "usage", "reasoning_signature", "reply")


def chat_result(reply: Reply, request: ChatRequest) -> ChatResult:
    """The answer in this reply, read as the request wants it: a stream of one piece, summed.

    Raises:
        InvalidResponseError: The body is not JSON, or not a chat completion.
        APIError: The body is an error, in spite of the status.
    """
    reader = ChunkReader(request, reply)
    completion = reader.check(None, reply.body, _decoded(reply))
    choices = completion.get("choices")
    if not choices:
        raise wrong_answer(reply, _COMPLETION)
    first = choices[0] if type(choices) is list else None
    if type(first) is dict and "message" not in first and "delta" not in first:
        raise invalid_response(reply, "choices.0.message is missing")
    pieces = (reader.read_frame(completion), reader.close())
    return sum_chunks(piece for piece in pieces if piece is not None)


def _decoded(reply: Reply) -> Any:
    try:
        return reply.json()
    except ValueError:
        return None


def sum_chunks(chunks: Iterable[ChatChunk]) -> ChatResult:
    """The whole answer that the pieces of one stream make up."""
    result = ChatResult(text="")
    pieces = list(chunks)
    result.text = "".join(piece.text for piece in pieces)
    result.reasoning = "".join(piece.reasoning for piece in pieces) or None
    result.refusal = "".join(piece.refusal for piece in pieces) or None
    calls: dict[int, list[ToolCallDelta]] = {}
    replaced: set[str] = set()
    for piece in pieces:
        for name in _SAID_ONCE:
            if (value := getattr(piece, name)) is not None:
                setattr(result, name, value)
        for delta in piece.tool_calls:
            calls.setdefault(delta.index, []).append(delta)
        replaced.update(piece.replaced_calls)
    summed = (_summed_call(calls[index]) for index in sorted(calls))
    result.tool_calls = [call for call in summed if call.id not in replaced]
    return result


class ChunkReader:
    """Reads the frames of one streamed answer: feed each to `read`, then call `finish`.

    Attributes:
        done: The server said that this was all (`[DONE]`, or an event `done`).
    """

    def __init__(self, request: ChatRequest, reply: Reply) -> None:
        self.done = False
        self._reply = reply
        self._rewrite = AnswerText(request.response_format) if request.response_format else None
        self._calls = ToolCallDeltas()
        self._identity: dict[str, Any] = {}
        self._signed = False
        self._spoken: list[str] = []  # what was passed on, for `partial`
        self._began = False
        self._echo = ""
        self._finished = False
        self._usage: Usage | None = None

    @property
    def partial(self) -> str:
        """All text so far, also what is held back until it is clear how the answer goes on."""
        held = self._rewrite.held if self._rewrite else ""
        return "".join([*self._spoken, held, self._echo])

    def read(self, event: str | None, data: bytes) -> tuple[ChatChunk, ...]:
        """The piece that this event adds, if it adds one.

        Raises:
            APIError: The event is an error; the text so far is in its `partial`.
            InvalidResponseError: The data is not JSON, or not of a chat completion; likewise.
        """
        if event == "done" or (len(data) < _LONGEST_MARK and data.strip() == b"[DONE]"):
            self.done = True
        if self.done or not (data or event == "error"):
            return ()
        try:
            chunk = self.read_frame(self.decode(event, data))
        except HerokuError as error:
            error.partial = self.partial
            raise
        return () if chunk is None else (chunk,)

    def finish(self) -> tuple[ChatChunk, ...]:
        """The piece that was held back until the end, if there is one: the usage above all.

        Raises:
            StreamInterruptedError: The server never gave a finish reason, so text is missing.
            InvalidResponseError: A tool call is left without its name, or arguments without call.
        """
        if not self._finished:
            raise StreamInterruptedError(
                "The stream ended before the answer did: the server gave no finish reason.",
                "Ask again. What came so far is in `partial`.",
                partial=self.partial,
            )
        try:
            chunk = self.close()
        except HerokuError as error:
            error.partial = self.partial
            raise
        return () if chunk is None else (chunk,)

    def decode(self, event: str | None, data: bytes) -> dict[str, Any]:
        """The frame in this data, unless it is an error."""
        try:
            frame = decoded_json(data)
        except ValueError:
            frame = None
        return self.check(event, data, frame)

    def check(self, event: str | None, data: bytes, frame: Any) -> dict[str, Any]:
        """The frame that was decoded from this data, unless it is an error.

        Raises:
            APIError: It is one.
            InvalidResponseError: It is not of a chat completion.
        """
        # What nearly every frame is needs no call to be seen.
        plain = type(frame) is dict and frame.get("choices") and not frame.get("error")
        if event == "error" or (not plain and type(frame) is dict and is_error(frame)):
            from heroku_inference._error_bodies import stream_error  # noqa: PLC0415 - needed rarely

            raise stream_error(data, self._reply)
        if type(frame) is not dict:
            if event not in EVENTS:
                return {}
            raise wrong_answer(self._reply, _COMPLETION, data)
        return frame

    def read_frame(self, frame: dict[str, Any]) -> ChatChunk | None:
        """What this decoded frame adds; frames without choices, such as pings, add nothing."""
        chunk = ChatChunk()
        if usage := frame.get("usage"):
            self._usage = usage_of(usage) or self._usage
        try:
            # Heroku gives one answer. Several choices would be parts of it, not others.
            for choice in frame.get("choices") or ():
                self._read_choice(choice, chunk)
        except (AttributeError, TypeError):
            raise invalid_response(self._reply, wrong_part(frame), frame) from None
        if self._rewrite:
            self._rewrite.rewrite(chunk)
        if not self._signed:
            for name, read in _IDENTITY.items():
                if value := read(frame.get(name)):
                    self._identity[name] = value
        return self._passed_on(chunk)

    def close(self) -> ChatChunk | None:
        """Like `finish`, for an answer that came whole: a finish reason is not asked for."""
        chunk = ChatChunk(
            tool_calls=self._calls.finish(self._identity.get("id")), usage=self._usage
        )
        self._release_echo(chunk)
        if self._rewrite:
            self._rewrite.rewrite(chunk)
            self._rewrite.release(chunk)
        return self._passed_on(chunk)

    def _read_choice(self, choice: dict[str, Any], chunk: ChatChunk) -> None:
        delta = choice.get("delta") or choice.get("message")
        if delta:
            content = delta.get("content")
            if content and self._began and type(content) is str:  # nearly every piece of a stream
                chunk.text += content
            elif content is not None and content != "":
                self._read_content(content, chunk)
            if reasoning := delta.get("reasoning") or delta.get("reasoning_content"):
                _read_reasoning(reasoning, chunk)
            if refusal := delta.get("refusal"):
                chunk.refusal += refusal
            if calls := delta.get("tool_calls"):
                read = self._calls.read if choice.get("delta") else self._calls.read_whole
                chunk.tool_calls += read(calls)
            if media := delta.get("audio") or delta.get("images"):
                raise invalid_response(self._reply, "it has audio or images", media)
        ending = choice.get("finish_reason")
        if ending and not self._finished:
            self._finished = True
            self._release_echo(chunk)
            said = reason(ending)
            chunk.finish_reason = _FINISH_REASONS.get(said or "", said)

    def _read_content(self, content: Any, chunk: ChatChunk) -> None:
        text = content if type(content) is str else _text_of_parts(content, chunk)
        if self._echo:
            text, self._echo = self._echo + text, ""
        elif text == PLACEHOLDER and not self._began:
            # Perhaps the model repeats our filler before it calls a tool: not its own words.
            self._echo = text
            return
        self._began = True
        chunk.text += text

    def _release_echo(self, chunk: ChatChunk) -> None:
        if not self._calls:
            chunk.text += self._echo
        self._echo = ""

    def _passed_on(self, chunk: ChatChunk) -> ChatChunk | None:
        if chunk.text:
            self._spoken.append(chunk.text)
        elif not (
            chunk.reasoning
            or chunk.tool_calls
            or chunk.finish_reason
            or chunk.usage
            or chunk.refusal
            or chunk.reasoning_signature
        ):
            return None
        if not self._signed:
            self._sign(chunk)
        return chunk

    def _sign(self, chunk: ChatChunk) -> None:
        self._signed = True
        chunk.reply = self._reply
        for name, value in self._identity.items():
            setattr(chunk, name, value)


def _text_of_parts(parts: Any, chunk: ChatChunk) -> str:
    """The texts of content that came as a list; thoughts among the parts are reasoning."""
    text = ""
    for part in parts:
        if "thinking" in part:
            _read_reasoning(part, chunk)
        elif isinstance(piece := part.get("text"), str):
            text += piece
        else:
            raise TypeError(f"a content part {part.get('type')!r}")
    return text


def _read_reasoning(reasoning: Any, chunk: ChatChunk) -> None:
    """Add reasoning from Heroku's object, or from the plain string of other models."""
    if type(reasoning) is str:
        chunk.reasoning += reasoning
        return
    thoughts = None
    if type(reasoning) is dict and not reasoning.keys().isdisjoint(_REASONING_FIELDS):
        thoughts = reasoning.get("thinking") or reasoning.get("text") or ""
    if type(thoughts) is not str:
        chunk.reasoning += json_text(reasoning)  # unknown, but not lost
        return
    chunk.reasoning += thoughts
    chunk.reasoning_signature = identifier(reasoning.get("signature")) or chunk.reasoning_signature


def _summed_call(deltas: list[ToolCallDelta]) -> ToolCall:
    return ToolCall(
        id=next((delta.id for delta in deltas if delta.id), ""),
        name=next((delta.name for delta in deltas if delta.name), ""),
        arguments="".join(delta.arguments for delta in deltas),
    )
