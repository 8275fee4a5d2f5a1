"""The code fence that models put around JSON, taken off while the text still comes in. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from heroku_inference._values import ChatChunk

__all__ = ["Fence"]

# A fence counts where JSON begins after it; what stands between is its info string.
_START = re.compile(r"\s*```[^\n`{\[]*\s*(?=[{\[])")
_MAYBE_START = re.compile(r"\s*(`{0,2}|```[^\n`{\[]*(\n\s*)?)")
# JSON strings cannot contain line ends, so a fence at the start of a line is not JSON.
_END = re.compile(r"\n[ \t]*```")
_MAYBE_END = " \t\r\n`"
_LONGEST_START = 200  # characters: longer text without JSON is not an opening fence


class Fence:
    """Takes the code fence off a text that starts with one; words after it become reasoning."""

    def __init__(self) -> None:
        self.held = ""
        self._fenced: bool | None = None  # not known yet
        self._closed = False
        self._spoke = False  # after the fence

    def feed(self, chunk: ChatChunk, text: str) -> None:
        """Add to `chunk` what of the text so far is certainly no fence."""
        if self._fenced is None:
            text = self._opened(text)
        if not self._fenced:
            chunk.text += text
            return
        if not self._closed:
            text = self._enclosed(chunk, self.held + text)
        if self._closed:
            self._speak(chunk, text)

    def finish(self, chunk: ChatChunk) -> None:
        """Add what is left at the end, unless it closes the fence."""
        held, self.held = self.held, ""
        if not self._fenced or not held.strip().startswith("```"):
            chunk.text += held

    def _opened(self, text: str) -> str:
        """What follows the opening fence, if there is one; nothing while that is not known."""
        text, self.held = self.held + text, ""
        if len(text) <= _LONGEST_START and _MAYBE_START.fullmatch(text):
            self.held = text
            return ""
        start = _START.match(text)
        self._fenced = start is not None
        return text[start.end() :] if start else text

    def _enclosed(self, chunk: ChatChunk, text: str) -> str:
        """Pass on what is inside of the fence; what follows the closing one is returned."""
        if end := _END.search(text):
            self._closed, self.held = True, ""
            chunk.text += text[: end.start()].rstrip()
            return text[end.end() :]
        certain = text.rstrip(_MAYBE_END)
        self.held = text[len(certain) :]
        chunk.text += certain
        return ""

    def _speak(self, chunk: ChatChunk, text: str) -> None:
        words = text if self._spoke else text.lstrip(_MAYBE_END)
        self._spoke = self._spoke or bool(words)
        chunk.reasoning += words
