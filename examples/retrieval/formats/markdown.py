"""Markdown: the text under each heading, without the YAML front matter."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from retrieval.formats.parts import Heading, under_headings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from retrieval.formats.parts import Part

__all__ = ["markdown_parts"]

_FRONT_MATTER = re.compile(r"\A--- *\n(?:#.*\n)*[\w-]+ *:.*\n(?:.*\n)*?(?:---|\.\.\.) *(?:\n|\Z)")
"""From `---` in the first line to the next one. Without a key behind the first it is a rule."""
_HEADING = re.compile(r"^(#{1,6}) +(.+?) *#*$")
_FENCE = re.compile(r"^ {0,3}(```|~~~)")


def markdown_parts(text: str) -> Iterator[Part]:
    """Yields the text under each heading."""
    return under_headings(_blocks(_FRONT_MATTER.sub("", text, count=1)))


def _blocks(text: str) -> Iterator[str | Heading]:
    in_code = False
    for line in text.splitlines():
        in_code ^= bool(_FENCE.match(line))
        heading = None if in_code else _HEADING.match(line)
        yield Heading(len(heading[1]), heading[2]) if heading else line
