"""The command in a process that a test talks to while it runs, at a terminal or without one."""

from __future__ import annotations

import fcntl
import os
import select
import subprocess
import sys
import termios
import time

from .conftest import environment

PROMPT = "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}"


def started(emulator, folder, *arguments, **streams):
    """The command in a process of its own, still running."""
    return subprocess.Popen(
        [sys.executable, "-mheroku_inference", *arguments],
        env=environment({**emulator.config_vars, **streams.pop("env", {})}),
        cwd=folder,
        stdin=streams.pop("stdin", subprocess.DEVNULL),
        stderr=streams.pop("stderr", subprocess.PIPE),
        **streams,
    )


class Terminal:
    """The command at a terminal."""

    def __init__(self, emulator, folder, *arguments, **env):
        self._ours, theirs = os.openpty()
        self._run = started(
            emulator, folder, *arguments, stdin=theirs, stdout=theirs, stderr=theirs,
            preexec_fn=_take_terminal, env=env,
        )  # fmt: skip
        os.close(theirs)
        self.seen = ""
        self._read = 0

    def say(self, words, answer):
        """Types a line, once the prompt has come, and waits for words."""
        self.expect(PROMPT)
        self.press(f"{words}\r")
        self.expect(answer)

    def press(self, keys):
        """Type, without waiting for output."""
        time.sleep(0.3)  # Python sees a signal late that comes just before it starts to wait
        os.write(self._ours, keys.encode())

    def expect(self, words):
        """Waits until these words have come, beyond those expected before."""
        until = time.monotonic() + 20
        while (place := self.seen.find(words, self._read)) < 0:
            assert time.monotonic() < until, f"{words!r} did not come: {self.seen[self._read :]!r}"
            self._receive()
        self._read = place + len(words)

    def _receive(self):
        if select.select([self._ours], [], [], 0.2)[0]:
            try:
                self.seen += os.read(self._ours, 65536).decode(errors="replace")
            except OSError:  # how Linux says that the other side is gone
                time.sleep(0.05)

    def wait(self):
        until = time.monotonic() + 20
        while self._run.poll() is None and time.monotonic() < until:
            self._receive()
        self._receive()
        return self._run.returncode

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self._run.kill()
        self._run.wait()
        os.close(self._ours)


def _take_terminal():
    """Makes the terminal the one that Ctrl-C comes from."""
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    modes = termios.tcgetattr(0)
    modes[3] |= termios.NOFLSH  # else Ctrl-C may swallow what is written right after it
    termios.tcsetattr(0, termios.TCSANOW, modes)
