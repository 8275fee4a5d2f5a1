"""Splits Markdown and plain text into sentences, the units of the extractive reader. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["Sentence", "sentences"]

_FENCE = re.compile(r"^\s*(```|~~~)")
_HEADING = re.compile(r"^\s{0,3}#{1,6}\s+(.*?)\s*#*$")
_BULLET = re.compile(r"^\s*(?:[-*+•]|\d{1,3}[.)])\s+")
_TABLE_ROW = re.compile(r"^\s*\|(.*)\|\s*$")
_RULE = re.compile(r"^[\s|:=-]*$")
_QUOTE = re.compile(r"^\s*>\s?")
_TITLE = re.compile(r"[A-Z0-9\"'`(].{0,58}[^\s.!?;:,]$")
_TITLE_WORDS = 8
_SENTENCE_END = re.compile(
    r"(?<=[.!?])[\"')\]*_]*\s+(?=[\"'(\[*_`]*[A-Z0-9])|(?<=[\u3002\uff01\uff1f])"
)
_ABBREVIATION = re.compile(r"(?:\b(?:e\.g|i\.e|etc|vs|cf|approx|No|Fig|Dr|Mr|Mrs|St)|\b[A-Z])\.$")


class Sentence(NamedTuple):
    """A sentence and its heading."""

    text: str
    heading: str


def sentences(text: str) -> list[Sentence]:
    """Splits a text into its sentences, in order.

    Hard-wrapped lines are joined. List items and table rows are separate sentences. Code blocks and
    headings are left out, but each sentence keeps its heading.
    """
    blocks = _Blocks()
    for line in text.splitlines():
        blocks.read(_QUOTE.sub("", line))
    blocks.end_block()
    return [
        Sentence(part, heading) for heading, block in blocks.found for part in _split(block) if part
    ]


class _Blocks:
    """Collects paragraphs, list items and table rows as single lines, each with its heading."""

    def __init__(self) -> None:
        self.found: list[tuple[str, str]] = []
        self._heading = ""
        self._lines: list[str] = []
        self._table_head: list[str] = []
        self._last_row: list[str] = []
        self._in_code = False
        self._in_item = False

    def read(self, line: str) -> None:
        if _FENCE.match(line):
            self.end_block()
            self._in_code = not self._in_code
        elif self._in_code:
            return
        elif row := _TABLE_ROW.match(line):
            self._read_row(line, [cell.strip() for cell in row[1].split("|")])
        elif heading := _HEADING.match(line):
            self.end_block()
            self._heading = heading[1]
        elif _RULE.match(line):
            self.end_block()
        else:
            self._read_text(line)

    def end_block(self) -> None:
        title = self._lines.pop() if self._title_is_last() else None
        if self._lines:
            self.found.append((self._heading, " ".join(self._lines)))
        self._heading = title or self._heading
        self._lines.clear()
        self._table_head = []
        self._last_row = []
        self._in_item = False

    def _read_row(self, line: str, cells: list[str]) -> None:
        if _RULE.match(line):  # the row above was the table's head
            self._table_head = self._last_row
            if self._last_row:
                self.found.pop()
            return
        if self._lines:
            self.end_block()
        self.found.append((self._heading, _row_sentence(self._table_head, cells)))
        self._last_row = cells

    def _read_text(self, line: str) -> None:
        is_item = bool(_BULLET.match(line))
        if is_item or (self._title_is_last() and line[:1].isupper()):
            self.end_block()
        self._in_item = self._in_item or is_item
        self._lines.append(_BULLET.sub("", line).strip())

    def _title_is_last(self) -> bool:
        """Says whether the last line is a title; in text from a PDF no blank line surrounds it."""
        if not self._lines or not _is_title(self._lines[-1]):
            return False
        above = self._lines[-2:-1]
        return above[0].endswith((".", "!", "?", ":")) if above else not self._in_item


def _is_title(line: str) -> bool:
    return bool(_TITLE.fullmatch(line)) and len(line.split()) <= _TITLE_WORDS


def _row_sentence(head: list[str], cells: list[str]) -> str:
    """`| Model | Limit |` over `| nova-pro | 150 |` reads "Model nova-pro (Limit: 150)."."""
    if len(head) != len(cells):
        return ", ".join(filter(None, cells))
    named = [f"{name}: {cell}" for name, cell in zip(head[1:], cells[1:], strict=True) if cell]
    return f"{head[0]} {cells[0]} ({'; '.join(named)})." if named else cells[0]


def _split(block: str) -> list[str]:
    parts: list[str] = []
    start = 0
    for end in _SENTENCE_END.finditer(block):
        if not _ABBREVIATION.search(block[start : end.start()]):
            parts.append(block[start : end.end()].strip())
            start = end.end()
    return [*parts, block[start:].strip()]
