"""From the events of an agent's run to its steps. Pure: bytes in, no I/O.

Each event is a whole message, of the model or of a tool; the run ends with one of the model that
calls no tools (docs: agents). Pieces of messages are understood too, should they come.
"""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, Final

from heroku_inference._agents.tool_results import unwrap
from heroku_inference._chat.reading import EVENTS, ChunkReader, sum_chunks
from heroku_inference._chat.request import ChatRequest
from heroku_inference._errors import HerokuError, StreamInterruptedError
from heroku_inference._json import decoded_json, invalid_response, is_error, wrong_answer
from heroku_inference._values import AgentMessage, AgentStep, AgentToolResult
from heroku_inference._wire_types import WrongTypeError, count, identifier, list_at, object_at

if TYPE_CHECKING:
    from heroku_inference._values import ChatChunk, Reply

__all__ = ["AgentReader"]

_MESSAGE_FIELDS: Final = tuple(field.name for field in fields(AgentMessage))
# An event without choices that has one of these says something that must not be lost.
_WORDS: Final = ("content", "data", "delta", "output", "result", "text", "tool_calls")
# What a piece of a message has when it says something.
_SPEECH: Final = (
    "content",
    "reasoning",
    "reasoning_content",
    "refusal",
    "tool_calls",
)

_EVENT: Final = "an event of an agent's run"


class AgentReader:
    """Reads the events of one run: feed each to `read`, then call `finish`.

    Attributes:
        done: The server said that this was all (`[DONE]`, or an event `done`).
        steps: What the agent did so far.
    """

    def __init__(self, reply: Reply) -> None:
        self.done = False
        self.steps: list[AgentStep] = []
        self._reply = reply
        self._is_whole = reply.headers.get("content-type", "").startswith("application/json")
        self._message: _OpenMessage | None = None
        self._result: dict[str, Any] | None = None  # the frame of a tool's message in pieces

    @property
    def partial(self) -> str:
        """All that the model said so far, its messages apart from each other."""
        texts = [step.text for step in self.steps if isinstance(step, AgentMessage)]
        if self._message is not None:
            texts.append(self._message.partial)
        return "\n\n".join(text for text in texts if text)

    def read(self, event: str | None, data: bytes) -> list[AgentStep]:
        """The steps that this event completes: one, as a rule.

        Raises:
            APIError: The event is an error; `steps` and `partial` hold what came before it.
            InvalidResponseError: The data is not an event of a run; likewise.
        """
        if event == "done" or data.strip() == b"[DONE]":
            self.done = True
        if self.done or not (data or event == "error"):
            return []
        before = len(self.steps)
        try:
            self._read_frame(self._decode(event, data))
        except HerokuError as error:
            raise self.with_steps(error)  # noqa: B904 - the error itself
        return self.steps[before:]

    def finish(self) -> list[AgentStep]:
        """The steps that the end of the stream completes: none, as a rule.

        Raises:
            StreamInterruptedError: The model's final message never came, or not to its end.
        """
        before = len(self.steps)
        try:
            self._close_result()
            if self._message is not None and self._message.finished:
                self._close_message()
        except HerokuError as error:
            raise self.with_steps(error)  # noqa: B904 - the error itself
        if not self._is_complete():
            raise self.with_steps(self._without_final_message())
        return self.steps[before:]

    def with_steps(self, error: HerokuError) -> HerokuError:
        """The error, which now tells what the agent had done."""
        error.steps = tuple(self.steps)
        error.partial = self.partial
        return error

    def _decode(self, event: str | None, data: bytes) -> dict[str, Any]:
        try:
            frame = decoded_json(data)
        except ValueError:
            frame = None
        if event == "error" or (isinstance(frame, dict) and is_error(frame)):
            from heroku_inference._error_bodies import stream_error  # noqa: PLC0415 - needed rarely

            raise stream_error(data, self._reply)
        if not isinstance(frame, dict):
            if event not in EVENTS:
                return {}
            raise wrong_answer(self._reply, _EVENT, data)
        return frame

    def _read_frame(self, frame: dict[str, Any]) -> None:
        choices = frame.get("choices")
        if not choices:
            self._read_rest(frame)
            return
        try:
            for number, choice in enumerate(list_at(choices, "choices")):
                self._read_choice(frame, object_at(choice, "choices", number), number)
                frame = {**frame, "usage": None}  # several choices share one count
        except WrongTypeError as wrong:
            raise invalid_response(self._reply, str(wrong), frame) from None

    def _read_choice(self, frame: dict[str, Any], choice: dict[str, Any], number: int) -> None:
        whole = choice.get("message") or {}
        name = "message" if whole else "delta"
        message = object_at(whole or choice.get("delta") or {}, "choices", number, name)
        frame = {**frame, "choices": [choice]}
        if message.get("role") == "tool" or str(frame.get("object")).startswith("tool."):
            self._close_message()
            self._read_result(frame, message, is_whole=bool(whole))
            return
        self._close_result()
        open_message = self._message
        if open_message is not None and (whole or (open_message.finished and _speaks(message))):
            self._close_message()
        if self._message is None:
            self._message = _OpenMessage(self._reply)
        self._message.read(frame)
        if whole:
            self._close_message()

    def _read_rest(self, frame: dict[str, Any]) -> None:
        """An event without choices: a usage, or a sign of life."""
        if any(frame.get(name) for name in _WORDS):
            raise invalid_response(self._reply, f"it is not {_EVENT}", frame)
        if not frame.get("usage"):
            return
        last = self.steps[-1] if self.steps else None
        if self._message is not None:
            self._message.read(frame)
        elif isinstance(last, AgentMessage) and last.usage is None:
            alone = _OpenMessage(self._reply)
            alone.read(frame)
            last.usage = alone.close().usage

    def _read_result(
        self, frame: dict[str, Any], message: dict[str, Any], *, is_whole: bool
    ) -> None:
        if self._result is not None and (is_whole or not _continues(self._result, message)):
            self._close_result()
        if self._result is None:
            self._result = {**frame, "message": dict(message)}
        else:
            _append(self._result["message"], message)
        if is_whole:
            self._close_result()

    def _close_result(self) -> None:
        if (frame := self._result) is None:
            return
        self._result = None
        message = frame["message"]
        call_id = identifier(message.get("tool_call_id"))
        name = identifier(message.get("name")) or self._tool_name(call_id)
        said = unwrap(message.get("content"), name)
        self.steps.append(
            AgentToolResult(
                tool_call_id=call_id,
                name=said.name,
                text=said.text,
                is_error=said.is_error,
                content=said.content,
                raw=said.raw,
                id=identifier(frame.get("id")),
                created=count(frame.get("created")),
                system_fingerprint=identifier(frame.get("system_fingerprint")),
                reply=self._reply,
            )
        )

    def _tool_name(self, call_id: object) -> str:
        """The name of the tool that was last called so."""
        messages = (step for step in reversed(self.steps) if isinstance(step, AgentMessage))
        calls = (call for message in messages for call in message.tool_calls)
        return next((call.name for call in calls if call.id == call_id), "")

    def _close_message(self) -> None:
        if (message := self._message) is not None:
            self._message = None
            self.steps.append(message.close())

    def _is_complete(self) -> bool:
        final = self.steps[-1] if self.steps and self._message is None else None
        if not isinstance(final, AgentMessage) or final.tool_calls:
            return False
        # A whole message that does not say why it ended is the last one if the server says so.
        reason = final.finish_reason or ("stop" if self.done or self._is_whole else "tool_calls")
        return reason != "tool_calls"

    def _without_final_message(self) -> StreamInterruptedError:
        last = self.steps[-1] if self.steps else None
        why = "the stream broke off"
        if self.done or self._is_whole:
            why = "the server ended it"
        if isinstance(last, AgentMessage) and last.tool_calls:
            names = ", ".join(call.name for call in last.tool_calls)
            why += f" before a result of {names} came (max_calls used up, perhaps)"
        return StreamInterruptedError(
            f"The agent's run ended without a final message: {why}.",
            "What it did so far is in `steps`. It is not started again by itself, since its tools "
            "may have acted.",
        )


