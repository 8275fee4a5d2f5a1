"""The pages that people read, whose Python blocks run."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parent.parent
_ELSEWHERE = {
    ROOT / "docs" / "moving" / "frameworks.md",  # run by tests/foreign
    ROOT / "docs" / "how-to" / "ray.md",  # run by tests/corpus/test_ray.py
}
PAGES = [ROOT / "README.md", *sorted({*(ROOT / "docs").glob("**/*.md")} - _ELSEWHERE)]
