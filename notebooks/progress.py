"""A bar that shows in a notebook how far something is."""

from __future__ import annotations

from html import escape

from IPython.display import HTML, display


class Bar:
    """One output that changes while a cell runs."""

    def __init__(self) -> None:
        self._shown = display(HTML(), display_id=True)

    def show(self, done: int, total: int, words: str) -> None:
        """Fill the bar, with these words behind it."""
        text = f"{done:,} of {total:,} {escape(words)}"
        bar = f'<progress max="{total}" value="{done}" style="width: 40%"></progress>'
        self._shown.update(HTML(f"{bar} {text}"))
