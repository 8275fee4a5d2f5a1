"""The charts of the notebooks: one style, in colours for colour-blind readers too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from textwrap import shorten
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter
from numpy.typing import NDArray

# Okabe and Ito's. No chart says anything by colour alone: markers differ too.
BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#8C8C8C"

plt.rcParams.update(
    {
        "figure.dpi": 100,
        "font.size": 10,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.titlelocation": "left",
        "axes.titlesize": 11,
        "legend.frameon": False,
    }
)

Numbers = NDArray[np.floating]
Line = tuple[str, Iterable[float], Iterable[float], Iterable[str]]
"""A name, the values across, recall, and a word for each point."""

_STYLES: list[dict[str, Any]] = [
    {"color": BLUE, "marker": "o", "below": False},
    {"color": ORANGE, "marker": "D", "below": True},
]


def similarity_map(
    vectors: Numbers,
    pages: Sequence[str],
    question: Numbers,
    nearest: Sequence[int],
    title: str,
) -> None:
    """Draw passages as points, near if their vectors are, and a question among them.

    Args:
        vectors: One for each passage.
        pages: The page of each passage.
        question: The vector of a question.
        nearest: Positions of the passages that were found for it, the best first.
        title: Of the chart.
    """
    names = sorted(set(pages))
    member = np.array([names.index(page) for page in pages])
    centres = np.array([vectors[member == n].mean(axis=0) for n in range(len(names))])
    middle = centres.mean(axis=0)
    # The two directions in which the pages differ most.
    axes_of_pages = np.linalg.svd(centres - middle, full_matrices=False)[2][:2]
    points = (vectors - middle) @ axes_of_pages.T
    asked = (question - middle) @ axes_of_pages.T

    _, axes = plt.subplots(figsize=(8, 6), layout="constrained")
    for number, name in enumerate(names):
        of_page = points[member == number]
        centre = of_page.mean(axis=0)
        for point in of_page:  # a thread says which page it is from
            axes.plot(
                *zip(centre, point, strict=True), color=GREY, linewidth=0.5, zorder=0
            )
        axes.scatter(*of_page.T, s=22, color=BLUE, linewidths=0)
        axes.annotate(
            name.rsplit(".", 1)[0].replace("-", " "),
            centre,
            ha="center",
            va="center",
            fontsize=9,
            bbox={
                "boxstyle": "round,pad=0.15",
                "fc": "white",
                "ec": "none",
                "alpha": 0.8,
            },
        )
    for place in nearest:
        axes.plot(
            *zip(asked, points[place], strict=True),
            color=ORANGE,
            linewidth=1.2,
            zorder=1,
        )
    axes.scatter(
        *points[list(nearest)].T, s=55, marker="D", color=ORANGE, label="found for it"
    )
    axes.scatter(
        *asked, s=170, marker="*", color=ORANGE, label="the question", zorder=4
    )
    axes.set(
        title=title,
        xlabel="first direction (no unit)",
        ylabel="second direction (no unit)",
    )
    axes.legend(loc="best")
    plt.show()


def score_scatter(
    retrieval: Numbers, rerank: Numbers, right: NDArray[np.bool_], title: str
) -> None:
    """Draw candidates by both of their scores, and mark those that answer."""
    _, axes = plt.subplots(figsize=(7, 4.6), layout="constrained")
    axes.scatter(
        retrieval[~right],
        rerank[~right],
        s=12,
        c=GREY,
        alpha=0.4,
        linewidths=0,
        label="others",
    )
    axes.scatter(
        retrieval[right],
        rerank[right],
        s=34,
        c=ORANGE,
        marker="D",
        edgecolors="white",
        linewidths=0.6,
        label="answers the question",
    )
    axes.set(
        xlabel="retrieval score (cosine, -1 to 1)",
        ylabel="rerank score (0 to 1)",
        title=title,
    )
    axes.legend(loc="upper left")
    plt.show()


def recall_curves(before: Numbers, after: Numbers, title: str) -> None:
    """Draw recall@k without and with rerank: the share of questions, for k from 1."""
    ks = np.arange(1, len(before) + 1)
    _, axes = plt.subplots(figsize=(7, 4), layout="constrained")
    axes.plot(ks, after, color=ORANGE, marker="D", markersize=5, label="with rerank")
    axes.plot(ks, before, color=BLUE, marker="o", markersize=5, label="retrieval alone")
    axes.set(
        xlabel="k, passages kept",
        ylabel="recall@k, share of questions",
        title=title,
        xticks=[1, 2, 3, 4, 5, 10, 15, 20],
        ylim=(0, 1.02),
    )
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.legend(loc="lower right")
    plt.show()


def rank_changes(
    questions: Sequence[str], before: Numbers, after: Numbers, kept: int
) -> None:
    """Draw for each question the rank of its answer, without and with rerank."""
    rows = np.arange(len(questions))
    _, axes = plt.subplots(
        figsize=(8.5, 0.32 * len(questions) + 1.2), layout="constrained"
    )
    axes.axvspan(0.5, kept + 0.5, color=GREY, alpha=0.15, linewidth=0)
    axes.hlines(rows, before, after, color=GREY, linewidth=1.2)
    axes.scatter(before, rows, s=42, color=BLUE, label="before rerank", zorder=3)
    axes.scatter(after, rows, s=48, color=ORANGE, marker="D", label="after", zorder=3)
    axes.set(
        yticks=rows,
        yticklabels=[shorten(text, 58, placeholder="…") for text in questions],
        xlabel=f"rank of the answering passage (shaded: the {kept} that are kept)",
        title="Questions for which rerank changes the rank",
        xticks=[1, kept, 5, 10, 15, 20],
        xlim=(0.5, 20.5),
    )
    axes.invert_yaxis()
    axes.legend(loc="lower right")
    plt.show()


def recall_against(panels: Mapping[str, Sequence[Line]], title: str) -> None:
    """Draw recall against what it takes: a panel for each label of the axis across."""
    figure, all_axes = plt.subplots(
        1,
        len(panels),
        figsize=(9, 4.2),
        sharey=True,
        layout="constrained",
        squeeze=False,
    )
    for axes, (label, lines) in zip(all_axes[0], panels.items(), strict=True):
        for line, style in zip(lines, _STYLES, strict=False):
            _draw(axes, line, **style)
        axes.set_xlabel(label)
        axes.margins(x=0.12, y=0.15)
        axes.set_xlim(left=0)
        axes.legend(loc="lower right")
    all_axes[0][0].set_ylabel("recall, share of questions")
    all_axes[0][0].yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    figure.suptitle(title, x=0.01, ha="left", fontsize=11)
    plt.show()


def _draw(axes: Axes, line: Line, *, color: str, marker: str, below: bool) -> None:
    """A line with a word at each of its points."""
    name, across, recall, words = line
    axes.plot(across, recall, color=color, marker=marker, markersize=6, label=name)
    for x, y, word in zip(across, recall, words, strict=True):
        axes.annotate(
            word,
            (x, y),
            xytext=(6, -13) if below else (-4, 7),
            textcoords="offset points",
            ha="left" if below else "right",
            fontsize=8.5,
            color=color,
        )


def verdict_bars(
    groups: Sequence[str], shares: dict[str, Sequence[float]], title: str
) -> None:
    """Draw the share of each group of answers that got a yes, a bar a verdict."""
    rows = np.arange(len(groups))
    height = 0.8 / len(shares)
    _, axes = plt.subplots(figsize=(8, 0.75 * len(groups) + 1.3), layout="constrained")
    styles = [(BLUE, ""), (ORANGE, "//")]
    for number, (name, values) in enumerate(shares.items()):
        colour, hatch = styles[number]
        bars = axes.barh(
            rows + number * height,
            values,
            height * 0.9,
            color=colour,
            hatch=hatch,
            edgecolor="white",
            label=name,
        )
        axes.bar_label(
            bars, [f"{value:.0%}" for value in values], padding=4, fontsize=9
        )
    axes.set(
        yticks=rows + height / 2,
        yticklabels=groups,
        xlim=(0, 1.12),
        xlabel="share of answers that the judge says yes to",
        title=title,
    )
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.invert_yaxis()
    _beside(axes)
    plt.show()


def _beside(axes: Axes) -> None:
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
