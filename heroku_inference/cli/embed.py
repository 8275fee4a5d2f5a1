"""`heroku-inference embed`: a corpus to vectors, with a bar or lines about how far it is."""

from __future__ import annotations

import signal
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, TypeAlias

from rich.console import Group
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from heroku_inference._corpus.report import EmbedPlan, EmbedProgress
from heroku_inference._errors import RateLimitError
from heroku_inference.cli.screen import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from rich.console import RenderableType

    from heroku_inference._call import RetryEvent
    from heroku_inference._corpus.report import EmbedReport
    from heroku_inference._corpus.sources import Source
    from heroku_inference.cli.screen import Screen

__all__ = ["Progress", "counted", "show"]

_Row: TypeAlias = tuple[str, str, str]

_LINE_EVERY: Final = 10  # seconds, where no terminal shows a bar
_TIMES: Final = 3  # that a request fails before it is worth a word
_STOPPING: Final = "Stopping when the requests under way are answered; again: at once."
_HEARD_EVERY: Final = 1000  # texts; to tell each of a million would take seconds


def counted(source: Source, screen: Screen) -> int | None:
    """How many texts there are, each of them checked; `None` for what can be read only once.

    Raises:
        ConfigError: A row has no id or no text, or something cannot be read.
    """
    if not source.can_be_read_again:
        return None
    texts = 0
    with screen.waiting("Reading") as spinner:
        for _ in source:
            texts += 1
            if texts % _HEARD_EVERY == 0:
                spinner.update(f"Reading: {texts:,} texts")
    return texts


class Progress:
    """Shows how far a job is: a bar on a terminal, and a line every ten seconds elsewhere.

    Args:
        screen: Where it is shown.
    """

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self.now = EmbedProgress()
        """What the job said last."""
        self._stopping = False
        self._quiet_until = 0.0

    def hear(self, progress: EmbedProgress) -> None:
        """How far the job is now."""
        self.now = progress

    def hear_retry(self, event: RetryEvent) -> None:
        """Why it goes on late, when a request waits for the limit, or fails and fails."""
        limited = isinstance(event.error, RateLimitError)
        now = time.monotonic()
        if now < self._quiet_until or (event.wait < 1 if limited else event.attempt < _TIMES):
            return
        self._quiet_until = now + _LINE_EVERY
        if limited:
            self._screen.note(f"The rate limit is reached: going on in {event.wait:.0f} seconds.")
        else:
            self._screen.note(f"{event.error.problem} It is tried again.")

    @contextmanager
    def shown(self, total: int | None) -> Iterator[None]:
        """Shows it until the job ends; `total` is how many texts there are, if that is known."""
        self.now = EmbedProgress(total=total)
        if self._screen.can_redraw:
            with self._screen.redrawn(self._bar), self._hearing_ctrl_c():
                yield
            return
        ended = threading.Event()
        lines = threading.Thread(target=self._lines, args=(ended,), daemon=True)
        lines.start()
        try:
            yield
        finally:
            ended.set()
            lines.join()

    @contextmanager
    def _hearing_ctrl_c(self) -> Iterator[None]:
        """The job waits for the requests under way, and the user should know why."""

        def stop(number: int, frame: FrameType | None) -> None:
            self._stopping = True
            signal.default_int_handler(number, frame)

        before = signal.signal(signal.SIGINT, stop)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def _lines(self, ended: threading.Event) -> None:
        while not ended.wait(_LINE_EVERY):
            self._screen.note(f"{_so_far(self.now)} · {_pace(self.now)}")

    def _bar(self, width: int) -> RenderableType:
        now = self.now
        line = Table.grid(padding=(0, 1, 0, 0), expand=True)
        line.add_column(ratio=1)
        line.add_column(no_wrap=True)
        bar = ProgressBar(total=now.total, completed=_done(now), pulse=now.total is None)
        line.add_row(bar, _so_far(now))
        below = Text(_STOPPING if self._stopping else _pace(now), style="dim")
        below.truncate(width - len("^C") - 1, overflow="ellipsis")  # which the terminal puts there
        return Group(line, below)


def _done(progress: EmbedProgress) -> int:
    return progress.texts - progress.waiting


def _so_far(progress: EmbedProgress) -> str:
    of = "" if progress.total is None else f" of {progress.total:,}"
    left = "" if progress.eta is None else f" · {_duration(progress.eta)} left"
    return f"{_done(progress):,}{of} texts{left}"


def _pace(progress: EmbedProgress) -> str:
    figures = [
        f"{progress.texts_per_second:,.0f} texts/s",
        f"{progress.tokens:,} tokens",
        f"{progress.refused:,} refused",
        _many(progress.in_flight, "request waits", "requests wait"),
    ]
    if progress.reused:
        figures.insert(1, f"{progress.reused:,} had vectors")
    return " · ".join(figures)


def show(screen: Screen, result: EmbedPlan | EmbedReport, price: float | None) -> None:
    """What a run did, or would do.

    Args:
        screen: Where it is shown.
        result: What to show.
        price: Of a million tokens, if that is known.
    """
    rows = _planned(result) if isinstance(result, EmbedPlan) else _reported(result)
    if price is not None:
        cost = f"{result.tokens * price / 1_000_000:,.4f}"
        rows.append(("Cost", cost, f"at {price} for a million tokens"))
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(style="dim", overflow="fold")
    for row in rows:
        table.add_row(*row)
    screen.print(table)


def _planned(plan: EmbedPlan) -> list[_Row]:
    return [
        ("Texts", f"{plan.texts:,}", plan.model),
        ("  equal", f"{plan.equal:,}", "to others, and embedded once"),
        ("  done", f"{plan.reused:,}", "in earlier runs"),
        ("  too long", f"{plan.too_long:,}", "for the model: see --long-text"),
        ("  to embed", f"{plan.to_embed:,}", f"as {plan.input_type}"),
        ("Tokens", f"{plan.tokens:,}", "estimated"),
        ("Requests", f"{plan.requests:,}", ""),
        ("Least time", _duration(plan.least_seconds), "at the limit"),
    ]


def _reported(report: EmbedReport) -> list[_Row]:
    again = report.retries + report.rate_limited
    return [
        ("Texts", f"{report.texts:,}", report.model),
        ("  embedded", f"{report.embedded:,}", f"as {report.input_type}"),
        ("  equal", f"{report.equal:,}", "to others, and embedded once"),
        ("  done", f"{report.reused:,}", "in earlier runs"),
        ("  refused", f"{report.refused:,}", one_line(report.refused_file or "")),
        ("Tokens", f"{report.tokens:,}", ""),
        ("Requests", f"{report.requests:,}", f"{again:,} of them sent again" if again else ""),
        ("Time", _duration(report.seconds), f"{report.texts_per_second:,.0f} texts/s"),
    ]


def _duration(seconds: float) -> str:
    whole = round(seconds)
    if whole < 1:
        return f"{seconds:.1f} s"
    hours, rest = divmod(whole, 3600)
    if hours:
        return f"{hours:,} h {rest // 60:02} min"
    return f"{rest // 60} min {rest % 60:02} s" if rest >= 60 else f"{rest} s"  # noqa: PLR2004


def _many(number: int, one: str, more: str) -> str:
    return f"{number:,} {one if number == 1 else more}"
