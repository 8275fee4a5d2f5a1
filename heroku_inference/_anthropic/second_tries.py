"""Second tries of tool calls on the Messages endpoint, as for chat completions. Pure.

The answers of one call add up to one message. The model does not think in a second try: thoughts
in the middle of a turn could not go back with its calls.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from heroku_inference._anthropic.reading import MessageStream
from heroku_inference._anthropic.summing import MessageSum
from heroku_inference._chat.second_tries import ACCEPTED, BETWEEN_TEXTS, refusal_of
from heroku_inference._chat.tool_arguments import arguments_for_history, arguments_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from heroku_inference._values import Reply

__all__ = ["MessageFrames", "MessageTries", "StreamedMessageTries"]

_Frame = dict[str, Any]

_END: Final = frozenset({"message_delta", "message_stop"})
_SENT_BACK: Final[Mapping[str, tuple[str, ...]]] = {
    "text": ("type", "text"),
    "thinking": ("type", "thinking", "signature"),
    "redacted_thinking": ("type", "data"),
    "tool_use": ("type", "id", "name", "input"),
}


class StreamedMessageTries:
    """The tries of one call: feed the frames of each answer to `read`, then call `end`.

    The `message_delta` at the end has the ids of calls that do not count in `replaced_calls`.

    Attributes:
        next_body: After `end`, the body for the next try; `None` if there is to be none.
        earlier_text: The text of the answers before this one.
    """

    def __init__(self, body: Mapping[str, Any], tries: int) -> None:
        self.next_body: dict[str, Any] | None = None
        self.earlier_text = ""
        self._body = dict(body)
        self._left = tries
        self._is_first = True
        self._answer = MessageSum()
        self._calls: dict[int, list[_Frame]] = {}  # the frames of calls that are not passed on yet
        self._held: list[_Frame] = []  # the end of the first answer, if it has calls
        self._numbers: dict[int, int] = {}  # of the blocks of this answer, as they are passed on
        self._opened = 0  # the number of blocks that were passed on
        self._text: int | None = None  # the block that holds what the model says
        self._ids: set[str] = set()
        self._accepted: list[tuple[str, Any]] = []
        self._replaced: list[str] = []
        self._has_spoken = False  # in this answer
        self._usage: dict[str, Any] = {}

    def read(self, frames: Iterable[_Frame], reply: Reply) -> Iterator[_Frame]:
        """What can be passed on at once: all of the first answer but its end, words of others."""
        for frame in frames:
            self._answer.add(frame, reply)
            if self._is_first:
                if frame["type"] in _END and self._answer.calls_tools:
                    self._held.append(frame)
                else:
                    yield frame
            elif (words := self._words(frame)) is not None:
                yield words

    def end(self) -> list[_Frame]:
        """What is passed on when an answer has ended."""
        answer = self._answer.message()
        calls = [block for block in answer["content"] if block["type"] == "tool_use"]
        refusals = self._refusals(answer, calls)
        self.next_body = None
        if self._is_first and not refusals:
            return self._held
        self._usage = _summed(self._usage, answer.get("usage") or {})
        if self._is_first:
            pieces: list[_Frame] = []
            self._opened = len(answer["content"])
            texts = [n for n, block in enumerate(answer["content"]) if block["type"] == "text"]
            self._text = texts[-1] if texts else None
            self._replaced = list(refusals)
            self._ids = {call["id"] for call in calls}
            self._accepted = [_made(call) for call in calls if call["id"] not in refusals]
        else:
            pieces = self._new_calls(calls, refusals)
        text = "".join(block["text"] for block in answer["content"] if block["type"] == "text")
        self.earlier_text += self._separator(text) + text
        if refusals:
            self._ask_again(answer, refusals)
        else:
            pieces += self._last(answer)
        self._is_first, self._has_spoken = False, False
        self._answer, self._calls, self._numbers = MessageSum(), {}, {}
        return pieces

    def _refusals(self, answer: Mapping[str, Any], calls: list[dict[str, Any]]) -> dict[str, str]:
        """What to tell the model about each broken call, by id, if it may try again."""
        if not self._left or answer.get("stop_reason") == "max_tokens":
            return {}
        words = {call["id"]: _refusal(call) for call in calls}
        if len(words) < len(calls):
            return {}  # results could not be told apart
        return {call_id: refusal for call_id, refusal in words.items() if refusal}

    def _new_calls(
        self, calls: Iterable[dict[str, Any]], refusals: Mapping[str, str]
    ) -> list[_Frame]:
        """The calls of a later answer that count: none that is tried again, and none twice.

        A model that repeats a call which was accepted would have its tool run twice.
        """
        earlier = list(self._accepted)
        pieces: list[_Frame] = []
        for call, frames in zip(calls, self._calls.values(), strict=True):
            if call["id"] in refusals:
                continue
            if _refusal(call) is None:
                if _made(call) in earlier:
                    continue
                self._accepted.append(_made(call))
            call_id = call["id"]
            while call_id in self._ids:
                call_id += "_"
            self._ids.add(call_id)
            start, *rest = ({**frame, "index": self._opened} for frame in frames)
            start["content_block"] = {**start["content_block"], "id": call_id}
            pieces += [start, *rest]
            self._opened += 1
        return pieces

    def _ask_again(self, answer: Mapping[str, Any], refusals: Mapping[str, str]) -> None:
        """Make the body with this answer, and with what became of its calls."""
        self._left -= 1
        turn = [back for block in answer["content"] if (back := _sent_back(block)) is not None]
        results = [
            {
                "type": "tool_result",
                "tool_use_id": block["id"],
                "content": refusals.get(block["id"], ACCEPTED),
                **({"is_error": True} if block["id"] in refusals else {}),
            }
            for block in turn
            if block["type"] == "tool_use"
        ]
        said = [{"role": "assistant", "content": turn}, {"role": "user", "content": results}]
        self._body = {**self._body, "messages": [*self._body["messages"], *said]}
        self._body.pop("thinking", None)
        self.next_body = self._body

    def _words(self, frame: _Frame) -> _Frame | None:
        """A frame of a later answer, unless it belongs to a call or to the message as a whole."""
        if not frame["type"].startswith("content_block_"):
            return None
        number = frame["index"]
        if frame["type"] == "content_block_start":
            block = frame["content_block"]
            if block["type"] == "tool_use":
                self._calls[number] = [frame]
                return None
            if block["type"] == "text" and self._text is not None:
                # One text for all: frameworks join several in different ways.
                self._numbers[number] = self._text
                text = self._separator("text") + (block.get("text") or "")
                self._has_spoken = True
                delta = {"type": "text_delta", "text": text}
                return {"type": "content_block_delta", "index": self._text, "delta": delta}
            if block["type"] == "text":
                self._text = self._opened
            self._numbers[number] = self._opened
            self._opened += 1
        elif number in self._calls:
            self._calls[number].append(frame)
            return None
        elif frame["type"] == "content_block_stop" and self._numbers[number] == self._text:
            return None  # more may be said
        return {**frame, "index": self._numbers[number]}

    def _separator(self, text: str) -> str:
        """What stands between the text of earlier answers and this first text of another."""
        return BETWEEN_TEXTS if text and self.earlier_text and not self._has_spoken else ""

    def _last(self, answer: Mapping[str, Any]) -> list[_Frame]:
        reason = answer.get("stop_reason")
        ending = {
            "stop_reason": "tool_use" if reason == "end_turn" and self._accepted else reason,
            "stop_sequence": answer.get("stop_sequence"),
        }
        last = {"type": "message_delta", "delta": ending, "usage": self._usage}
        return [{**last, "replaced_calls": self._replaced}, {"type": "message_stop"}]


class MessageTries(StreamedMessageTries):
    """The tries of one call, for answers that come whole: each is a stream of one piece a block."""

    def __init__(self, body: Mapping[str, Any], tries: int) -> None:
        super().__init__(body, tries)
        self._sum = MessageSum()

    def add(self, reply: Reply) -> dict[str, Any] | None:
        """Add an answer; the body for the next try, if there is to be one."""
        for frame in (*self.read(_frames(reply.json()), reply), *self.end()):
            self._sum.add(frame, reply)
        return self.next_body

    def reply(self, reply: Reply) -> Reply:
        """The last reply, with all answers as one message."""
        if self._is_first:  # nothing had to be tried again
            return reply
        message = self._sum.message()
        replaced = message.pop("replaced_calls", ())
        kept = [block for block in message["content"] if block.get("id") not in replaced]
        return replace(reply, body=json.dumps({**message, "content": kept}).encode())


class MessageFrames:
    """Reads the events of one stream as frames: feed each to `read`, then call `finish`."""

    def __init__(self, reply: Reply, earlier_text: str) -> None:
        self._reader = MessageStream(reply)
        self._reader.partial = earlier_text

    @property
    def done(self) -> bool:
        """Whether the server said that this was all."""
        return self._reader.done

    def read(self, event: str | None, data: bytes) -> tuple[dict[str, Any], ...]:
        """The frame in this event, if there is one."""
        frame = self._reader.read_frame(event, data)
        return () if frame is None else (frame,)

    def finish(self) -> tuple[()]:
        """Check that the message was complete."""
        self._reader.finish()
        return ()


def _frames(message: Mapping[str, Any]) -> Iterator[_Frame]:
    """A whole message as a stream, each block in one piece."""
    yield {"type": "message_start", "message": {**message, "content": []}}
    for index, block in enumerate(message["content"]):
        yield {"type": "content_block_start", "index": index, "content_block": block}
        yield {"type": "content_block_stop", "index": index}
    ending = {name: message.get(name) for name in ("stop_reason", "stop_sequence")}
    yield {"type": "message_delta", "delta": ending, "usage": message.get("usage") or {}}
    yield {"type": "message_stop"}


def _made(call: Mapping[str, Any]) -> tuple[str, Any]:
    return call["name"], call.get("input") or {}


def _refusal(call: Mapping[str, Any]) -> str | None:
    given = call.get("input")
    return None if isinstance(given, dict) else refusal_of(arguments_text(given))


def _sent_back(block: Mapping[str, Any]) -> dict[str, Any] | None:
    """A block of an answer as the endpoint takes it back; `None` for what it refuses."""
    names = _SENT_BACK.get(block["type"], ())
    back = {name: block[name] for name in names if name in block}
    if block["type"] == "tool_use":
        return {**back, "input": json.loads(arguments_for_history(block.get("input")))}
    if not back or (block["type"] == "text" and not block["text"].strip()):
        return None
    return back


def _summed(one: Mapping[str, Any], two: Mapping[str, Any]) -> dict[str, Any]:
    """The token counts of two answers; of what is not a count, the later one."""
    total = {**one, **two}
    for name in one.keys() & two.keys():
        mine, theirs = one[name], two[name]
        if type(mine) is int and type(theirs) is int:
            total[name] = mine + theirs
        elif isinstance(mine, dict) and isinstance(theirs, dict):
            total[name] = _summed(mine, theirs)
        elif theirs is None:
            total[name] = mine
    return total
