"""A job that is killed at any moment loses nothing, and pays twice only for what was under way."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time

import pytest

from tests.corpus.folders import vectors_in
from tests.corpus.limited_server import ROOT, vector_of

COUNT = 12_000
IN_FLIGHT = 4
BATCH = 32
OPTIONS = {"batch_size": BATCH, "max_concurrency": IN_FLIGHT, "part_rows": 500, "limit": "150/s"}


def start(folder, **options):
    command = [sys.executable, "-m", "tests.corpus.one_job", str(folder), str(COUNT)]
    return subprocess.Popen(
        [*command, json.dumps(OPTIONS | options)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )


def finish(folder):
    with start(folder) as process:
        *_, last = process.stdout
    assert process.returncode == 0
    return json.loads(last)


def check(folder, shop):
    assert vectors_in(folder) == {
        str(number): vector_of(f"text {number % (COUNT * 9 // 10)}") for number in range(COUNT)
    }
    again = finish(folder)
    assert (again["requests"], again["parts"], again["reused"]) == (0, 0, COUNT)
    assert shop.counts()["paid"] == COUNT * 9 // 10


@pytest.mark.parametrize("kills", [3, pytest.param(10, marks=pytest.mark.corpus)])
def test_kill_9_at_random_points_loses_nothing(shop, tmp_path, kills):
    waits = [random.uniform(0, 2 / kills) for _ in range(kills)]  # noqa: S311 - no secret
    for wait in waits:
        with start(tmp_path) as process:
            process.stdout.readline()
            time.sleep(wait)
            process.kill()
    assert len(list(tmp_path.glob("*.parquet"))) > 1, waits
    finish(tmp_path)
    assert len(shop.counts()["twice"]) <= kills * IN_FLIGHT * BATCH, waits
    check(tmp_path, shop)


def test_ctrl_c_keeps_every_answer_and_says_how_to_go_on(shop, tmp_path):
    # Slow enough that it has not ended by then, on a busy machine either.
    with start(tmp_path, limit="20/s") as process:
        process.stdout.readline()
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        *_, last = process.stdout
    assert process.returncode == 130
    assert last.startswith("stopped: The vectors of ")
    assert last.rstrip().endswith("_ledger.sqlite: run the same job again to go on.")
    finish(tmp_path)
    assert shop.counts()["twice"] == []
    check(tmp_path, shop)
