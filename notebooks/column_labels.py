"""Labels each text of a column once, within a budget, and goes on after a crash."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from heroku_inference import (
    ContentBlockedError,
    HerokuError,
    InvalidRequestError,
    InvalidResponseError,
    Prices,
    Usage,
    UsageTally,
)

Ask = Callable[[str], tuple[Any, Usage]]
"""Gives the label of a text, which JSON can hold, and the tokens that it took."""


@dataclass(frozen=True)
class Progress:
    """How far the labels are; `spent` is money, that of earlier runs included."""

    labelled: int
    failed: int
    total: int
    spent: float


class ColumnLabels:
    """Labels in a file of JSON lines, one for each text, with the tokens that it took.

    A line is written as soon as its label has come. So a run that is killed loses only
    the requests that were under way, and the next run pays for no other text twice.

    Args:
        path: The file; it is made if it is not there.
        ask: Gives the label of one text. Called from several threads.
        model: The model that answers, by which `prices` knows the price.
        prices: What its tokens cost.
        max_concurrency: Requests under way at a time.

    Raises:
        ValueError: `prices` has none for the model, so a budget would hold nothing.
    """

    def __init__(
        self,
        path: Path,
        ask: Ask,
        *,
        model: str,
        prices: Prices,
        max_concurrency: int = 8,
    ) -> None:
        if prices.cost(model, Usage(1, 1, 2)) is None:
            raise ValueError(f"There is no price for {model}.")
        self._path, self._ask, self._model = path, ask, model
        self._max_concurrency = max_concurrency
        self.tally = UsageTally(prices)
        self.labels: dict[str, Any] = {}
        self.errors: dict[str, HerokuError] = {}
        for line in _whole_lines(path):
            self._keep(line["text"], line["label"], Usage(**line["usage"]))

    @property
    def spent(self) -> float:
        """What all labels cost, in the currency of the prices."""
        return self.tally.cost or 0.0

    def run(
        self,
        texts: Iterable[str],
        *,
        budget: float,
        on_progress: Callable[[Progress], None] = lambda _: None,
    ) -> Progress:
        """Label the texts without a label, until the next ones could exceed the budget.

        A text that is refused is listed in `errors`, and the others go on. Any other
        error ends the run, as a wrong key is wrong for all. The next run tries again.
        """
        wanted = list(dict.fromkeys(texts))
        self.errors.clear()
        waiting = deque(text for text in wanted if text not in self.labels)
        running: dict[Future[tuple[Any, Usage]], str] = {}
        threads = ThreadPoolExecutor(self._max_concurrency)
        with self._path.open("a", encoding="utf-8") as file:
            try:
                while True:
                    while waiting and len(running) < self._room(budget):
                        text = waiting.popleft()
                        running[threads.submit(self._ask, text)] = text
                    on_progress(now := self._progress(wanted))
                    if not running:
                        return now
                    done, _ = wait(running, return_when=FIRST_COMPLETED)
                    for future in done:
                        self._take(running.pop(future), future, file)
            finally:  # what was under way is paid for
                threads.shutdown(cancel_futures=True)
                for future, text in running.items():
                    if not future.cancelled() and future.exception() is None:
                        self._take(text, future, file)

    def column(self, texts: Iterable[str]) -> list[Any]:
        """The label of each text in order; `None` where there is none yet."""
        return [self.labels.get(text) for text in texts]

    def _room(self, budget: float) -> int:
        """How many requests may be under way: as many as the rest of the money pays."""
        if self.spent >= budget:
            return 0
        if not self.labels:
            return 1  # the first one tells what a label costs
        each = self.spent / len(self.labels)
        left = budget - self.spent
        return (
            self._max_concurrency
            if left >= each * self._max_concurrency
            else int(left / each)
        )

    def _take(self, text: str, future: Future[tuple[Any, Usage]], file: Any) -> None:
        try:
            label, usage = future.result()
        except (
            ContentBlockedError,
            InvalidRequestError,
            InvalidResponseError,
        ) as error:
            self.errors[text] = error
            return
        self._keep(text, label, usage)
        line = {"text": text, "label": label, "usage": dict(usage)}
        file.write(json.dumps(line, ensure_ascii=False) + "\n")
        file.flush()

    def _keep(self, text: str, label: Any, usage: Usage) -> None:
        self.labels[text] = label
        self.tally.add(usage, model=self._model)

    def _progress(self, wanted: list[str]) -> Progress:
        labelled = sum(text in self.labels for text in wanted)
        return Progress(labelled, len(self.errors), len(wanted), self.spent)


def _whole_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The lines of an earlier run, without half a line that a kill left at the end."""
    if not path.exists():
        return
    text = path.read_text(encoding="utf-8")
    whole = text[: text.rfind("\n") + 1]
    if whole != text:
        path.write_text(whole, encoding="utf-8")
    yield from map(json.loads, whole.split("\n")[:-1])
