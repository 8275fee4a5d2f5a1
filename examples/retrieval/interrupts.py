"""Ctrl-C: ends a command at any time with one line and exit code 130.

Python's way, an exception in the main thread, is not reliable here: it can appear while a module
is imported, be swallowed by a library, or end the interpreter while threads of the emulator run in
C++, which then abort it. So a handler cleans up and ends the process itself.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["finish", "interruptible", "leave_on_interrupt", "uninterrupted"]

_EXIT_CODE = 130  # what shells report for Ctrl-C
_MOST_SECONDS = 10.0
"""How long cleaning up may take, before the process ends anyway."""

_clean_ups: list[Callable[[], object]] = []
_postponing = 0
_interrupted = False


def leave_on_interrupt() -> None:
    """Makes Ctrl-C end the process from now on; call it before imports that take long."""
    signal.signal(signal.SIGINT, lambda _signal, _frame: _on_interrupt())


def finish(code: int) -> NoReturn:
    """Ends the process with an exit code, whatever its threads are doing."""
    _flush()
    os._exit(code)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Lets Ctrl-C wait for the end of a block that must not stop halfway."""
    global _postponing  # noqa: PLW0603 - signals belong to the process, and so does this
    _postponing += 1
    try:
        yield
    finally:
        _postponing -= 1
        if _interrupted and not _postponing:
            _leave()


@contextmanager
def interruptible(clean_up: Callable[[], object]) -> Iterator[None]:
    """Runs a block; if Ctrl-C ends the process meanwhile, `clean_up` is called first."""
    _clean_ups.append(clean_up)
    try:
        yield
    finally:
        _clean_ups.remove(clean_up)


def _on_interrupt() -> None:
    global _interrupted  # noqa: PLW0603 - as above
    if _interrupted:
        return  # it is leaving already
    _interrupted = True
    if not _postponing:
        _leave()


def _leave() -> NoReturn:
    deadline = threading.Timer(_MOST_SECONDS, _say_so_and_exit)
    deadline.daemon = True
    deadline.start()
    for clean_up in reversed(_clean_ups):
        with suppress(Exception):
            clean_up()
    _flush()  # what there is of an answer; a reader that does not read may keep it waiting
    _say_so_and_exit()


def _say_so_and_exit() -> NoReturn:
    # On a terminal the cursor is shown again, below an answer or a progress bar. The signal may
    # have interrupted a `print`, so this writes by itself.
    before = "\x1b[?25h\n" if os.isatty(2) else ""
    with suppress(OSError):
        os.write(2, f"{before}Interrupted\n".encode())
    os._exit(_EXIT_CODE)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, RuntimeError, ValueError):  # closed, or amid another write
            stream.flush()
