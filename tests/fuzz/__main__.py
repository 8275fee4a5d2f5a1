"""Fuzzes every reader: `python -m tests.fuzz --seconds 600`.

Each reader gets an equal share of the time; half of it goes to Hypothesis, which changes right
answers, and half to atheris, which follows the branches of the code. Bytes that make a reader fail
are kept in `tests/fuzz/found/`; once mended, they belong into `tests/fuzz/corpus/`, where every run
of the tests reads them again.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import os
import re
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.database import InMemoryExampleDatabase

from tests.fuzz.readers import READERS
from tests.fuzz.shapes import CORPUS, bytes_for

FOUND = Path(__file__).parent / "found"


def keep(reader: str, data: bytes) -> None:
    """Write bytes that a reader failed on, once."""
    folder = FOUND / reader
    folder.mkdir(parents=True, exist_ok=True)
    (folder / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)


def by_hypothesis(reader: str, seconds: float) -> tuple[int, bool]:
    """How many inputs were tried, and whether one failed."""
    tried, end, last = 0, time.monotonic() + seconds, b""

    class OverError(Exception):
        pass

    @settings(
        max_examples=10**9,
        deadline=None,
        database=InMemoryExampleDatabase(),
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(bytes_for(reader))
    def read(data: bytes) -> None:
        nonlocal tried, last
        if not failing and time.monotonic() > end:
            raise OverError
        tried += 1
        try:
            READERS[reader](data)
        except Exception:
            last = data
            failing.append(1)
            raise

    failing: list[int] = []
    try:
        read()
    except OverError:
        return tried, False
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        if not failing:
            return tried, False
        traceback.print_exc(limit=-4)
        keep(reader, last)
        return tried, True
    return tried, False


def by_atheris(reader: str, seconds: float) -> tuple[int, bool]:
    """Likewise, in a process of its own: libFuzzer ends its process."""
    folder = FOUND / reader
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as grown:
        run = subprocess.run(
            [
                *(
                    sys.executable,
                    "-m",
                    "tests.fuzz.follow_branches",
                    reader,
                    grown,
                    CORPUS / reader,
                ),
                *(f"-max_total_time={max(1, round(seconds))}", f"-artifact_prefix={folder}/"),
                *("-max_len=65536", "-timeout=20", "-rss_limit_mb=2048", "-verbosity=1"),
            ],
            capture_output=True,
            text=True,
            check=False,
            errors="replace",
        )
    counts = re.findall(r"^#(\d+)", run.stderr, re.MULTILINE)
    tried = int(counts[-1]) if counts else 0
    if run.returncode:
        told = run.stdout + run.stderr
        print(told[told.rfind("Uncaught Python exception") :][:2000], file=sys.stderr)
    if not any(folder.iterdir()):
        folder.rmdir()
    return tried, bool(run.returncode)


def main() -> int:
    """Run, print a line for each reader, and fail if one failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("readers", nargs="*", default=[], help="all, if none is named")
    arguments = parser.parse_args()
    chosen = arguments.readers or list(READERS)
    has_atheris = importlib.util.find_spec("atheris") is not None
    if not has_atheris:
        print("atheris is not installed here (it needs Linux): Hypothesis gets all of the time.")
    began, cpu, total, failed = time.monotonic(), os.times(), 0, []
    for reader in chosen:
        share = arguments.seconds / len(chosen)
        tools = {"hypothesis": by_hypothesis} | ({"atheris": by_atheris} if has_atheris else {})
        counts = {}
        for name, tool in tools.items():
            counts[name], fell = tool(reader, share / len(tools))
            failed += [f"{reader} ({name})"] if fell else []
        total += sum(counts.values())
        told = ", ".join(f"{count:,} by {name}" for name, count in counts.items())
        print(f"{reader:16} {told}", flush=True)
    now = os.times()
    spent = sum(now[:4]) - sum(cpu[:4])
    print(f"{total:,} inputs in {time.monotonic() - began:.0f} s, {spent:.0f} s of CPU")
    if failed:
        print(f"FAILED: {', '.join(failed)}. The bytes are in {FOUND}.")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
