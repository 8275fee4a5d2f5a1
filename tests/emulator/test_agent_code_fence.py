"""What an agent's code cannot do to the machine."""

import os
import sys
from pathlib import Path

import pytest

from tests.emulator.code_runner import executor, running_code


@pytest.fixture(scope="module")
def running():
    with running_code() as emulator:
        yield emulator


@pytest.fixture
def execute(running):
    return executor(running)


@pytest.mark.parametrize(
    "code",
    [
        "import os; os.fork()",
        "import os; os.system('true')",
        "import os; os.execv('/bin/true', ['true'])",
        "import os; os.posix_spawn('/bin/true', ['true'], {})",
        "import subprocess; subprocess.run(['true'])",
        "import multiprocessing as m; m.Process(target=print).start()",
        "import multiprocessing as m; m.get_context('spawn').Process(target=print).start()",
        "import _posixsubprocess as p; p.fork_exec(*[None] * 21)",
    ],
)
def test_no_process_can_be_started(execute, code):
    _, status, output, errors = execute(code + "\nprint('started')")
    assert (status, output) == (1, "")
    assert "PermissionError" in errors


def test_our_environment_is_hidden(execute, monkeypatch):
    monkeypatch.setenv("INFERENCE_KEY", "inf-made-up")
    _, _, output, _ = execute("import os; print(sorted(os.environ)); print(os.environ['HOME'])")
    names, home = output.splitlines()
    assert names == "['HOME', 'LANG', 'OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'PATH', 'TMPDIR']"
    assert not Path(home).exists()
    parent = f"/proc/{os.getpid()}/environ"
    _, code, output, errors = execute(f"print(open({parent!r}).read())")
    assert (code, output) == (1, "")
    assert "cannot be read here" in errors


@pytest.mark.parametrize(
    "code",
    [
        "open({!r}, 'w')",
        "import os; os.open({!r}, os.O_WRONLY)",
        "import os; os.remove({!r})",
        "import os; os.rename({!r}, 'mine')",
        "import os; os.truncate({!r}, 0)",
        "import os; os.symlink({!r}, 'mine')",
        "import pathlib; pathlib.Path({!r}).write_text('')",
        "import sqlite3; sqlite3.connect({!r})",
        "import os; f, n = os.path.split({!r}); os.remove(n, dir_fd=os.open(f, os.O_RDONLY))",
        "import os; f, n = os.path.split({!r}); os.open(n, os.O_RDWR, dir_fd=os.open(f, 0))",
        "import sqlite3; sqlite3.connect('file:' + {!r}, uri=True).execute('CREATE TABLE t (n)')",
        "import os; os.setxattr({!r}, b'user.of', b'code')",
        "import os; os.mkfifo({!r} + '2')",
    ],
)
def test_other_files_stay_unchanged(execute, tmp_path, code):
    file = tmp_path / "file"
    file.write_text("ours")
    _, status, _, errors = execute(code.format(str(file)))
    assert status == 1
    assert "PermissionError" in errors
    assert file.read_text() == "ours"
    assert [*tmp_path.iterdir()] == [file]


@pytest.mark.parametrize(
    "code",
    [
        "print(open({!r}).read())",
        "import pathlib; print(pathlib.Path({!r}).read_text())",
        "import shutil; print(open(shutil.copy({!r}, 'mine')).read())",
        "import os; print(os.read(os.open({!r}[1:], 0, dir_fd=os.open('/', 0)), 99))",
        "import os; os.chdir('/'); print(open({!r}[1:]).read())",
    ],
)
@pytest.mark.parametrize("place", ["home", "where the emulator was started"])
def test_private_files_are_not_read(execute, tmp_path, monkeypatch, place, code):
    if place == "home":
        monkeypatch.setenv("HOME", str(tmp_path))
    else:
        monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("INFERENCE_KEY=inf-made-up")
    _, status, output, errors = execute(code.format(str(tmp_path / ".env")))
    assert (status, output) == (1, "")
    assert "PermissionError" in errors


def test_libraries_are_readable_anywhere(execute, monkeypatch):
    monkeypatch.setenv("HOME", sys.prefix)
    monkeypatch.chdir(Path(sys.base_prefix))
    assert execute("import email, httpx; print('there')") == (False, 0, "there", "")


@pytest.mark.parametrize(
    "code",
    [
        "import socket; socket.create_connection(('127.0.0.1', {}))",
        "import urllib.request; urllib.request.urlopen('http://localhost:{}')",
        "import socket; socket.socket().bind(('127.0.0.1', 0)) # {}",
    ],
)
def test_no_connection_can_be_made(execute, running, code):
    port = running.url.rsplit(":", 1)[1]
    _, status, _, errors = execute(code.format(port))
    assert status == 1
    assert "PermissionError" in errors or "not allowed" in errors


@pytest.mark.parametrize(
    "code",
    [
        "import ctypes",
        "import resource; resource.setrlimit(0, (1, 1))",
        "import __main__, os; __main__._REFUSED = frozenset(); os.fork()",
        "import sys, os; sys._getframe(1).f_globals['_REFUSED'] = frozenset(); os.fork()",
    ],
)
def test_the_fence_cannot_be_taken_down_by_accident(execute, code):
    assert execute(code)[1] == 1


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has such handles of processes")
def test_no_process_gets_a_signal(execute):
    signal = "os, signal; signal.pidfd_send_signal(os.pidfd_open(os.getppid()), 0)"
    _, status, _, errors = execute(f"import {signal}")
    assert status == 1
    assert "PermissionError" in errors
