"""One way to run the command, in a process of its own or in this one; no key may show."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import Any, NamedTuple

import pytest
from typer.testing import CliRunner

from heroku_inference.cli.app import app


class Ran(NamedTuple):
    """What a run of the command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    def checks(self) -> dict[str, dict[str, Any]]:
        return {check["name"]: check for check in self.json["checks"]}

    def results(self) -> dict[str, str]:
        return {name: check["result"] for name, check in self.checks().items()}


@pytest.fixture(scope="session", autouse=True)
def _interrupts_are_heard():
    """As at a prompt; what a script starts in the background is deaf to them, and all it starts."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def keys(emulator):
    """The keys that no output may hold."""
    return [emulator.api_key, "inf-made-up", "inf-wrong-key"]


@pytest.fixture
def run(keys, tmp_path, monkeypatch):
    """Runs the command in this process, with these config vars and no others."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, env=None, stdin=None) -> Ran:
        result = CliRunner().invoke(app, list(arguments), env=env or {}, input=stdin)
        assert isinstance(result.exception, SystemExit | None), result.exception
        return _without_keys(Ran(result.exit_code, result.stdout, result.stderr), keys)

    return run


@pytest.fixture
def start(keys, tmp_path):
    """Runs the command in a process of its own."""

    def start(*arguments: str, env=None, stdin="", module="-mheroku_inference") -> Ran:
        run = subprocess.run(
            [sys.executable, module, *arguments],
            env=environment(env),
            cwd=tmp_path,
            capture_output=True,
            encoding="utf-8",
            input=stdin,
            timeout=60,
            check=False,
        )
        return _without_keys(Ran(run.returncode, run.stdout, run.stderr), keys)

    return start


def environment(config_vars=None) -> dict[str, str]:
    """What a process needs to run, and these config vars."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}  # noqa: TID251
    return {**kept, "PYTHONIOENCODING": "utf-8", **(config_vars or {})}


def _without_keys(ran: Ran, keys) -> Ran:
    for key in keys:
        assert key not in ran.out + ran.err
    return ran
