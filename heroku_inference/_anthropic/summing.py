"""A streamed message of the Messages endpoint, summed up and written as the plain one. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from heroku_inference._anthropic.reading import MessageStream
from heroku_inference._call import StreamForm
from heroku_inference._json import invalid_response

if TYPE_CHECKING:
    from heroku_inference._values import Reply

__all__ = ["SUMMED_MESSAGE"]

# The kinds of delta that grow a text, and the field of the block that holds it.
_TEXTS: Final = {
    "signature_delta": "signature",
    "text_delta": "text",
    "thinking_delta": "thinking",
}


class _MessageSum:
    """Sums up one stream: feed each event to `read`, then call `finish`."""

    def __init__(self, reply: Reply) -> None:
        self._reply = reply
        self._reader = MessageStream(reply)
        self._message: dict[str, Any] = {}
        self._blocks: dict[int, dict[str, Any]] = {}
        self._written: dict[int, str] = {}  # the arguments of calls, as far as they go

    @property
    def done(self) -> bool:
        return self._reader.done

    def read(self, event: str | None, data: bytes) -> tuple[()]:
        if (frame := self._reader.read_frame(event, data)) is not None:
            try:
                self._add(frame)
            except (AttributeError, KeyError, TypeError):
                what = "it is not an event of the Messages API"
                raise invalid_response(self._reply, what, frame) from None
        return ()

    def finish(self) -> tuple[()]:
        self._reader.finish()
        return ()

    def body(self) -> bytes:
        for index, arguments in self._written.items():
            if arguments:
                self._blocks[index]["input"] = _parsed(arguments)
        content = [self._blocks[index] for index in sorted(self._blocks)]
        return json.dumps({**self._message, "content": content}).encode()

    def _add(self, frame: dict[str, Any]) -> None:
        kind = frame["type"]
        if kind == "message_start":
            self._message = dict(frame["message"])
        elif kind == "content_block_start":
            self._blocks[frame["index"]] = dict(frame["content_block"])
        elif kind == "content_block_delta":
            self._grow(frame["index"], frame["delta"])
        elif kind == "message_delta":
            self._message |= {**frame["delta"], "usage": frame["usage"]}

    def _grow(self, index: int, delta: dict[str, Any]) -> None:
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


SUMMED_MESSAGE: Final = StreamForm(_MessageSum)


def _parsed(arguments: str) -> Any:
    """A call's arguments; those that are not JSON, as after a cut, stay text."""
    try:
        return json.loads(arguments)
    except (ValueError, RecursionError):
        return arguments
