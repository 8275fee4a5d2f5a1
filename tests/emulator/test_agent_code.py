"""`code_exec_python` runs code, and stops it at its limits."""

import asyncio
import json
import time
from pathlib import Path

import httpx
import pytest

from heroku_emulator import CallTools
from heroku_emulator.agent_tools import code_exec_python
from tests.emulator.code_runner import PATH, executor, result_of, running_code


@pytest.fixture(scope="module")
def running():
    with running_code() as emulator:
        yield emulator


@pytest.fixture
def execute(running):
    return executor(running)


@pytest.mark.parametrize("kind", ["mcp", "heroku_tool"])
def test_the_published_code_gives_the_published_result(execute, sample, kind):
    lines = sample("agents_mcp_tool.sse").splitlines()
    asked, returned = (json.loads(lines[n].removeprefix("data:")) for n in (1, 4))
    function = asked["choices"][0]["message"]["tool_calls"][0]["function"]
    content = returned["choices"][0]["message"]["content"].split(" returned result: ", 1)[1]
    expected = json.loads(json.loads(content)["content"][0]["text"])
    result = execute(json.loads(function["arguments"])["code"], kind=kind)
    assert result == (False, *expected.values())


def test_the_text_is_formatted_as_published(running, sample):
    code = "print('x')"
    running.reset()
    running.script(CallTools([("code_exec_python", {"code": code})], path=PATH))
    text = result_of(running, {"type": "mcp", "name": "code_exec_python"}, 10)["content"][0]["text"]
    assert text == '{\n  "returncode": 0,\n  "stdout": "x",\n  "stderr": ""\n}'


def test_it_is_off_unless_it_is_turned_on(emulator, call):
    emulator.script(CallTools([("code_exec_python", {"code": "1"})], path=PATH))
    result = result_of(emulator, {"type": "mcp", "name": "code_exec_python"}, 10)
    assert result["isError"]
    assert "Emulator(run_code=True)" in result["content"][0]["text"]


@pytest.mark.parametrize("arguments", [{}, {"code": 1}, {"code": "1", "packages": ["numpy"]}])
def test_code_that_cannot_run_is_a_failed_call(running, arguments):
    running.reset()
    running.script(CallTools([("code_exec_python", arguments)], path=PATH))
    assert result_of(running, {"type": "mcp", "name": "code_exec_python"}, 10)["isError"]


def test_an_exception_is_reported_as_python_reports_it(execute):
    failed, code, output, errors = execute("print('before')\n\n1 / 0")
    assert (failed, code, output) == (False, 1, "before")
    assert errors.startswith('Traceback (most recent call last):\n  File "<code>", line 3')
    assert errors.endswith("ZeroDivisionError: division by zero")


@pytest.mark.parametrize(
    ("code", "result"),
    [
        ("import sys; sys.exit(3)", (False, 3, "", "")),
        ("print('Größe 你好')", (False, 0, "Größe 你好", "")),
        ("import sys; print('no', file=sys.stderr)", (False, 0, "", "no")),
        ("if __name__ == '__main__':\n    print('main')", (False, 0, "main", "")),
        ("import sys; print(sys.flags.isolated)", (False, 0, "1", "")),
        ("open('a', 'w').write('x'); print(open('a').read())", (False, 0, "x", "")),
        (
            "import asyncio\nasync def f(): print('async')\nasyncio.run(f())",
            (False, 0, "async", ""),
        ),
        (
            "import pickle\nclass A: pass\nprint(type(pickle.loads(pickle.dumps(A()))).__name__)",
            (False, 0, "A", ""),
        ),
        (
            "import tempfile, os; tempfile.TemporaryDirectory().cleanup(); print(os.listdir())",
            (False, 0, "[]", ""),
        ),
        ("import sqlite3; sqlite3.connect(':memory:'); sqlite3.connect('db')", (False, 0, "", "")),
    ],
)
def test_ordinary_code_runs(execute, code, result):
    assert execute(code) == result


def test_an_endless_loop_is_killed_when_its_time_is_up(execute):
    began = time.monotonic()
    failed, code, output, errors = execute("print('on', flush=True)\nwhile True: pass", seconds=1)
    assert 1 <= time.monotonic() - began < 4
    assert (failed, code, output) == (True, -9, "on")
    assert errors == "killed: it did not end within 1 seconds (ttl_seconds)"


def test_a_sleeping_program_is_killed_too(execute):
    failed, code, _, _ = execute("import time; time.sleep(60)", seconds=1)
    assert (failed, code) == (True, -9)


def test_memory_is_limited(execute):
    hog = "held = []\nwhile True: held.append(bytearray(50_000_000))"
    _, code, _, errors = execute(hog)
    assert code != 0
    assert "MemoryError" in errors


def test_output_is_limited(execute):
    failed, code, output, errors = execute("while True: print('x' * 99, end='')")
    assert (failed, code, len(output)) == (True, -9, 100_000)
    assert errors == "killed: it wrote more than 100000 bytes"


def test_files_are_limited(execute):
    failed, code, output, _ = execute("open('a', 'wb').write(bytes(20_000_000)); print('done')")
    assert (failed or code != 0, output) == (True, "")


async def test_processes_that_it_started_are_killed_with_it():
    """The group is killed even if its leader has ended already."""
    process = await asyncio.create_subprocess_exec(
        *("sh", "-c", "sleep 60 & echo on"), stdout=asyncio.subprocess.PIPE, start_new_session=True
    )
    assert await process.stdout.readline() == b"on\n"
    await process.wait()
    code_exec_python._kill(process)
    # The stream ends when no process is left to write.
    assert await asyncio.wait_for(process.stdout.read(), 10) == b""


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks for processes as Linux has them")
def test_a_client_that_leaves_ends_the_code(running):
    running.reset()
    before = _children()
    code = "import os, time\nprint(os.getpid())\ntime.sleep(60)"
    running.script(CallTools([("code_exec_python", {"code": code})], path=PATH))
    body = {"model": "claude-4-sonnet", "messages": [{"role": "user", "content": "Go."}]}
    body["tools"] = [{"type": "mcp", "name": "code_exec_python"}]
    headers = {"authorization": f"Bearer {running.api_key}"}
    with httpx.stream("POST", running.url + PATH, json=body, headers=headers) as answer:
        lines = answer.iter_lines()
        next(lines)
        while _children() == before:
            time.sleep(0.01)
    assert running.journal[-1].wait()
    assert running.journal[-1].client_left
    assert _children() == before


def _children():
    """Returns the child processes of this one."""
    tasks = Path("/proc/self/task").glob("*/children")
    return {child for task in tasks for child in task.read_text().split()}
