"""A streamed message of the Messages endpoint, summed up and written as the plain one. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from heroku_inference._anthropic.reading import MessageStream, readable_input
from heroku_inference._call import StreamForm
from heroku_inference._json import invalid_response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from heroku_inference._values import Reply

__all__ = ["SUMMED_MESSAGE", "MessageSum"]

# The kinds of delta that grow a text, and the field of the block that holds it.
_TEXTS: Final = {
    "signature_delta": "signature",
    "text_delta": "text",
    "thinking_delta": "thinking",
}


class MessageSum:
    """Sums up the frames of one streamed message."""

    def __init__(self) -> None:
        self.calls_tools = False
        self._message: dict[str, Any] = {}
        self._blocks: dict[int, dict[str, Any]] = {}
        self._written: dict[int, str] = {}  # the arguments of calls, as far as they go

    def add(self, frame: Mapping[str, Any], reply: Reply) -> None:
        """Add a frame of the stream that came with `reply`.

        Raises:
            InvalidResponseError: It is not a frame of a message.
        """
        try:
            self._add(frame)
        except (AttributeError, KeyError, TypeError):
            what = "it is not an event of the Messages API"
            raise invalid_response(reply, what, frame) from None

    def message(self) -> dict[str, Any]:
        """The message so far; arguments that cannot be read, as after a cut, are text."""
        for index, arguments in self._written.items():
            if arguments:
                self._blocks[index]["input"] = readable_input(arguments)
        content = [self._blocks[index] for index in sorted(self._blocks)]
        return {**self._message, "content": content}

    def _add(self, frame: Mapping[str, Any]) -> None:
        kind = frame["type"]
        if kind == "message_start":
            self._message = dict(frame["message"])
        elif kind == "content_block_start":
            block = self._blocks[frame["index"]] = dict(frame["content_block"])
            self.calls_tools = self.calls_tools or block["type"] == "tool_use"
        elif kind == "content_block_delta":
            self._grow(frame["index"], frame["delta"])
        elif kind == "message_delta":
            self._message |= {**frame["delta"], "usage": frame["usage"]}
            if replaced := frame.get("replaced_calls"):
                self._message["replaced_calls"] = replaced

    def _grow(self, index: int, delta: Mapping[str, Any]) -> None:
        block, kind = self._blocks[index], delta["type"]
        if kind in _TEXTS:
            name = _TEXTS[kind]
            block[name] = (block.get(name) or "") + delta[name]
        elif kind == "input_json_delta":
            self._written[index] = self._written.get(index, "") + delta["partial_json"]
        elif kind == "citations_delta":
            block["citations"] = [*(block.get("citations") or ()), delta["citation"]]
        else:
            raise KeyError(kind)


class _StreamSum:
    """Sums up one stream: feed each event to `read`, then call `finish`."""

    def __init__(self, reply: Reply) -> None:
        self._reply = reply
        self._reader = MessageStream(reply)
        self._sum = MessageSum()

    @property
    def done(self) -> bool:
        return self._reader.done

    def read(self, event: str | None, data: bytes) -> tuple[()]:
        if (frame := self._reader.read_frame(event, data)) is not None:
            self._sum.add(frame, self._reply)
        return ()

    def finish(self) -> tuple[()]:
        self._reader.finish()
        return ()

    def body(self) -> bytes:
        return json.dumps(self._sum.message()).encode()


SUMMED_MESSAGE: Final = StreamForm(_StreamSum)
