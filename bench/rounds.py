"""Runs a row: every contender in its own process, in interleaved rounds."""

from __future__ import annotations

import json
import statistics
import subprocess
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bench.environments import MissingEnvironmentError, python_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType
    from typing import Self

    from bench.row import Row
    from bench.stub import Stub

__all__ = ["Outcome", "measure"]

_QUICK = 5  # a quick run divides amounts by this
_IMPORT = (
    "import time; {before}; start = time.process_time(); {statement}; "
    "print((time.process_time() - start) * 1e3)"
)


@dataclass
class Outcome:
    """The values of a row by contender, in its unit, and the reasons for skipped contenders."""

    row: Row
    rounds: dict[str, list[float]] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)

    @property
    def values(self) -> dict[str, float]:
        """The median of the rounds."""
        return {name: statistics.median(values) for name, values in self.rounds.items()}

    @contextmanager
    def skipping(self, name: str) -> Iterator[None]:
        """Records why a contender cannot take part, and goes on without it."""
        try:
            yield
        except (SkippedError, MissingEnvironmentError) as reason:
            self.skipped[name] = str(reason)

    def add(self, name: str, value: float) -> None:
        """Adds one round's value of a contender."""
        self.rounds.setdefault(name, []).append(value)


class SkippedError(Exception):
    """The contender is not installed, or cannot do this row's work."""


class Worker:
    """A running `bench.worker`; entering waits until it is warm."""

    def __init__(self, row: Row, contender: str, stub: Stub, amount: int) -> None:
        url = stub.url(row.scenario)
        amount = min(amount, row.fewer.get(contender, amount))
        self._process = subprocess.Popen(
            [python_of(contender), "-m", "bench.worker", row.name, contender, url, str(amount)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        answer = self._next_answer()
        if answer != "ready":
            self.__exit__(None, None, None)
            raise SkippedError(answer["skipped"])
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def measure(self) -> float:
        """Measures one round."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return float(self._next_answer()["value"])

    def _next_answer(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if line:
            return json.loads(line)
        last_words = self._process.communicate()[1].strip().splitlines()
        raise SkippedError(f"failed: {last_words[-1] if last_words else 'no output'}")


def measure(row: Row, stub: Stub, *, rounds: int, quick: bool = False) -> Outcome:
    """Measures one row in interleaved rounds."""
    outcome = Outcome(row)
    shrinks = quick and row.kind not in {"wall", "memory"}  # these need their whole amount
    amount = max(row.amount // _QUICK, 1) if shrinks else row.amount
    if row.kind == "import":
        _measure_imports(outcome, rounds)
    elif row.kind == "memory":
        _measure_fresh(outcome, stub, rounds, amount)
    elif row.kind == "traffic":
        _count_traffic(outcome, stub)
    else:
        _measure_warm(outcome, stub, rounds, amount)
    return outcome


def _measure_warm(outcome: Outcome, stub: Stub, rounds: int, amount: int) -> None:
    """Uses one process for all rounds of a contender."""
    row = outcome.row
    with ExitStack() as stack:
        workers = {}
        for name in row.contenders:
            with outcome.skipping(name):
                workers[name] = stack.enter_context(Worker(row, name, stub, amount))
        for _ in range(rounds):
            for name, worker in workers.items():
                outcome.add(name, worker.measure())


def _measure_fresh(outcome: Outcome, stub: Stub, rounds: int, amount: int) -> None:
    """Uses a new process for each round, for work that changes its process."""
    for _ in range(rounds):
        for name in outcome.row.contenders:
            with outcome.skipping(name), Worker(outcome.row, name, stub, amount) as worker:
                outcome.add(name, worker.measure())


def _count_traffic(outcome: Outcome, stub: Stub) -> None:
    """Counts in one round, as the count is exact."""
    row = outcome.row
    for name in row.contenders:
        with outcome.skipping(name), Worker(row, name, stub, 1) as worker:
            before = stub.traffic(row.scenario)
            worker.measure()
            after = stub.traffic(row.scenario)
            seen = vars(after)[row.counted] - vars(before)[row.counted]
            our_request = 1 if row.counted == "connections" else 0
            outcome.add(name, seen - our_request)


def _measure_imports(outcome: Outcome, rounds: int) -> None:
    """Uses a fresh interpreter for each round; an unmeasured first one writes the bytecode."""
    row = outcome.row
    statements = dict(zip(row.contenders, row.statements, strict=True))
    for number in range(rounds + 1):
        for name, statement in statements.items():
            before = "pass" if name == row.floor else statements[row.floor or name]
            with outcome.skipping(name):
                milliseconds = _import(name, before, statement)
                if number:
                    outcome.add(name, milliseconds)


def _import(contender: str, before: str, statement: str) -> float:
    """Returns the CPU milliseconds of `statement` after `before`, in a fresh interpreter."""
    code = _IMPORT.format(before=before, statement=statement)
    run = subprocess.run(
        [python_of(contender), "-c", code], capture_output=True, text=True, check=False
    )
    if run.returncode:
        raise SkippedError(run.stderr.strip().splitlines()[-1])
    return float(run.stdout)
