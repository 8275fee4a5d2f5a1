"""`code_exec_python`: the model's code in a process of its own, with limits to everything."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from heroku_emulator.agent_tools.tool import Kind, Outcome, failure, one_text_schema

if TYPE_CHECKING:
    from heroku_emulator.agent_tools.tool import Job

__all__ = ["CODE_EXEC_PYTHON"]

_JAIL = Path(__file__).with_name("python_jail.py")
_MEMORY = 512 * 1024 * 1024  # bytes
_MOST_DISK = 100_000_000  # bytes that its folder may hold, together
_MOST_ENTRIES = 1_000  # files and folders in it
_LOOK_EVERY = 0.1  # seconds
_LAST_WORDS = 5.0  # seconds to read what a killed process had written
_MOST_OUTPUT = 100_000  # bytes of standard output, and of errors
_SWITCHED_OFF = (
    "code_exec_python is off: it would run the model's code on this machine. Turn it on with "
    "Emulator(run_code=True), or `python -m heroku_emulator --run-code`."
)


async def _run(arguments: dict[str, Any], job: Job) -> Outcome:
    code = arguments.get("code")
    if not job.run_code:
        return failure(_SWITCHED_OFF)
    if not isinstance(code, str):
        return failure("code is required")
    if arguments.get("packages"):
        return failure("packages cannot be installed here")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        return await _execute(code, folder, job.seconds)


async def _execute(code: str, folder: str, seconds: int) -> Outcome:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-I", "-B", "-X", "utf8", str(_JAIL), str(seconds), str(_MEMORY)),
        *(str(Path.home()), str(Path.cwd())),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=folder,
        env=_environment(folder),
        start_new_session=True,
    )
    output, errors = _Sink(process, process.stdout), _Sink(process, process.stderr)
    reason = None
    disk = asyncio.create_task(_watch_disk(process, folder))
    work = asyncio.gather(_feed(process, code), output.fill(), errors.fill(), process.wait())
    try:
        await asyncio.wait_for(asyncio.shield(work), seconds)
    except TimeoutError:
        reason = f"killed: it did not end within {seconds} seconds (ttl_seconds)"
    finally:
        # Ends everything that it started, even if it has ended itself.
        _kill(process)
        disk.cancel()
        await asyncio.wait_for(work, _LAST_WORDS)
    if disk.done() and not disk.cancelled():
        reason = f"killed: its files took more than {_MOST_DISK} bytes, or were too many"
    if output.is_flooded or errors.is_flooded:
        reason = f"killed: it wrote more than {_MOST_OUTPUT} bytes"
    return _outcome(process.returncode, output.text, errors.text, reason)


def _environment(folder: str) -> dict[str, str]:
    """Returns the environment that the code sees; nothing in it comes from ours."""
    threads = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    return {"PATH": os.defpath, "HOME": folder, "TMPDIR": folder, "LANG": "C.UTF-8", **threads}


async def _feed(process: asyncio.subprocess.Process, code: str) -> None:
    assert process.stdin is not None  # noqa: S101 - for the type checker
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        process.stdin.write(code.encode(errors="replace"))
        await process.stdin.drain()
    process.stdin.close()


async def _watch_disk(process: asyncio.subprocess.Process, folder: str) -> None:
    """Kills a process whose folder holds too much; the kernel limits only each file."""
    while not await asyncio.to_thread(_is_full, folder):  # noqa: ASYNC110 - no event tells of it
        await asyncio.sleep(_LOOK_EVERY)
    _kill(process)


def _is_full(folder: str) -> bool:
    size = entries = 0
    for place, folders, files in os.walk(folder):
        entries += len(folders) + len(files)
        for file in files:
            with contextlib.suppress(OSError):  # it may be gone already
                size += Path(place, file).lstat().st_blocks * 512
        if size > _MOST_DISK or entries > _MOST_ENTRIES:
            return True
    return False


class _Sink:
    """Collects what a process writes, and kills it when it writes too much."""

    def __init__(
        self, process: asyncio.subprocess.Process, stream: asyncio.StreamReader | None
    ) -> None:
        assert stream is not None  # noqa: S101 - for the type checker
        self._process = process
        self._stream = stream
        self._held = bytearray()
        self.is_flooded = False

    async def fill(self) -> None:
        """Reads to the end."""
        while piece := await self._stream.read(65_536):
            if not self.is_flooded:
                self._held += piece
            if len(self._held) > _MOST_OUTPUT and not self.is_flooded:
                self.is_flooded = True
                _kill(self._process)

    @property
    def text(self) -> str:
        """What was written, without the newline of `print` at the end (as documented)."""
        return self._held[:_MOST_OUTPUT].decode(errors="replace").rstrip("\n")


def _kill(process: asyncio.subprocess.Process) -> None:
    """Ends the process and its group."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _outcome(code: int | None, output: str, errors: str, reason: str | None) -> Outcome:
    """Returns the result in the documented form: JSON within a text."""
    if reason is None and code is not None and code < 0:
        reason = f"killed by {signal.Signals(-code).name}, perhaps at a limit of time or memory"
    messages = "\n".join(filter(None, (errors, reason)))
    result = {"returncode": code, "stdout": output, "stderr": messages}
    return Outcome(json.dumps(result, indent=2, ensure_ascii=False), is_error=reason is not None)


CODE_EXEC_PYTHON = Kind(
    description="Executes Python code and returns what it prints.",
    run=_run,
    parameters=one_text_schema("code", "The Python code to execute."),
)
