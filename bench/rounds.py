"""Runs a row: every contender in its own process, in interleaved rounds."""

from __future__ import annotations

import json
import subprocess
import time
from contextlib import ExitStack
from itertools import count
from typing import TYPE_CHECKING, Any, Final

from bench.environments import python_of
from bench.outcome import Outcome, SkippedError
from bench.row import IDEAL
from bench.stub import SCENARIOS
from bench.work import ideal_seconds, whole_requests

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType
    from typing import Self

    from bench.row import Row
    from bench.stub import Stub

__all__ = ["measure"]

_WINDOW: Final = 1.0  # seconds over which the limited port counts
_START: Final = 300.0  # seconds at most until a request comes, where the clock waits for one
_LOOK: Final = 0.1  # seconds, until the stub is asked again
_QUICK: Final = 5  # a quick run divides amounts by this
_WHOLE: Final = frozenset({"wall", "memory"})  # kinds that need their whole amount
_IMPORT: Final = (
    "import sys, time; sys.dont_write_bytecode = False; {before}; "
    "start = time.process_time(); {statement}; "
    "print((time.process_time() - start) * 1e3)"
)


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
        self.start()
        return self.value()

    def start(self) -> None:
        """Starts a round, whose value is to be fetched."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def runs(self) -> bool:
        """Whether its process still runs."""
        return self._process.poll() is None

    def value(self) -> float:
        """Waits for the value of the round."""
        return float(self._next_answer()["value"])

    def _next_answer(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if line:
            return json.loads(line)
        last_words = self._process.communicate()[1].strip().splitlines()
        raise SkippedError(f"failed: {last_words[-1] if last_words else 'no output'}")


def measure(row: Row, stub: Stub, *, rounds: int, quick: bool = False) -> Outcome:
    """Measures one row in interleaved rounds: twice as many if noise could turn a verdict."""
    outcome = Outcome(row)
    shrinks = quick and row.kind not in _WHOLE
    amount = max(row.amount // _QUICK, 1) if shrinks else row.amount
    rounds = min(rounds, row.rounds or rounds)
    if row.kind == "import":
        _measure_imports(outcome, rounds)
    elif row.kind in {"memory", "peak"}:
        _measure_fresh(outcome, stub, rounds, amount)
    elif row.kind == "limited":
        _measure_limited(outcome, stub, rounds, amount)
    elif row.kind == "traffic":
        _count_traffic(outcome, stub)
    else:
        _measure_warm(outcome, stub, rounds, amount)
    return outcome


def _rounds(outcome: Outcome, rounds: int) -> Iterator[int]:
    """Yields the numbers of the rounds, while they are needed."""
    for number in count():
        is_clear = not any(verdict.is_close for verdict in outcome.verdicts) if number else False
        if number >= 2 * rounds or (number >= rounds and is_clear):
            return
        yield number


def _measure_warm(outcome: Outcome, stub: Stub, rounds: int, amount: int) -> None:
    """Uses one process for all rounds of a contender."""
    row = outcome.row
    with ExitStack() as stack:
        workers = {}
        for name in row.contenders:
            with outcome.skipping(name):
                workers[name] = stack.enter_context(Worker(row, name, stub, amount))
        for number in _rounds(outcome, rounds):
            # There and back, so that a machine that slows down favours nobody.
            for name in [*workers] if number % 2 else reversed([*workers]):
                if name not in outcome.skipped:
                    with outcome.skipping(name):
                        outcome.add(name, workers[name].measure())


def _measure_fresh(outcome: Outcome, stub: Stub, rounds: int, amount: int) -> None:
    """Uses a new process for each round, for work that changes its process."""
    for _ in range(rounds):
        for name in outcome.row.contenders:
            with outcome.skipping(name), Worker(outcome.row, name, stub, amount) as worker:
                outcome.add(name, worker.measure())


def _measure_limited(outcome: Outcome, stub: Stub, rounds: int, amount: int) -> None:
    """Lets new processes share the work, and the stub count what it was paid for twice.

    Where texts are refused, more requests are needed: the ideal time is that of those answered.
    """
    row = outcome.row
    share = amount // row.processes
    for _ in range(rounds):
        needed = whole_requests(share, row.processes)
        for name in row.contenders:
            with outcome.skipping(name), ExitStack() as stack:
                workers = [
                    stack.enter_context(Worker(row, name, stub, share))
                    for _ in range(row.processes)
                ]
                before = stub.traffic(row.scenario)
                time.sleep(_WINDOW)  # until the stub has forgotten the requests of the one before
                start = time.perf_counter()
                for worker in workers:
                    worker.start()
                if row.from_first_request:
                    _wait_for_a_request(stub, row, before.requests, workers)
                    start = time.perf_counter()
                for worker in workers:
                    worker.value()
                outcome.add(name, time.perf_counter() - start)
                after = stub.traffic(row.scenario)
                paid_twice = after.paid_twice - before.paid_twice
                outcome.paid_twice.setdefault(name, []).append(paid_twice)
                if SCENARIOS[row.scenario].refuses:
                    needed = after.answered - before.answered
        outcome.add(IDEAL, ideal_seconds(needed))


def _wait_for_a_request(stub: Stub, row: Row, before: int, workers: list[Worker]) -> None:
    latest = time.monotonic() + _START
    while all(worker.runs() for worker in workers) and time.monotonic() < latest:
        if stub.traffic(row.scenario).requests > before:
            return
        time.sleep(_LOOK)


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
    for name, statement in statements.items():
        with outcome.skipping(name):
            _import(name, "pass", statement)
    for number in _rounds(outcome, rounds):
        for name in [*statements] if number % 2 else reversed([*statements]):
            if name not in outcome.skipped:
                before = "pass" if name == row.floor else statements[row.floor or name]
                with outcome.skipping(name):
                    outcome.add(name, _import(name, before, statements[name]))


def _import(contender: str, before: str, statement: str) -> float:
    """Returns the CPU milliseconds of `statement` after `before`, in a fresh interpreter."""
    code = _IMPORT.format(before=before, statement=statement)
    run = subprocess.run(
        [python_of(contender), "-c", code], capture_output=True, text=True, check=False
    )
    if run.returncode:
        raise SkippedError(run.stderr.strip().splitlines()[-1])
    return float(run.stdout)
