"""Mixed calls from threads and event loops, over a server that spoils a quarter of its answers.

Every answer is right or a typed error, and open files, threads and memory stay as they were.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from heroku_inference import HerokuError, aclose_connections, close_connections
from tests.soak.callers import TEXTS, Callers

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Report", "soak"]

ROOT = Path(__file__).parents[2]
AT_A_TIME = 6  # calls of one event loop
WARM_UP = 0.25  # of the time, before memory is first looked at


@dataclass
class Report:
    """What a soak saw."""

    seconds: float = 0
    right: int = 0
    typed: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    ways: Counter[str] = field(default_factory=Counter)
    files: tuple[int, int] = (0, 0)
    threads: tuple[int, int] = (0, 0)
    megabytes: tuple[float, float] = (0, 0)

    @property
    def calls(self) -> int:
        """How many were made."""
        return self.right + self.typed.total() + len(self.wrong)

    def __str__(self) -> str:
        errors = ", ".join(f"{count:,} {name}" for name, count in self.typed.most_common())
        return (
            f"{self.calls:,} calls by {len(self.ways)} ways in {self.seconds:.0f} s: "
            f"{self.right:,} right, {self.typed.total():,} typed errors ({errors}), "
            f"{len(self.wrong)} wrong\n"
            f"open files {self.files[0]} -> {self.files[1]}, "
            f"threads {self.threads[0]} -> {self.threads[1]}, "
            f"memory {self.megabytes[0]:.0f} -> {self.megabytes[1]:.0f} MB"
        )


def open_files() -> int:
    """Of this process; 0 where the system does not tell."""
    folder = next((f for f in ("/proc/self/fd", "/dev/fd") if os.path.isdir(f)), None)  # noqa: PTH112
    return len(os.listdir(folder)) if folder else 0  # noqa: PTH208


def megabytes() -> float:
    """Memory of this process; 0 where the system does not tell."""
    gc.collect()
    with contextlib.suppress(OSError):
        return (
            int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
        )
    return 0


@contextlib.contextmanager
def faulty_server(share: float) -> Iterator[Any]:
    """Addresses of the server; a line to `tell` has it forget its journal."""
    command = (sys.executable, "-m", "tests.soak.faulty_server", "--share", str(share))
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin
        assert process.stdout
        yield json.loads(process.stdout.readline()), process.stdin
        process.stdin.close()


class _Soak:
    def __init__(self, addresses: dict[str, str], seed: int) -> None:
        self.report = Report()
        self.random = random.Random(seed)
        settings = {"base_url": addresses["faulty"], "api_key": addresses["key"], "timeout": 15}
        self.callers = [Callers(**settings, max_retries=retries) for retries in (0, 2)]
        clean = Callers(base_url=addresses["clean"], api_key=addresses["key"])
        self.expected: dict[tuple[str, str], Any] = {
            (name, text): call(text) for name, call in clean.calls.items() for text in TEXTS
        }
        self.expected |= asyncio.run(_expected(clean))
        self.stopped = threading.Event()
        self.lock = threading.Lock()

    def count(self, name: str, text: str, came: Any) -> None:
        with self.lock:
            self.report.ways[name] += 1
            if isinstance(came, HerokuError):
                self.report.typed[type(came).__name__] += 1
            elif came == self.expected[name, text]:
                self.report.right += 1
            else:
                self.report.wrong.append(f"{name}({text!r}): {came!r}"[:300])

    def by_thread(self) -> None:
        while not self.stopped.is_set():
            callers = self.random.choice(self.callers)
            name, text = self.random.choice([*callers.calls]), self.random.choice(TEXTS)
            try:
                came = callers.calls[name](text)
            except Exception as error:
                came = error
            self.count(name, text, came)

    async def _acall(self) -> None:
        callers = self.random.choice(self.callers)
        name, text = self.random.choice([*callers.async_calls]), self.random.choice(TEXTS)
        try:
            came = await callers.async_calls[name](text)
        except Exception as error:
            came = error
        self.count(name, text, came)

    def by_one_loop(self) -> None:
        async def run() -> None:
            async def go_on() -> None:
                while not self.stopped.is_set():
                    await self._acall()

            await asyncio.gather(*(go_on() for _ in range(AT_A_TIME)))
            await aclose_connections()

        asyncio.run(run())

    def by_many_loops(self) -> None:
        async def run() -> None:
            await asyncio.gather(*(self._acall() for _ in range(AT_A_TIME)))

        while not self.stopped.is_set():
            asyncio.run(run())


async def _expected(clean: Callers) -> dict[tuple[str, str], Any]:
    found = {
        (name, text): await call(text) for name, call in clean.async_calls.items() for text in TEXTS
    }
    await aclose_connections()
    return found


def soak(seconds: float, *, share: float = 0.25, seed: int = 0) -> Report:
    """Call for so long, and report."""
    with faulty_server(share) as (addresses, tell):
        run = _Soak(addresses, seed)
        close_connections()
        report = run.report
        files, threads = open_files(), threading.active_count()
        workers = [
            threading.Thread(target=target)
            for target in (
                *[run.by_thread] * 3,
                run.by_one_loop,
                run.by_one_loop,
                run.by_many_loops,
            )
        ]
        began = time.monotonic()
        for worker in workers:
            worker.start()
        warm = None
        while (passed := time.monotonic() - began) < seconds:
            time.sleep(min(1, seconds - passed))
            tell.write("\n")
            tell.flush()
            if warm is None and passed >= seconds * WARM_UP:
                warm = megabytes()
        run.stopped.set()
        for worker in workers:
            worker.join()
        report.seconds = time.monotonic() - began
        close_connections()
        report.megabytes = (warm or 0, megabytes())
        report.files = (files, open_files())
        report.threads = (threads, threading.active_count())
    return report
