"""Runs the code on its standard input, fenced in: a program of its own, started by its path.

The kernel limits time, memory, files and processes, and the parent limits what the working
directory holds. An audit hook refuses processes, connections, writing outside the working
directory, and reading the owner's files and other processes' environments.

The fence stops accidents, not attackers. It stands in the process that it guards, so code that
means to can take it down: through `gc` or frames it finds the hook's own variables, it can ask the
interpreter for a fresh copy of a module, or take away an SQLite connection's authorizer. Packages
with compiled code of their own reach files that no hook sees. Code of strangers belongs in a
container or a virtual machine.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import resource
import sys
import traceback
from types import ModuleType
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable

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
        "sqlite3.enable_load_extension",
        "sqlite3.load_extension",
        "subprocess.Popen",
    }
)
_CHANGES = {"os.chmod": 1, "os.chown": 1, "os.mkdir": 1, "os.remove": 1, "os.rename": 2}
_CHANGES |= {"os.rmdir": 1, "os.truncate": 1, "os.utime": 1, "sqlite3.connect": 1}
"""Events that change files, and how many paths they name."""
_WITHOUT_FOLDERS = ("os.truncate", "sqlite3.connect")
"""Events whose arguments do not end with the folders that paths are relative to."""
_SILENT = {
    "_dbm": ("open",),
    "_gdbm": ("open",),
    "_multiprocessing": ("SemLock", "sem_unlink"),
    "_posixshmem": ("shm_open", "shm_unlink"),
    "_posixsubprocess": ("fork_exec",),
    "_signal": ("pidfd_send_signal",),
    "os": ("chroot", "memfd_create", "mkfifo", "mknod", "setns", "unshare"),
    "posix": ("chroot", "memfd_create", "mkfifo", "mknod", "setns", "unshare"),
    "readline": (
        "append_history_file",
        "read_history_file",
        "read_init_file",
        "write_history_file",
    ),
    "signal": ("pidfd_send_signal",),
}
"""Functions that audit hooks do not see: they are removed."""
_UNAVAILABLE = frozenset({"_cffi_backend", "_ctypes", "_posixsubprocess", "posix"})
"""Modules that are not loaded, or not again: a fresh copy would have what was removed."""
_ATTACH, _PRAGMA, _DENY = 24, 19, 1  # of SQLite's C interface
_MOVING = frozenset({"data_store_directory", "temp_store_directory"})
"""Settings of SQLite that have it write elsewhere."""
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
        with contextlib.suppress(ImportError):  # not every Python has all of them
            module = vars(importlib.import_module(name))
            module.update(dict.fromkeys(module.keys() & functions, refuse))

    # Look up now the names that the code might change later.
    realpath, fspath, readlink, join = os.path.realpath, os.fspath, os.readlink, os.path.join
    refused, changes, unreadable, opened = _REFUSED, _CHANGES, _UNREADABLE, os.open
    unavailable, moving = _UNAVAILABLE, _MOVING
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

    def authorize(action: int, subject: str | None, *_: Any) -> int:
        # SQLite's `VACUUM INTO` attaches the file that it writes. What is not a plain text in
        # the statement is unknown here.
        if action == _ATTACH:
            allowed = subject in ("", ":memory:") or (subject is not None and is_inside(subject))
        else:
            allowed = action != _PRAGMA or str(subject).lower() not in moving
        return 0 if allowed else _DENY

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if event in refused:
            raise PermissionError(f"{event} is not allowed here")
        if event == "import" and arguments[0].rpartition(".")[2] in unavailable:
            raise ImportError(f"{arguments[0]} is not available here")
        if event == "open" and not isinstance(arguments[0], int):
            check_open(arguments[0], arguments[2])
        if event in changes:
            count = changes[event]
            folders = (-1,) if event in _WITHOUT_FOLDERS else arguments[-count:]
            if not all(map(is_inside, arguments[:count], folders)):
                raise PermissionError(f"{event} is allowed in the working directory only")

    _guard_sqlite(authorize)
    sys.addaudithook(watch)


def _guard_sqlite(authorize: Callable[..., int]) -> None:
    """Gives each connection the authorizer: audit hooks do not see what its statements open."""
    try:
        import sqlite3  # noqa: PLC0415 - not every Python has it
    except ImportError:
        return
    connect = sqlite3.connect

    class Connection(sqlite3.Connection):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            self.set_authorizer(authorize)

    def guarded(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*arguments, **options)
        connection.set_authorizer(authorize)
        return connection

    for name in ("sqlite3", "sqlite3.dbapi2", "_sqlite3"):
        vars(sys.modules[name]).update(connect=guarded, Connection=Connection)


def _folders(*paths: str) -> tuple[str, ...]:
    return tuple(os.path.realpath(path).rstrip(os.sep) + os.sep for path in paths)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:]))
