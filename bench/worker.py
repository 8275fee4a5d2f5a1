"""Runs one contender at one row: `python -m bench.worker ROW CONTENDER URL AMOUNT`.

It prepares, warms up, prints `ready`, and then measures once for every line on standard input. Its
output is lines of JSON.
"""

from __future__ import annotations

import asyncio
import gc
import inspect
import json
import os
import re
import resource
import statistics
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.answers import CHUNKS
from bench.cores import pin
from bench.rows import ROWS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

    from bench.row import Kind, Row

_MICRO = 1e6
_WARM_UP = 10  # the warm-up divides a round's amount by this


class Contender:
    """The prepared work of one contender, with the event loop for its async work."""

    def __init__(self, row: Row, name: str, url: str) -> None:
        module = import_module(f"bench.contenders.{name}")
        self._work: Any = getattr(module, row.name.replace("-", "_"))(url)
        self._loop = asyncio.new_event_loop()

    def run(self, amount: int) -> Any:
        """Does `amount` units; returns the models of a `memory` row, to keep them alive."""
        done = self._work(amount)
        return self._wait(done) if inspect.isawaitable(done) else done

    def read_stream(self) -> None:
        """Opens one stream and reads it to its end."""
        stream = self._work()
        if hasattr(stream, "__aiter__"):
            self._wait(_drain(stream))
        else:
            for _ in stream:
                pass

    def first_token(self) -> float:
        """Returns the seconds until the first chunk; reads the rest, uncounted."""
        start = time.perf_counter()
        stream: Iterator[object] = iter(self._work())
        next(stream)
        seconds = time.perf_counter() - start
        for _ in stream:
            pass
        return seconds

    def _wait(self, awaitable: Awaitable[Any]) -> Any:
        async def main() -> Any:
            return await awaitable

        return self._loop.run_until_complete(main())


async def _drain(stream: AsyncIterator[object]) -> None:
    async for _ in stream:
        pass


def calls(contender: Contender, amount: int) -> float:
    """Returns the CPU microseconds of a unit, user and system, of all threads."""
    start = time.process_time()
    contender.run(amount)
    return (time.process_time() - start) / amount * _MICRO


def wall(contender: Contender, amount: int) -> float:
    """Returns the wall time of a unit in microseconds."""
    start = time.perf_counter()
    contender.run(amount)
    return (time.perf_counter() - start) / amount * _MICRO


def stream(contender: Contender, amount: int) -> float:
    """Returns the CPU microseconds of a chunk."""
    start = time.process_time()
    for _ in range(amount):
        contender.read_stream()
    return (time.process_time() - start) / (amount * CHUNKS) * _MICRO


def first_token(contender: Contender, amount: int) -> float:
    """Returns the wall microseconds until the first chunk, the median of `amount` streams."""
    return statistics.median(contender.first_token() for _ in range(amount)) * _MICRO


def memory(contender: Contender, amount: int) -> float:
    """Returns the MiB that `amount` more live models need."""
    gc.collect()
    before = _resident_mib()
    models = contender.run(amount)
    gc.collect()
    added = _resident_mib() - before
    del models
    return added


def peak(contender: Contender, amount: int) -> float:
    """Returns the most MiB that this process has ever had."""
    contender.run(amount)
    status = Path("/proc/self/status")
    if status.exists():
        peak_kib = re.search(r"VmHWM:\s*(\d+)", status.read_text())
        assert peak_kib
        return int(peak_kib[1]) / 2**10
    return _peak_mib()  # on Linux it would count what the parent had


def limited(contender: Contender, amount: int) -> float:
    """Runs once and returns 0: the clock is the bench's, as several processes take part."""
    contender.run(amount)
    return 0


def traffic(contender: Contender, _amount: int) -> float:
    """Runs once and returns 0: the stub counts."""
    contender.run(1)
    return 0


def _resident_mib() -> float:
    statm = Path("/proc/self/statm")
    if statm.exists():
        pages = int(statm.read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
    return _peak_mib()


def _peak_mib() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


_MEASURES: dict[Kind, Callable[[Contender, int], float]] = {
    "calls": calls,
    "wall": wall,
    "stream": stream,
    "first-token": first_token,
    "memory": memory,
    "peak": peak,
    "limited": limited,
    "traffic": traffic,
}


def _warm_up(row: Row, contender: Contender, amount: int) -> None:
    """Does late imports, opens connections, and warms caches and the interpreter."""
    if row.kind == "memory":
        contender.run(1)
    elif row.kind not in {"peak", "limited", "traffic"}:
        _MEASURES[row.kind](contender, max(amount // _WARM_UP, 1))


def main(row_name: str, name: str, url: str, amount: int) -> None:
    pin("client")
    row = next(row for row in ROWS if row.name == row_name)
    try:
        contender = Contender(row, name, url)
    except ImportError as error:
        print(json.dumps({"skipped": str(error)}), flush=True)
        return
    _warm_up(row, contender, amount)
    print(json.dumps("ready"), flush=True)
    for _ in sys.stdin:
        gc.collect()
        print(json.dumps({"value": _MEASURES[row.kind](contender, amount)}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:4], int(sys.argv[4]))
