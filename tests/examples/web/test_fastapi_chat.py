"""The chat in FastAPI, spoken to over HTTP."""

from __future__ import annotations

import re
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import httpx2
import pytest

from heroku_emulator import ErrorEvent, Fault
from tests.examples.web.conftest import UVICORN, joined


@pytest.fixture(scope="module")
def server(serve):
    app = serve(*UVICORN, "impatient_fastapi:app")
    app.post("/chat")  # the first request of a process loads what it needs
    return app


@pytest.fixture
def app(server, emulator):
    return server


def test_pieces_arrive_before_the_end(app, emulator):
    emulator.switch(gap_after=4, gap_seconds=2)
    with app.client.stream("POST", "/chat", json={"text": "one two"}) as answer:
        lines = answer.iter_lines()
        assert next(lines) == "event: piece"
        assert not emulator.journal[-1].wait(0)
        assert [*lines][-3:-1] == ["event: end", 'data: ""']


def test_who_leaves_ends_the_request_to_the_model(app, emulator):
    emulator.switch(gap_after=3, gap_seconds=20)
    app.leave("/chat")
    assert emulator.journal[-1].wait(5)
    assert emulator.journal[-1].client_left
    emulator.switch(gap_after=0)
    app.leave_a_silence("/chat", emulator)
    assert emulator.journal[-1].wait(5)
    assert [entry.client_left for entry in emulator.journal] == [True, True]


def test_a_comment_comes_while_the_model_is_silent(app, emulator):
    emulator.switch(gap_after=0, gap_seconds=1.5)
    events = app.events("/chat", "one two")
    assert events[0] == ("", "ping")
    assert joined(events) == "You said: one two"
    assert events[-1] == ("end", "")


def test_an_error_before_the_first_piece_is_a_status(app, emulator):
    emulator.script(Fault(401), Fault.html403())
    answers = [app.post("/chat"), app.post("/chat")]
    assert [answer.status_code for answer in answers] == [502, 422]
    assert answers[0].json() == {"error": "The model cannot answer at the moment."}
    assert "Check the key" in app.log  # for the operator


def test_an_error_after_the_first_piece_is_an_event(app, emulator):
    emulator.script(ErrorEvent(after=3))
    *pieces, last = app.events("/chat", "one two")
    assert joined(pieces).startswith("You said")
    assert last == ("error", "The model cannot answer at the moment.")


def test_a_late_error_without_a_piece_is_an_event_too(app, emulator):
    emulator.script(Fault(401, delay=2.0))
    events = app.events("/chat")
    assert events[0] == ("", "ping")
    assert events[-1] == ("error", "The model cannot answer at the moment.")


def test_a_whole_answer_blocks_a_thread_and_not_the_loop(app, emulator):
    emulator.switch(latency=2.0)
    with ThreadPoolExecutor() as browsers:
        title = browsers.submit(app.post, "/title")
        while not emulator.journal:
            time.sleep(0.01)
        assert httpx2.get(f"{app.url}/openapi.json").status_code == 200
        assert not emulator.journal[-1].wait(0)
        assert title.result().json()["title"].startswith("You said: A title")


def test_two_workers_keep_one_limit(serve, emulator):
    app = serve(*UVICORN, "--workers", "2", "impatient_fastapi:app")
    with ExitStack() as stack:
        workers: dict[str, httpx2.Client] = {}
        while len(workers) < 2:  # a connection stays with the worker that took it
            browser = stack.enter_context(httpx2.Client(base_url=app.url, timeout=30))
            workers[browser.get("/openapi.json").headers["x-worker"]] = browser
        first, second = workers.values()
        begin = time.monotonic()
        with ThreadPoolExecutor(20) as browsers:
            answers = [browsers.submit(ask, browser) for browser in [first, second] * 10]
            assert {answer.result().status_code for answer in answers} == {200}
        # 400 a minute: 10 at once, then one in 0.15 seconds, for which 10 of 20 wait.
        assert time.monotonic() - begin > 10 * 0.15
        assert "event: end" in ask(first, "/chat").text
        assert "event: end" in ask(second, "/chat").text
        emulator.script(Fault(429, headers={"retry-after": "60"}))
        assert [ask(first).status_code, ask(second).status_code] == [503, 503]
        assert len(emulator.journal) == 23  # the second worker knew it already
    app.stop()
    assert re.findall(r"Still connected with: (.*)", app.log) == ["[]", "[]"]


def ask(browser, path="/title"):
    return browser.post(path, json={"text": "one"})


def test_a_missing_config_var_stops_the_start(launch):
    app = launch(*UVICORN, "fastapi_chat:app", INFERENCE_KEY="")
    assert app.wait_for_end() == 3
    assert "INFERENCE_KEY" in app.log
