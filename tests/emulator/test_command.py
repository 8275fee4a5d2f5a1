"""`python -m heroku_emulator`."""

import contextlib
import re
import signal
import subprocess
import sys

import httpx
import pytest

from heroku_emulator import Emulator
from heroku_emulator.__main__ import main


@contextlib.contextmanager
def kill_at_the_end(process):
    """Kills the process, so that a failing test does not wait for it."""
    try:
        yield
    finally:
        process.kill()


@pytest.fixture(autouse=True)
def same_signal_handler():
    handler = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, handler)


def test_it_prints_how_to_connect_and_serves_until_stopped():
    command = [sys.executable, "-m", "heroku_emulator", "--port", "0"]
    command += ["--engine", "deterministic", "--key", "inf test"]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run,
        kill_at_the_end(run),
    ):
        lines = [run.stdout.readline().rstrip() for _ in range(13)]
        assert lines[1] == "export INFERENCE_KEY='inf test'"
        assert lines[2] == "export INFERENCE_MODEL_ID=claude-4-5-sonnet"
        assert all(line.startswith("export ") for line in lines[:12])
        assert "deterministic" in lines[12]
        assert lines[12].startswith("# ")
        url = re.search(r"http://127\.0\.0\.1:\d+", lines[0])[0]
        assert httpx.get(f"{url}/available-models").status_code == 200
        run.terminate()
        _, errors = run.communicate(timeout=10)
    assert (run.returncode, errors) == (0, "")


def test_an_interrupt_ends_it_cleanly(capsys, monkeypatch):
    def interrupt():
        raise KeyboardInterrupt

    monkeypatch.setattr("heroku_emulator.__main__._wait_for_interrupt", interrupt)
    assert main(["--port", "0", "--engine", "deterministic"]) == 0
    assert "export RERANK_MODEL_ID=cohere-rerank-3-5" in capsys.readouterr().out


def test_a_taken_port_is_reported_in_one_line(capsys):
    with Emulator(engine="deterministic") as emulator:
        port = emulator.url.rsplit(":", 1)[1]
        assert main(["--port", port, "--engine", "deterministic"]) == 2
    errors = capsys.readouterr().err
    assert errors.count("\n") == 1
    assert "in use" in errors


def test_an_unknown_engine_is_a_usage_error(capsys):
    with pytest.raises(SystemExit) as exit_:
        main(["--engine", "crystal"])
    assert exit_.value.code == 2
    assert "crystal" in capsys.readouterr().err


def test_running_code_for_the_network_with_the_default_key_is_refused(capsys):
    assert main(["--run-code", "--host", "::", "--port", "0"]) == 2
    errors = capsys.readouterr().err
    assert errors.count("\n") == 1
    assert "api_key" in errors
