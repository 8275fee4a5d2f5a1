"""No async method blocks the event loop, the first call of a process included."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).with_name("unblocked_calls.py")
CLASSES = tuple(runpy.run_path(str(PROGRAM))["CLASSES"])


@pytest.mark.parametrize("name", CLASSES)
def test_its_async_methods_do_not_block_the_event_loop(config_vars, emulator, name):
    command = [sys.executable, str(PROGRAM), name]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == 0, ran.stderr[-3000:]
    assert emulator.journal
