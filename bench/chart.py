"""The bar chart of a run as SVG: what we cost where the peer costs the whole width. Pure.

Widths are per cent and texts keep their size, so that it fits a phone without shrinking. Its
colours are those of the page, light or dark.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from bench.report import number

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.outcome import Outcome, Verdict
    from bench.row import Row

__all__ = ["chart"]

_FRAMEWORKS: Final = {"langchain_heroku": "LangChain", "llama_index_heroku": "LlamaIndex"}
_LEGEND: Final = (
    "Full width: the peer. Bar: ours; shorter is better.",
    "Mark: the bound. Orange: the bound is missed.",
)
_STYLE: Final = """
.p-h{fill:var(--md-default-fg-color,#333);font-size:15px;font-weight:650}
.p-t{fill:var(--md-default-fg-color,#333);font-size:13px}
.p-n{fill:var(--md-default-fg-color,#333);font-size:13px;font-weight:650;text-anchor:end}
.p-track{fill:#7e57c2;fill-opacity:.14}
.p-kept{fill:#26a69a}
.p-missed{fill:#ef8f22}
.p-mark{stroke:var(--md-default-fg-color,#333);stroke-width:2}
"""
_ATTRIBUTES: Final = (
    'role="img" aria-labelledby="speed-title speed-words"'
    " font-family=\"system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif\""
)
_LINE: Final = 20  # pixels
_HEADING: Final = 38
_BAR: Final = 36


def chart(outcomes: Sequence[Outcome]) -> str:
    """Returns the picture of all ratios to peers that have a bound."""
    lines = [
        f'<text class="p-t" y="{_LINE * (i + 1) - 6}">{t}</text>' for i, t in enumerate(_LEGEND)
    ]
    top, words = _LINE * len(_LEGEND), []
    for contender, framework in _FRAMEWORKS.items():
        bars = list(_bars(outcomes, contender))
        if not bars:
            continue
        lines.append(f'<text class="p-h" y="{top + _HEADING - 12}">{framework}</text>')
        top += _HEADING
        for row, verdict in bars:
            lines += _bar(row.label, verdict, top)
            words.append(f"{row.label} {_ratio(verdict)}")
            top += _BAR
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="100%" height="{top}" {_ATTRIBUTES}>',
            '<title id="speed-title">Cost as a ratio to the peer</title>',
            f'<desc id="speed-words">{escape("; ".join(words))}.</desc>',
            f"<style>{_STYLE}</style>",
            *lines,
            "</svg>\n",
        ]
    )


def _bars(outcomes: Sequence[Outcome], contender: str) -> Iterator[tuple[Row, Verdict]]:
    for outcome in outcomes:
        for verdict in outcome.verdicts:
            bound, row = verdict.bound, outcome.row
            is_peer = bound.against not in {None, row.floor}
            if (
                verdict.measured
                and is_peer
                and bound.contender == contender
                and row.kind != "limited"
            ):
                yield row, verdict


def _bar(label: str, verdict: Verdict, top: int) -> list[str]:
    assert verdict.measured
    width = min(100 * verdict.measured.median, 100)
    bound = f"{100 * verdict.bound.limit:g}%"
    state = "kept" if verdict.result == "pass" else "missed"
    return [
        f'<text class="p-t" y="{top + 13}">{escape(label)}</text>',
        f'<text class="p-n" x="100%" y="{top + 13}">{escape(_ratio(verdict))}</text>',
        f'<rect class="p-track" y="{top + 18}" width="100%" height="10" rx="2"/>',
        f'<rect class="p-{state}" y="{top + 18}" width="{width:.1f}%" height="10" rx="2"/>',
        f'<line class="p-mark" x1="{bound}" x2="{bound}" y1="{top + 16}" y2="{top + 30}"/>',
    ]


def _ratio(verdict: Verdict) -> str:
    assert verdict.measured
    ratio = f"{number(verdict.measured.median)}x"
    return ratio if verdict.result == "pass" else f"{ratio} > {verdict.bound.limit:g}x"
