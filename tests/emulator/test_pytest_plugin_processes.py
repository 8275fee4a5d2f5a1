"""The pytest plugin in other processes: what it loads, and other plugins beside it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.emulator.plugin_runner import ALONE, Runner

pytest_plugins = ("pytester",)


@pytest.fixture
def run(pytester, monkeypatch):
    return Runner(pytester, monkeypatch)


def test_every_test_can_have_it_by_configuration(run, pytester):
    pytester.makeini("""
    [pytest]
    usefixtures = heroku_emulator
    heroku_emulator_engine = auto
    """)
    run(
        """
    import unittest

    def test_it(request):
        assert answer()
        assert "RealEngine" in repr(type(request.getfixturevalue("heroku_emulator").engine))

    class TestCase(unittest.TestCase):
        def test_it(self):
            assert answer()
    """,
        elsewhere=True,
    ).assert_outcomes(passed=2)


@pytest.mark.parametrize("package", ["starlette", "uvicorn"])
def test_without_the_extra_only_tests_that_need_it_fail(run, pytester, package):
    pytester.makeconftest(f"import sys; sys.modules[{package!r}] = None")
    result = run("def test_it(heroku_emulator): ...\ndef test_other(): ...", elsewhere=True)
    result.assert_outcomes(errors=1, passed=1)
    result.stdout.fnmatch_lines(
        [f'*not installed ({package}). Install*pip install "heroku-inference[[]emulator[]]"']
    )
    result.stdout.no_fnmatch_line("During handling of*")


def test_a_run_without_it_loads_no_server(pytester, monkeypatch):
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makepyfile("""
    import sys

    def test_it():
        ours = {name for name in sys.modules if name.startswith("heroku_")}
        assert ours == {"heroku_emulator", "heroku_emulator.pytest_plugin"}
        heavy = {"anyio", "httpx", "pydantic", "starlette", "uvicorn", "PIL"}
        assert not heavy & set(sys.modules)
    """)
    pytester.runpytest_subprocess(*ALONE).assert_outcomes(passed=1)


def test_pytest_finds_it_without_configuration(run, monkeypatch):
    monkeypatch.delenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    result = run("def test_it(heroku_emulator): answer()", elsewhere=True, plugin=())
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["plugins: *heroku-inference-*"])


def test_it_works_with_sockets_disabled(run):
    run(
        "def test_it(heroku_emulator): answer()",
        *("-p", "pytest_socket", "--disable-socket", "--allow-hosts=127.0.0.1"),
        elsewhere=True,
    ).assert_outcomes(passed=1)


def test_it_works_in_asynchronous_tests(run):
    run(
        """
    import httpx

    @pytest.fixture
    async def client(heroku_emulator):
        async with httpx.AsyncClient(base_url=os.environ["INFERENCE_URL"]) as client:
            yield client

    async def test_it(client, heroku_emulator):
        assert (await client.get("/available-models")).status_code == 200
        assert heroku_emulator.journal.only().path == "/available-models"
    """,
        *("-p", "pytest_asyncio.plugin", "-o", "asyncio_mode=auto"),
        *("-o", "asyncio_default_fixture_loop_scope=function"),
        elsewhere=True,
    ).assert_outcomes(passed=1)


def test_each_worker_of_xdist_has_its_own_server(run):
    run(
        """
    @pytest.mark.parametrize("number", range(8))
    def test_it(heroku_emulator, number):
        heroku_emulator.script(Say(str(number)))
        assert answer() == str(number)
        assert len(heroku_emulator.journal) == 1
    """,
        *("-p", "xdist.plugin", "-n", "2"),
        elsewhere=True,
    ).assert_outcomes(passed=8)


def test_importing_the_plugin_needs_nothing_but_pytest():
    program = (
        "import sys, pytest\n"
        "before = set(sys.modules)\n"
        "import heroku_emulator.pytest_plugin\n"
        "print(sorted({name.partition('.')[0] for name in set(sys.modules) - before}))\n"
    )
    command = [sys.executable, "-W", "error", "-c", program]
    loaded = subprocess.run(command, check=True, timeout=60, capture_output=True, text=True)
    assert loaded.stdout == "['heroku_emulator']\n"
