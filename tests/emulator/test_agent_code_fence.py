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


OWN = "import sqlite3; c = sqlite3.{}('mine'); c.execute('CREATE TABLE t (n)'); c.commit()"


@pytest.mark.parametrize(
    "statement",
    [
        "ATTACH '{}' AS o",
        "ATTACH '{}' || '' AS o",
        "ATTACH 'file:{}' AS o",
        "VACUUM INTO '{}'",
        "VACUUM INTO '{}' || ''",
        "PRAGMA temp_store_directory = '{}'",
    ],
)
@pytest.mark.parametrize(("name", "make"), [("file", "connect"), ("new", "Connection")])
def test_sqlite_does_not_leave_the_folder(execute, tmp_path, statement, name, make):
    file = tmp_path / "file"
    file.write_text("")  # what SQLite takes for an empty database
    written = statement.format(tmp_path / name)
    _, status, _, errors = execute(f"{OWN.format(make)}; c.execute({written!r})")
    assert status == 1
    assert "authoriz" in errors
    assert [*tmp_path.iterdir()] == [file]
    assert file.read_text() == ""


@pytest.mark.parametrize(
    "statement", ["ATTACH 'other' AS o", "ATTACH ':memory:' AS o", "VACUUM", "VACUUM INTO 'copy'"]
)
def test_sqlite_works_inside_the_folder(execute, statement):
    code = f"{OWN.format('connect')}; c.execute({statement!r}); print('done')"
    assert execute(code) == (False, 0, "done", "")


@pytest.mark.parametrize("name", ["dbm.gnu", "dbm.ndbm"])
def test_other_databases_write_nothing_outside(execute, tmp_path, name):
    code = f"import {name} as d; d.open({str(tmp_path / 'file')!r}, 'n')['a'] = 'b'"
    _, status, _, errors = execute(code)
    assert status == 1
    assert "PermissionError" in errors or "ModuleNotFoundError" in errors
    assert not [*tmp_path.iterdir()]


def test_no_memory_is_taken_outside_the_process(execute):
    code = "from multiprocessing import shared_memory as s; s.SharedMemory(create=True, size=9)"
    _, status, _, errors = execute(code)
    assert status == 1
    assert "PermissionError" in errors


@pytest.mark.parametrize(
    "code",
    [
        "n = 0\nwhile True: open(f'{(n := n + 1)}', 'wb').write(bytes(9_000_000))",
        "import os, time\nfor n in range(1_001): os.mkdir(str(n))\ntime.sleep(9)",
        "import os\nwhile True: os.mkdir('a'); os.chdir('a'); open('b', 'wb').write(bytes(9**7))",
    ],
    ids=["many files", "many folders", "deep folders"],
)
def test_the_disk_is_not_filled(execute, code):
    failed, status, _, errors = execute(code)
    assert (failed, status) == (True, -9)
    assert errors == "killed: its files took more than 100000000 bytes, or were too many"


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


CTYPES_BY_ANOTHER_NAME = """
import _struct
from importlib import machinery, util
path = _struct.__file__.replace("_struct", "_ctypes")
loader = machinery.ExtensionFileLoader("a._ctypes", path)
util.module_from_spec(util.spec_from_file_location("a._ctypes", path, loader=loader))
"""


@pytest.mark.parametrize(
    "code",
    [
        "import ctypes",
        "import _cffi_backend",
        CTYPES_BY_ANOTHER_NAME,
        "import sys; del sys.modules['posix']; import posix; posix.mkfifo('a')",
        "import sqlite3; sqlite3.connect(':memory:').enable_load_extension(True)",
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
