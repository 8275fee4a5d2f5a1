"""One run of a job: texts in, requests side by side, answers to the ledger, rows to their place."""

from __future__ import annotations

import json
import time
from contextlib import closing
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from heroku_inference._corpus.asking import ask, batches, key_of, too_long
from heroku_inference._corpus.report import EmbedProgress, EmbedReport
from heroku_inference._corpus.rows import Row
from heroku_inference._endpoints.concurrency import map_as_done

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from heroku_inference._corpus.asking import Batch
    from heroku_inference._corpus.inputs import Given
    from heroku_inference._corpus.lanes import Lanes
    from heroku_inference._corpus.ledger import Ledger
    from heroku_inference._corpus.placing import Placing
    from heroku_inference._corpus.rows import Rows
    from heroku_inference._corpus.tally import Tally

__all__ = ["Run"]

_AHEAD: Final = 4  # batches taken for each request in flight, while the main thread writes a part
_TOGETHER: Final = 4  # batches of texts that are looked up in one transaction
_HEARTBEAT: Final = 0.5  # seconds without an answer after which progress is told
_BETWEEN_TELLING: Final = 0.1  # seconds


class Run:
    """One run, from its first text to its report."""

    def __init__(
        self,
        given: Iterator[Given],
        *,
        ledger: Ledger,
        rows: Rows,
        placing: Placing,
        lanes: Lanes,
        tally: Tally,
        long_text: str,
        retry_refused: bool,
        refused_file: Path,
        total: int | None,
        on_progress: Callable[[EmbedProgress], None] | None,
    ) -> None:
        self._given = given
        self._ledger = ledger
        self._rows = rows
        self._placing = placing
        self._lanes = lanes
        self._tally = tally
        self._long_text = long_text
        self._retry_refused = retry_refused
        self._refused_file = refused_file
        self._total = total
        self._on_progress = on_progress
        self._began = time.monotonic()
        self._told = self._began
        self._texts = 0
        self._without_answer: set[bytes] = set()  # texts that were taken
        self._in_flight = 0

    def finish(self) -> EmbedReport:
        """Embed everything that has no vector; what was done."""
        answered = map_as_done(
            self._ask,
            batches(self._new_texts(), self._lanes.options),
            self._lanes.places,
            ahead=_AHEAD * self._lanes.places,
            heartbeat=_HEARTBEAT,
        )
        with closing(answered):
            for batch in answered:
                if batch is not None:
                    self._without_answer.difference_update(batch.keys)
                if self._placing.is_due(self._rows.waiting - len(self._without_answer)):
                    self._tally.add(refused=self._rows.mark_refused())
                    self._placing.place()
                self._tell()
        self._tally.add(refused=self._rows.mark_refused())
        self._placing.finish()
        has_refused = self.write_refused()
        self._tell(at_once=True)
        options = self._lanes.options
        return EmbedReport(
            **self._counts(),
            parts=self._placing.parts_written,
            model=options.model,
            input_type=options.input_type,
            refused_file=str(self._refused_file) if has_refused else None,
        )

    def _ask(self, batch: Batch) -> Batch:
        """Embed a batch, on a thread of its own."""
        ask(batch, lanes=self._lanes, ledger=self._ledger, tally=self._tally)
        return batch

    def _new_texts(self) -> Iterator[tuple[bytes, str]]:
        """The texts that have neither a vector nor a request under way."""
        together = _TOGETHER * self._lanes.options.batch_size
        while given := list(islice(self._given, together)):
            rows = [
                Row(
                    each.id,
                    key_of(self._ledger, each.text, self._long_text),
                    each.position,
                    too_long(each.text) if self._long_text == "skip" else None,
                )
                for each in given
            ]
            states = self._rows.register(rows, retry_refused=self._retry_refused)
            self._texts += len(rows)
            self._tally.add(reused=states.count("reused"), refused=states.count("refused"))
            new = []  # told from others before any is sent: answers come between two of them
            for each, row, state in zip(given, rows, states, strict=True):
                if state == "new" and row.key not in self._without_answer:
                    self._without_answer.add(row.key)
                    new.append((row.key, each.text))
            yield from new

    def _tell(self, *, at_once: bool = False) -> None:
        now = time.monotonic()
        if self._on_progress is None or (now < self._told + _BETWEEN_TELLING and not at_once):
            return
        self._told = now
        self._on_progress(
            EmbedProgress(
                **self._counts(),
                waiting=len(self._without_answer),
                in_flight=self._tally["in_flight"],
                total=self._total,
            )
        )

    def _counts(self) -> dict[str, Any]:
        names = ("embedded", "reused", "refused", "tokens", "requests", "retries", "rate_limited")
        counts = {name: self._tally[name] for name in names}
        known = counts["embedded"] + counts["reused"] + counts["refused"]
        return {
            **counts,
            "texts": self._texts,
            "equal": max(0, self._texts - len(self._without_answer) - known),
            "seconds": time.monotonic() - self._began,
        }

    def write_refused(self) -> bool:
        """Write the side file anew; whether there is anything in it."""
        unfinished = self._refused_file.with_name(f".{self._refused_file.name}.unfinished")
        has_any = False
        with unfinished.open("w", encoding="utf-8") as file:
            for id_, position, reason in self._rows.refused():
                has_any = True
                line = {"id": id_, "position": position, "reason": reason}
                file.write(json.dumps(line, ensure_ascii=False) + "\n")
        if has_any:
            unfinished.replace(self._refused_file)
        else:
            unfinished.unlink()
            self._refused_file.unlink(missing_ok=True)
        return has_any
