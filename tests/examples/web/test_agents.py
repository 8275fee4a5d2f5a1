"""The agents in FastAPI, of both frameworks, spoken to over HTTP."""

from __future__ import annotations

import os
import subprocess
import sys
from uuid import uuid4

import pytest

from heroku_emulator import CallTools, ErrorEvent, Say
from tests.examples.web.conftest import UVICORN, WEB, joined

PROGRAMS = ["fastapi_agent", "fastapi_llama_index"]
QUESTION = "What does a parcel to Portugal cost?"


@pytest.fixture(scope="module", params=PROGRAMS)
def server(request, serve):
    return serve(*UVICORN, f"{request.param}:app")


@pytest.fixture
def app(server, emulator):
    return server


@pytest.fixture
def thread():
    return f"/threads/{uuid4()}"


def test_words_calls_and_results_come_in_order(app, emulator, thread):
    emulator.script(
        CallTools([("parcel_price", {"country": "Portugal"})], text="Let me see."),
        Say("It costs 12 euros."),
    )
    events = app.events(thread, QUESTION)
    assert [event for event in events if event[0] != "piece"] == [
        ("call", {"name": "parcel_price", "args": {"country": "Portugal"}}),
        ("result", "12 euros"),
        ("end", ""),
    ]
    assert joined(events) == "Let me see.It costs 12 euros."
    assert joined(events[: events.index(("result", "12 euros"))]) == "Let me see."


def test_who_leaves_ends_the_request_to_the_model(app, emulator, thread):
    emulator.switch(gap_after=3, gap_seconds=20)
    app.leave(thread)
    assert emulator.journal[-1].wait(5)
    assert emulator.journal[-1].client_left


def test_a_thread_goes_on_after_its_reader_left(app, emulator, thread):
    with emulator.switched(gap_after=3, gap_seconds=20):
        app.leave(thread)
        assert emulator.journal[-1].wait(5)
    assert app.events(thread, "And to Spain?")[-1] == ("end", "")


def test_an_error_is_an_event(app, emulator, thread):
    emulator.script(ErrorEvent(after=3))
    *pieces, last = app.events(thread, "one two")
    assert joined(pieces).startswith("You said")
    assert last == ("error", "The answer broke off. Ask again.")


@pytest.mark.parametrize(
    ("program", "in_postgres"),
    [("fastapi_agent", False), ("fastapi_agent", True), ("fastapi_llama_index", True)],
    ids=["LangGraph, SQLite", "LangGraph, PostgreSQL", "LlamaIndex, PostgreSQL"],
)
def test_a_conversation_goes_on_after_a_restart(
    program, in_postgres, serve, emulator, thread, tmp_path, request
):
    variables = {}
    if in_postgres:
        url = request.getfixturevalue("database").replace("postgresql://", "postgres://")
        variables["DATABASE_URL"] = url
        if program == "fastapi_agent":
            prepare(**variables)
    command = [*UVICORN, f"{program}:app"]
    emulator.script(
        CallTools([("parcel_price", {"country": "Portugal"})]), Say("It costs 12 euros.")
    )
    app = serve(*command, folder=tmp_path, **variables)
    app.events(thread, QUESTION)
    app.stop()
    app = serve(*command, folder=tmp_path, **variables)
    app.events(thread, "And to Spain?")
    app.events(f"/threads/{uuid4()}", "And to Spain?")
    *_, resumed, other = (entry.body["messages"] for entry in emulator.journal)
    assert [message["content"] for message in resumed] == [
        QUESTION,
        resumed[1]["content"],
        "12 euros",
        "It costs 12 euros.",
        "And to Spain?",
    ]
    assert [message["content"] for message in other] == ["And to Spain?"]


def prepare(**variables):
    """Make the tables twice, as in two releases."""
    for _ in range(2):
        environment = {**os.environ, **variables}  # noqa: TID251
        subprocess.run([sys.executable, WEB / "fastapi_agent.py"], env=environment, check=True)
