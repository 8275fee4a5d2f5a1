"""What Heroku's Messages endpoint answers, judged before Anthropic's SDK reads it. Pure.

A stream that was cut is an error, which the SDK would take for the end of the answer. What only
the headers say is put into the message, where those who read the SDK's objects find it.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from heroku_inference._anthropic.shapes import check_event, check_message, readable_input
from heroku_inference._decoding import decoded_json
from heroku_inference._error_bodies import stream_error
from heroku_inference._errors import (
    HerokuError,
    StreamInterruptedError,
)
from heroku_inference._json import invalid_response, wrong_answer
from heroku_inference._wire_types import WrongTypeError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from heroku_inference._values import Reply

__all__ = [
    "MessageStream",
    "finish_reason",
    "read_message",
    "readable_input",
    "written_event",
]

_OF_BLOCKS: Final = frozenset({"content_block_delta", "content_block_start", "content_block_stop"})
# Names of events whose data must be one. Others, such as signs of life, may hold anything.
_EVENTS: Final = _OF_BLOCKS | {None, "", "error", "message_start", "message_delta", "message_stop"}
# The statuses that Anthropic's error types stand for; inside of a stream there is no status.
_FINISH_REASONS: Final = {
    "end_turn": "stop",
    "max_tokens": "length",
    "stop_sequence": "stop",
    "tool_use": "tool_calls",
}


def finish_reason(stop_reason: str) -> str:
    """Anthropic's reason by the name that chat completions has for it; others as they are."""
    return _FINISH_REASONS.get(stop_reason, stop_reason)


def read_message(reply: Reply) -> Reply:
    """The reply, if it holds a message, which then tells what the headers do.

    Raises:
        InvalidResponseError: It does not, in spite of its status.
    """
    try:
        message = decoded_json(reply.body)
    except ValueError:
        message = None
    if not isinstance(message, dict) or message.get("content") is None:
        raise wrong_answer(reply, "a message of the Messages API")
    try:
        check_message(message)
    except WrongTypeError as wrong:
        raise invalid_response(reply, str(wrong)) from None
    return replace(reply, body=json.dumps(_with_headers(message, reply)).encode())


def written_event(frame: Mapping[str, Any]) -> bytes:
    """An event in the framing that the SDK reads, which passes over events without a name."""
    return b"event: %s\ndata: %s\n\n" % (frame["type"].encode(), json.dumps(frame).encode())


class MessageStream:
    """Reads the events of one streamed message: feed each to `read`, then call `finish`.

    Attributes:
        done: The server said that this was all.
        partial: The text so far.
    """

    def __init__(self, reply: Reply) -> None:
        self.done = False
        self.partial = ""
        self._reply = reply
        self._stopped = False
        self._opened: set[int] = set()  # the numbers of the blocks so far
        self._usage: dict[str, Any] = {}

    def read(self, event: str | None, data: bytes) -> tuple[bytes, ...]:
        """The event in the framing that the SDK reads, if there is something to pass on.

        Raises:
            APIError: The event is an error; the text so far is in its `partial`.
            InvalidResponseError: The data is not an event of a message; likewise.
        """
        if (frame := self.read_frame(event, data)) is None:
            return ()
        return (written_event(frame),)

    def read_frame(self, event: str | None, data: bytes) -> dict[str, Any] | None:
        """The event itself, completed by what only others tell; errors are those of `read`."""
        if event == "done" or data.strip() == b"[DONE]":
            self.done = True
        if self.done or not (data or event == "error"):
            return None
        try:
            frame = self._frame(event, data)
        except HerokuError as error:
            error.partial = self.partial
            raise
        if frame is not None:
            self._follow(frame)
        return frame

    def finish(self) -> tuple[bytes, ...]:
        """Checks that the message was complete when the stream ended; nothing was held back.

        Raises:
            StreamInterruptedError: The server never gave a stop reason, so text is missing.
        """
        if self._stopped:
            return ()
        raise StreamInterruptedError(
            "The stream ended before the answer did: the server gave no stop reason.",
            "Ask again. What came so far is in `partial`.",
            partial=self.partial,
        )

    def _frame(self, event: str | None, data: bytes) -> dict[str, Any] | None:
        try:
            frame = decoded_json(data)
        except ValueError:
            frame = None
        if event == "error" or (isinstance(frame, dict) and frame.get("error")):
            raise stream_error(data, self._reply)
        if isinstance(frame, dict):
            if not isinstance(frame.get("type"), str):
                frame["type"] = event
            if frame["type"]:
                self._check(frame)
                return frame
        elif event not in _EVENTS:
            return None  # a sign of life, which may hold anything
        raise wrong_answer(self._reply, "an event of the Messages API", data)

    def _check(self, frame: dict[str, Any]) -> None:
        try:
            check_event(frame)
            if frame["type"] in _OF_BLOCKS:
                self._check_order(frame)
        except WrongTypeError as wrong:
            raise invalid_response(self._reply, str(wrong), frame) from None

    def _check_order(self, frame: dict[str, Any]) -> None:
        begins = frame["type"] == "content_block_start"
        if begins == (frame["index"] in self._opened):
            expected = "the number of a new block" if begins else "that of a block"
            raise WrongTypeError(expected, "index")
        if begins:
            self._opened.add(frame["index"])

    def _follow(self, frame: dict[str, Any]) -> None:
        kind = frame["type"]
        if kind == "message_start":
            self._usage = frame["message"]["usage"]
            frame["message"] = _with_headers(frame["message"], self._reply)
        elif kind == "content_block_start":
            self.partial += _text(frame["content_block"])
        elif kind == "content_block_delta":
            self.partial += _text(frame["delta"])
        elif kind == "message_delta":
            self._stopped = self._stopped or bool(frame["delta"]["stop_reason"])
            # Readers look here for all numbers, also for those that came with the first event.
            late = {name: n for name, n in frame["usage"].items() if n is not None}
            frame["usage"] = {"output_tokens": 0, **self._usage, **late}
        elif kind == "message_stop":
            self.done = True


def _text(part: dict[str, Any]) -> str:
    text = part.get("text")
    return text if isinstance(text, str) else ""


def _with_headers(message: dict[str, Any], reply: Reply) -> dict[str, Any]:
    """The message with `request_id` and `rate_limits`, as far as the server told them."""
    limits = vars(reply.rate_limits)
    told = {
        "request_id": reply.request_id,
        "rate_limits": {name: limits[name] for name in limits if limits[name] is not None},
    }
    return {**{name: value for name, value in told.items() if value}, **message}
