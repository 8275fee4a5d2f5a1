"""`Conversation` reads question, context and tool results from messages. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

__all__ = ["Conversation"]

_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_LEAST_CONTEXT = 300  # characters; shorter instructions are not taken for a context
_LEAST_SENTENCE = 20


@dataclass(frozen=True)
class Conversation:
    """Reads the messages of a validated request."""

    messages: list[dict[str, Any]]

    @cached_property
    def question(self) -> str:
        """The text of the last user message, or of the last message if no user speaks."""
        return _text_of(self._question_message)

    @cached_property
    def shows_picture(self) -> bool:
        """Whether a picture came with it."""
        content = self._question_message.get("content")
        return isinstance(content, list) and any(part["type"] == "image_url" for part in content)

    @cached_property
    def _question_message(self) -> dict[str, Any]:
        asked = [message for message in self.messages if message["role"] == "user"]
        return (asked or self.messages)[-1]

    @cached_property
    def system(self) -> str:
        """All instructions."""
        instructions = [m for m in self.messages if m["role"] in ("system", "developer")]
        return "\n".join(map(_text_of, instructions))

    @cached_property
    def calls_since_question(self) -> list[str]:
        """Names of the tools called since the user last spoke."""
        return [call["function"]["name"] for call in self._calls]

    @cached_property
    def results(self) -> list[tuple[str, str]]:
        """`(tool name, result)` of every tool result since then."""
        names = {call["id"]: call["function"]["name"] for call in self._calls}
        return [
            (names.get(message["tool_call_id"], "tool"), _text_of(message))
            for message in self._since_question
            if message["role"] == "tool"
        ]

    @cached_property
    def last_paragraph(self) -> str:
        """The last paragraph of the question; the text before it is material."""
        return self.question.strip().rsplit("\n\n", 1)[-1]

    @cached_property
    def context_sentences(self) -> list[str]:
        """The sentences of the material that came with the question, if it is long enough."""
        material = self.system + "\n" + self.question.strip().removesuffix(self.last_paragraph)
        if len(material) < _LEAST_CONTEXT:
            return []
        sentences = (sentence.strip() for sentence in _SENTENCE.split(material))
        return [sentence for sentence in sentences if len(sentence) >= _LEAST_SENTENCE]

    @cached_property
    def _since_question(self) -> list[dict[str, Any]]:
        users = [n for n, message in enumerate(self.messages) if message["role"] == "user"]
        return self.messages[users[-1] + 1 :] if users else self.messages

    @cached_property
    def _calls(self) -> list[dict[str, Any]]:
        return [call for m in self._since_question for call in m.get("tool_calls") or []]


def _text_of(message: dict[str, Any]) -> str:
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return "\n".join(part["text"] for part in content if part.get("type") == "text")
