"""Runs the code on its standard input, fenced in: a program of its own, started by its path.

The kernel limits time, memory, files and processes. An audit hook refuses processes, connections,
writing outside the working directory, and reading the owner's files and other processes'
environments. The fence stops accidents, not attackers.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import resource
import sys
import traceback
from types import ModuleType
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
        "os.removexattr",
        "os.setxattr",
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
"""Events whose arguments do not end with the folders that paths are relative to."""
_SILENT = {
    "_posixsubprocess": ("fork_exec",),
    "_signal": ("pidfd_send_signal",),
    "os": ("chroot", "mkfifo", "mknod"),
    "posix": ("chroot", "mkfifo", "mknod"),
    "signal": ("pidfd_send_signal",),
}
"""Functions that audit hooks do not see: they are removed."""
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_UNREADABLE = ("/proc/", "/dev/mem", "/dev/kmem")


def main(seconds: int, memory: int, *private: str) -> int:
    """Runs the code, which reads nothing in the private folders.

    Returns:
        The exit code: 1 after an exception, as of `python`.
    """
    code = sys.stdin.buffer.read().decode()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    _limit(seconds, memory)
    _fence(private)
    # The code gets a module of its own: `pickle` and type hints look names up there.
    module = sys.modules["__main__"] = ModuleType("__main__")
    # Local names, which the code cannot replace.
    print_exception, first = traceback.print_exception, __file__
    try:
        exec(compile(code, "<code>", "exec"), vars(module))  # noqa: S102 - the purpose
    except SystemExit:
        raise
    except BaseException as error:  # noqa: BLE001 - reported as `python` does
        trace = error.__traceback__
        while trace is not None and trace.tb_frame.f_code.co_filename == first:
            trace = trace.tb_next
        print_exception(type(error), error, trace)
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
        # Where the system lacks a limit, the parent still limits the time.
        with contextlib.suppress(AttributeError, OSError, ValueError):
            resource.setrlimit(getattr(resource, name), (most, most))


def _fence(private: tuple[str, ...]) -> None:
    def refuse(*_: Any, **__: Any) -> NoReturn:
        raise PermissionError("that is not allowed here")

    for name, functions in _SILENT.items():
        module = vars(importlib.import_module(name))
        module.update(dict.fromkeys(module.keys() & functions, refuse))

    # Look up now the names that the code might change later.
    realpath, fspath, readlink, join = os.path.realpath, os.fspath, os.readlink, os.path.join
    refused, changes, unreadable, opened = _REFUSED, _CHANGES, _UNREADABLE, os.open
    home = _folders(".")
    closed = tuple(folder for folder in _folders(*private) if folder != os.sep)
    libraries = _folders(sys.prefix, sys.base_prefix)

    def locate(path: Any, directory: int = -1) -> str:
        name = os.fsdecode(fspath(path))
        if directory != -1:
            name = join(readlink(f"/proc/self/fd/{directory}"), name)
        return realpath(name)

    def is_inside(path: Any, directory: int = -1) -> bool:
        # A number is an open file; an SQLite address may lead anywhere.
        if isinstance(path, int):
            return True
        is_address = os.fsdecode(fspath(path)).startswith("file:")
        return not is_address and (locate(path, directory) + os.sep).startswith(home)

    def check_open(path: Any, flags: int, directory: int = -1) -> None:
        real = locate(path, directory)
        is_private = real.startswith(closed) and not real.startswith(libraries + home)
        if is_private or real.startswith(unreadable):
            raise PermissionError(f"{real} cannot be read here")
        if flags & _WRITING and real != os.devnull and not is_inside(real):
            raise PermissionError(f"{real} cannot be written here")

    def open_file(path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        if dir_fd is not None:
            check_open(path, flags, dir_fd)  # the hook does not learn the folder
        return opened(path, flags, mode, dir_fd=dir_fd)

    vars(os)["open"] = vars(sys.modules["posix"])["open"] = open_file

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if event in refused:
            raise PermissionError(f"{event} is not allowed here")
        if event == "import" and arguments[0] in ("_ctypes", "_posixsubprocess"):
            raise ImportError(f"{arguments[0]} is not available here")
        if event == "open" and not isinstance(arguments[0], int):
            check_open(arguments[0], arguments[2])
        if event in changes:
            count = changes[event]
            folders = (-1,) if event in _WITHOUT_FOLDERS else arguments[-count:]
            if not all(map(is_inside, arguments[:count], folders)):
                raise PermissionError(f"{event} is allowed in the working directory only")

    sys.addaudithook(watch)


def _folders(*paths: str) -> tuple[str, ...]:
    return tuple(os.path.realpath(path).rstrip(os.sep) + os.sep for path in paths)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:]))
