"""Runs the code on its standard input, fenced in: a program of its own, started by its path.

The kernel limits time, memory, files and processes; an audit hook refuses what is not for a
model's code: processes, connections, writing outside of the working directory, and other
processes' environments. It is a fence against accidents, not a prison for attackers.
"""

from __future__ import annotations

import contextlib
import os
import resource
import sys
import traceback
from typing import Any, NoReturn

_FILE_BYTES = 10_000_000
_OPEN_FILES = 64
_REFUSED = frozenset(
    {
        "ctypes.dlopen",
        "os.exec",
        "os.fork",
        "os.forkpty",
        "os.kill",
        "os.killpg",
        "os.link",
        "os.posix_spawn",
        "os.spawn",
        "os.symlink",
        "os.system",
        "pty.spawn",
        "resource.prlimit",
        "resource.setrlimit",
        "socket.bind",
        "socket.connect",
        "socket.getaddrinfo",
        "socket.gethostbyaddr",
        "socket.gethostbyname",
        "socket.sendmsg",
        "socket.sendto",
        "subprocess.Popen",
    }
)
_CHANGES = {"os.chmod": 1, "os.chown": 1, "os.mkdir": 1, "os.remove": 1, "os.rename": 2}
_CHANGES |= {"os.rmdir": 1, "os.truncate": 1, "os.utime": 1, "sqlite3.connect": 1}
"""Events that change files, and how many paths they name."""
_WITHOUT_FOLDERS = ("os.truncate", "sqlite3.connect")
"""Those that do not end with the numbers of the folders that paths are relative to."""
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_UNREADABLE = ("/proc/", "/dev/mem", "/dev/kmem")


def main(seconds: int, memory: int) -> int:
    """Runs the code; returns the exit code: 1 after an exception, as of `python`."""
    code = sys.stdin.buffer.read().decode()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    _limit(seconds, memory)
    _fence()
    # Held here, where no name of the code's own can take its place.
    tell, first = traceback.print_exception, __file__
    try:
        exec(compile(code, "<code>", "exec"), {"__name__": "__main__"})  # noqa: S102 - the purpose
    except SystemExit:
        raise
    except BaseException as error:  # noqa: BLE001 - told like `python` tells it
        trace = error.__traceback__
        while trace is not None and trace.tb_frame.f_code.co_filename == first:
            trace = trace.tb_next
        tell(type(error), error, trace)
        return 1
    return 0


def _limit(seconds: int, memory: int) -> None:
    limits = {
        "RLIMIT_AS": memory,
        "RLIMIT_CORE": 0,
        "RLIMIT_CPU": seconds + 1,
        "RLIMIT_FSIZE": _FILE_BYTES,
        "RLIMIT_NOFILE": _OPEN_FILES,
        "RLIMIT_NPROC": 0,
    }
    for name, most in limits.items():
        # What a system does not know, the parent still limits by time.
        with contextlib.suppress(AttributeError, OSError, ValueError):
            resource.setrlimit(getattr(resource, name), (most, most))


def _fence() -> None:
    import _posixsubprocess  # noqa: PLC0415 - its one function reports to no audit hook

    def refuse(*_: Any) -> NoReturn:
        raise PermissionError("processes cannot be started here")

    vars(_posixsubprocess)["fork_exec"] = refuse
    home = os.path.realpath(".") + os.sep
    realpath, fspath, readlink = os.path.realpath, os.fspath, os.readlink

    def is_inside(path: Any, directory: int = -1) -> bool:
        if isinstance(path, int):
            return True  # a file that is open already
        name = os.fsdecode(fspath(path))
        if directory != -1 and not name.startswith(os.sep):
            name = readlink(f"/proc/self/fd/{directory}") + os.sep + name
        return (realpath(name) + os.sep).startswith(home)

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if event in _REFUSED:
            raise PermissionError(f"{event} is not allowed here")
        if event == "import" and arguments[0] in ("_ctypes", "_posixsubprocess"):
            raise ImportError(f"{arguments[0]} is not available here")
        if event == "open" and not isinstance(arguments[0], int):
            path, _, flags = arguments
            real = realpath(os.fsdecode(fspath(path)))
            if real.startswith(_UNREADABLE):
                raise PermissionError(f"{real} cannot be read here")
            if flags & _WRITING and real != os.devnull and not is_inside(path):
                raise PermissionError(f"{real} cannot be written here")
        if event in _CHANGES:
            count = _CHANGES[event]
            folders = (-1,) if event in _WITHOUT_FOLDERS else arguments[-count:]
            if not all(map(is_inside, arguments[:count], folders)):
                raise PermissionError(f"{event} is allowed in the working directory only")

    sys.addaudithook(watch)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
