"""The web apps of examples/web, each under its real server, with the emulator behind it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from heroku_emulator import Emulator

HERE = Path(__file__).parent
WEB = HERE.parents[2] / "examples" / "web"
UVICORN = ("uvicorn", "--port", "$PORT")
GUNICORN = ("gunicorn", "--bind", "127.0.0.1:$PORT", "--worker-class", "gthread")
QUESTION = {"text": "one two three four five"}
START = 60.0  # seconds; a machine that runs other tests too is slow


class App:
    """A server, and a client for it."""

    def __init__(self, command: list[str], folder: Path, variables: dict[str, str]) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._log = folder / f"{self.port}.log"
        self.url = f"http://127.0.0.1:{self.port}"
        self.client = httpx2.Client(base_url=self.url, timeout=30)
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    *(word.replace("$PORT", str(self.port)) for word in command),
                ],
                cwd=folder,
                env=variables,
                stdout=log,
                stderr=log,
            )

    @property
    def log(self) -> str:
        """What the server wrote so far."""
        return self._log.read_text("utf-8")

    def wait_for_start(self) -> None:
        """Wait until it takes connections."""
        end = time.monotonic() + START
        while time.monotonic() < end:
            assert self._process.poll() is None, self.log
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise AssertionError(self.log)

    def wait_for_end(self) -> int:
        """Wait until it has ended by itself, and return its exit code."""
        return self._process.wait(START)

    def stop(self) -> None:
        """Stop it as Heroku stops a dyno."""
        self.client.close()
        if self._process.poll() is None:
            self._process.terminate()
            self._process.wait(30)

    def post(self, path: str, text: str = QUESTION["text"]) -> httpx2.Response:
        """Send what a browser sends, and read the whole answer."""
        return self.client.post(path, json={"text": text})

    def events(self, path: str, text: str = QUESTION["text"]) -> list[tuple[str, Any]]:
        """Send what a browser sends, and read all events."""
        answer = self.post(path, text)
        assert answer.headers["content-type"].startswith("text/event-stream"), answer.text
        return [event_of(block) for block in answer.text.split("\n\n") if block.strip()]

    def leave(self, path: str) -> None:
        """Ask, and go away at the first line of the answer."""
        with self.client.stream("POST", path, json=QUESTION) as answer:
            next(answer.iter_lines())

    def leave_a_silence(self, path: str, emulator: Emulator) -> None:
        """Ask, and go away when the model has the question."""
        before = len(emulator.journal)
        browser = HTTPConnection("127.0.0.1", self.port)
        browser.request("POST", path, json.dumps(QUESTION), {"Content-Type": "application/json"})
        while len(emulator.journal) == before:
            time.sleep(0.01)
        browser.close()


def event_of(block: str) -> tuple[str, Any]:
    """The name and data of an event; a comment has no name."""
    if block.startswith(":"):
        return "", block[1:].strip()
    name, data = block.split("\n")
    return name.removeprefix("event: "), json.loads(data.removeprefix("data: "))


def joined(events: list[tuple[str, Any]]) -> str:
    """The text of an answer."""
    return "".join(data for name, data in events if name == "piece")


@pytest.fixture(scope="session")
def launch(
    running_emulator: Emulator, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., App]]:
    """Starts a server by its command line, with config vars as on Heroku, and does not wait."""
    running: list[App] = []

    def launch(*command: str, folder: Path | None = None, **variables: str) -> App:
        folder = folder or tmp_path_factory.mktemp("app")
        environment = {"PATH": os.environ["PATH"], "HOME": str(folder)}  # noqa: TID251
        environment |= {"PYTHONPATH": f"{WEB}:{HERE}", **running_emulator.config_vars, **variables}
        running.append(App([*command], folder, environment))
        return running[-1]

    yield launch
    for app in running:
        app.stop()


@pytest.fixture(scope="session")
def serve(launch: Callable[..., App]) -> Callable[..., App]:
    """Starts a server, and waits until it takes connections."""

    def serve(*command: str, **options: Any) -> App:
        app = launch(*command, **options)
        app.wait_for_start()
        return app

    return serve
