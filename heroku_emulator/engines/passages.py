"""Splits a conversation into the question and the passages to answer it from. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

__all__ = ["Passage", "ReadingTask", "message_text", "reading_task"]

_NUMBERED = re.compile(r"^\s*\[(\d{1,3})\][ \t]*", re.MULTILINE)
_QUESTION_LABEL = re.compile(
    r"^[ \t#*<]*(?:question|query|user question|input)[ \t>*]*:[ \t*]*",
    re.IGNORECASE | re.MULTILINE,
)
_CONTEXT_LABEL = re.compile(
    r"^[ \t#*<]*(?:context|sources|documents|passages|text)(?:[ \t>*]*:[ \t*]*|>)[ \t]*",
    re.IGNORECASE | re.MULTILINE,
)
_QUESTION = re.compile(r"[^.!?\n]*\?")


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of the text to answer from."""

    text: str
    number: str | None = None
    """Its number for citations, as in `[1] ...`; `None` without one."""


@dataclass(frozen=True, slots=True)
class ReadingTask:
    """A question and the passages to answer it from."""

    question: str
    passages: list[Passage]


def message_text(message: dict[str, Any]) -> str:
    """Returns a message's text, without images."""
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return "\n".join(part.get("text", "") for part in content if part.get("type") == "text")


def reading_task(messages: list[dict[str, Any]]) -> ReadingTask:
    """Separates the question from the text around it.

    The question is what follows a label such as `Question:`, else the last user message's last
    question, else its last paragraph. The passages are the blocks numbered `[1]`, `[2]`; else what
    follows a label such as `Context:`; else all other text of the system and user messages.
    """
    asked = _last_user(messages)
    if asked < 0:
        return ReadingTask("", [])
    question, rest = _split_question(message_text(messages[asked]))
    instructions = [m for m in messages if m.get("role") in {"system", "developer"}]
    earlier = [m for m in messages[:asked] if m.get("role") == "user"]
    given = [*map(message_text, [*instructions, *earlier]), rest]
    return ReadingTask(question, _passages([text for text in given if text.strip()]))


def _last_user(messages: list[dict[str, Any]]) -> int:
    users = [i for i, message in enumerate(messages) if message.get("role") == "user"]
    return users[-1] if users else -1


def _split_question(text: str) -> tuple[str, str]:
    labels = list(_QUESTION_LABEL.finditer(text))
    if labels:
        start = labels[-1].end()
        paragraph = text[start:].strip().split("\n\n")[0]
        return paragraph, text[: labels[-1].start()] + text[start:].replace(paragraph, "", 1)
    questions = list(_QUESTION.finditer(text))
    asked = questions[-1][0].strip() if questions else text.strip().split("\n\n")[-1].strip()
    before, _, after = text.rpartition(asked)
    return asked, before + after


def _passages(texts: list[str]) -> list[Passage]:
    numbered = [passage for text in texts for passage in _numbered_passages(text)]
    if numbered:
        return numbered
    labelled = [text[label.end() :] for text in texts for label in _CONTEXT_LABEL.finditer(text)]
    return [Passage(text.strip()) for text in labelled or texts if text.strip()]


def _numbered_passages(text: str) -> list[Passage]:
    marks = list(_NUMBERED.finditer(text))
    ends = [*[mark.start() for mark in marks], len(text)][1:]
    return [
        Passage(text[mark.end() : end].strip(), mark[1])
        for mark, end in zip(marks, ends, strict=True)
        if text[mark.end() : end].strip()
    ]