class _OpenMessage:
    """A message of the model that may still go on."""

    def __init__(self, reply: Reply) -> None:
        self.finished = False
        self._reader = ChunkReader(ChatRequest({}), reply)
        self._chunks: list[ChatChunk] = []

    @property
    def partial(self) -> str:
        return self._reader.partial

    def read(self, frame: dict[str, Any]) -> None:
        if (chunk := self._reader.read_frame(frame)) is not None:
            self._chunks.append(chunk)
            self.finished = self.finished or chunk.finish_reason is not None

    def close(self) -> AgentMessage:
        if (last := self._reader.close()) is not None:
            self._chunks.append(last)
        result = sum_chunks(self._chunks)
        return AgentMessage(**{name: getattr(result, name) for name in _MESSAGE_FIELDS})


def _speaks(message: dict[str, Any]) -> bool:
    return any(message.get(name) for name in _SPEECH)


def _continues(frame: dict[str, Any], piece: dict[str, Any]) -> bool:
    """Whether a piece of a tool's message belongs to the one that was begun."""
    call_id = identifier(piece.get("tool_call_id"))
    return not call_id or call_id == identifier(frame["message"].get("tool_call_id"))


def _append(message: dict[str, Any], piece: dict[str, Any]) -> None:
    said, more = message.get("content"), piece.get("content")
    if not said or not more:
        message["content"] = said or more
    elif type(said) is type(more) and type(more) in {str, list}:
        message["content"] = said + more
    else:
        raise WrongTypeError("of one type in all pieces of a result", "content")
