"""The output that a page shows below a block: compared, or written with `pytest --write-outputs`.

Only what is the same on every machine is worth showing: answers of the engine `deterministic`.
"""

from __future__ import annotations

import re
from textwrap import dedent, indent
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Block", "blocks_of", "check_output"]

_BLOCK = re.compile(
    r"^(?P<space>[ ]*)```python(?: title=\"(?P<file>[^\"]+)\")?\n(?P<code>.*?)^(?P=space)```$"
    r"(?P<between>(?:\s+```\npython \S+\n```)?\n+)?"
    r"(?:(?P=space)```output\n(?P<output>.*?)^(?P=space)```$)?",
    flags=re.DOTALL | re.MULTILINE,
)


class Block(NamedTuple):
    """One block of Python, and what the page says that it prints."""

    page: Path
    code: str
    file: str | None
    output: str | None


def blocks_of(page: Path) -> list[Block]:
    """The blocks of Python on a page, in order."""
    text = page.read_text(encoding="utf-8")
    return [_block(page, match) for match in _BLOCK.finditer(text)]


def _block(page: Path, match: re.Match[str]) -> Block:
    output = None if match["output"] is None else dedent(match["output"])
    return Block(page, dedent(match["code"]), match["file"], output)


def check_output(block: Block, printed: str, *, write: bool) -> None:
    """Compare what a block printed with what its page shows, or show that from now on."""
    if block.output is None:
        return
    lines = [line.rstrip() for line in printed.rstrip().splitlines()]
    told = "".join(f"{line}\n" for line in lines)
    if write:
        text = block.page.read_text(encoding="utf-8")
        place = next(one for one in _BLOCK.finditer(text) if _block(block.page, one) == block)
        start, end = place.span("output")
        shown = text[:start] + indent(told, place["space"]) + text[end:]
        block.page.write_text(shown, encoding="utf-8")
    else:
        assert told == block.output, f"{block.page.name}: pytest --write-outputs writes it anew"
