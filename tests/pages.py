"""The pages that people read, and the Python blocks on them."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).parent.parent
_ELSEWHERE = {
    ROOT / "docs" / "moving" / "frameworks.md",  # run by tests/foreign
    ROOT / "docs" / "how-to" / "ray.md",  # run by tests/corpus/test_ray.py
}
PAGES = [ROOT / "README.md", *sorted({*(ROOT / "docs").glob("**/*.md")} - _ELSEWHERE)]
_BLOCK = re.compile(r"^([ ]*)```python\n(.*?)^\1```$", flags=re.DOTALL | re.MULTILINE)


def blocks_of(page: Path) -> list[str]:
    """The programs on a page, each without the indentation that it has there."""
    text = page.read_text(encoding="utf-8")
    return [dedent(block) for _, block in _BLOCK.findall(text)]
