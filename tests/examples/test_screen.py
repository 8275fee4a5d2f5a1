"""What a terminal is shown, and what a log file is spared."""

from __future__ import annotations

import importlib
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def progress_shown(monkeypatch):
    """Moves a progress bar from 1 to 3 of 3; returns what was written."""
    monkeypatch.syspath_prepend(EXAMPLES)
    screen_module = importlib.import_module("retrieval.screen")

    def progress_shown(*, terminal: bool, seconds: float = 60) -> str:
        written = StringIO()
        notes = Console(
            file=written, force_terminal=terminal, force_interactive=terminal, width=100
        )
        with screen_module.Screen(notes, seconds).progress("Embedding") as advance:
            advance(1, 3)
            advance(3, 3)
        return written.getvalue()

    return progress_shown


def test_a_terminal_is_shown_a_moving_bar(progress_shown):
    written = progress_shown(terminal=True)
    assert "Embedding" in written
    assert "3/3" in written
    assert "━━━" in written


def test_a_file_gets_a_line_every_few_seconds(progress_shown):
    assert progress_shown(terminal=False) == ""
    lines = "Embedding: 1 of 3\nEmbedding: 3 of 3\n"
    assert progress_shown(terminal=False, seconds=0) == lines
