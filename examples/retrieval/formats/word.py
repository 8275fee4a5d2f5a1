"""DOCX: the text under each heading, and the rows of tables."""

from __future__ import annotations

import re
from io import BytesIO
from typing import TYPE_CHECKING

import docx
from docx.table import Table

from retrieval.formats.parts import Heading, under_headings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from retrieval.formats.parts import Part

__all__ = ["word_parts"]

_HEADING = re.compile(r"(?:Heading|heading) (\d)")
"""The style's name in every language of Word, which translates it only for display."""


def word_parts(data: bytes) -> Iterator[Part]:
    """Yields the text under each heading."""
    return under_headings(_blocks(data))


def _blocks(data: bytes) -> Iterator[str | Heading]:
    for block in docx.Document(BytesIO(data)).iter_inner_content():
        if isinstance(block, Table):
            for row in block.rows:
                yield " | ".join(" ".join(cell.text.split()) for cell in row.cells)
            yield ""
            continue
        heading = _HEADING.fullmatch((block.style and block.style.name) or "")
        title = " ".join(block.text.split())
        yield Heading(int(heading[1]), title) if heading and title else f"{block.text}\n"
