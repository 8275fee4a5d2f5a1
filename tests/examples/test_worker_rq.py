"""The worker of RQ, in processes of its own, with a real Redis."""

from __future__ import annotations

import importlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from heroku_emulator import Fault, Say

pytest.importorskip("rq")
SERVER = shutil.which("redis-server") or shutil.which("valkey-server")
pytestmark = pytest.mark.skipif(SERVER is None, reason="no redis-server: apt-get install it")

PROGRAM = Path(__file__).parents[2] / "examples" / "worker_rq.py"
QUESTION = "What is a dyno?"


def wait_until(holds, seconds=30):
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.05)


def accepts(port):
    with socket.socket() as probe:
        return not probe.connect_ex(("127.0.0.1", port))


@pytest.fixture
def redis_url(monkeypatch):
    """A Redis of this test."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    kept_in_memory = ("--bind", "127.0.0.1", "--save", "", "--appendonly", "no")
    command = (SERVER, "--port", str(port), *kept_in_memory)
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        wait_until(lambda: accepts(port))
        monkeypatch.setenv("REDIS_URL", f"redis://127.0.0.1:{port}")
        yield
        server.kill()


@pytest.fixture
def program(redis_url, config_vars, monkeypatch):
    """The example as a web app imports it."""
    monkeypatch.syspath_prepend(str(PROGRAM.parent))
    return importlib.import_module("worker_rq")


@contextmanager
def dyno(*arguments):
    """A worker dyno."""
    command = [sys.executable, str(PROGRAM), "work", *arguments]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as worker:
        try:
            yield worker
        finally:
            send(worker, signal.SIGKILL)


def send(worker, number):
    """Sends a signal to all processes of a dyno, as Heroku does."""
    if worker.poll() is None:
        jobs = Path(f"/proc/{worker.pid}/task/{worker.pid}/children").read_text().split()
        for process in [*map(int, jobs), worker.pid]:
            os.kill(process, number)


def stop(worker):
    """As Heroku stops a dyno. Returns the seconds it took."""
    began = time.monotonic()
    send(worker, signal.SIGTERM)
    worker.wait(timeout=30)
    return time.monotonic() - began


def test_an_answer_is_kept_and_the_worker_leaves_at_once_when_idle(program, emulator, capfd):
    emulator.script(Say("A container."))
    with dyno() as worker:
        assert program.main(["ask", QUESTION]) == 0
        assert capfd.readouterr().out == "A container.\n"
        (job,) = map(program.queue().fetch_job, program.queue().finished_job_registry.get_job_ids())
        assert job.return_value() == {"text": "A container.", "model": "claude-4-5-sonnet"}
        stop(worker)
    assert worker.returncode == 0
    assert len(emulator.journal) == 1


def test_an_error_of_heroku_is_not_repeated_by_the_queue_too(program, emulator, capfd):
    emulator.script(Fault(503, times=9))
    with dyno() as worker:
        assert program.main(["ask", QUESTION]) == 1
        assert capfd.readouterr().err.startswith("Error: heroku_inference.ServerError: ")
        assert program.queue().count == 0
        stop(worker)
    assert len(emulator.journal) == 3, "the client's attempts, once"


def test_a_job_in_a_dyno_that_is_stopped_is_answered_by_the_next(program, emulator):
    emulator.switch(latency=60)
    with dyno("--grace", "2") as worker:
        job = program.enqueue(QUESTION)
        wait_until(lambda: len(emulator.journal))
        assert 1 < stop(worker) < 30
    assert (job.get_status(refresh=True), program.queue().count) == ("queued", 1)
    emulator.switch(latency=0)
    emulator.script(Say("A container."))
    with dyno() as worker:
        assert program.wait(job) == 0
        stop(worker)
    assert len(emulator.journal) == 2


def test_a_job_that_ends_within_the_grace_is_kept(program, emulator):
    emulator.switch(latency=3)
    with dyno("--grace", "15") as worker:
        job = program.enqueue(QUESTION)
        wait_until(lambda: len(emulator.journal))
        stop(worker)
    assert job.get_status(refresh=True) == "finished"
    assert len(emulator.journal) == 1


def test_the_page_shows_the_program():
    page = PROGRAM.parents[1] / "docs" / "how-to" / "in-a-worker.md"
    code = re.sub(r' {4}""".*?"""\n', "", PROGRAM.read_text("utf-8"), flags=re.DOTALL)
    blocks = re.findall(r"^```\n(.*?)^```$", page.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    shown = [block for block in blocks if "return " in block]
    assert len(shown) == 2
    assert [block for block in shown if block not in code] == []
