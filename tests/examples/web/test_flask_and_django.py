"""The chats in Flask and Django, spoken to over HTTP."""

from __future__ import annotations

import pytest

from heroku_emulator import ErrorEvent, Fault, Say
from tests.examples.web.conftest import GUNICORN, UVICORN, joined


@pytest.fixture(scope="module")
def flask(serve):
    return serve(*GUNICORN, "--threads", "4", "flask_chat:app")


@pytest.fixture(scope="module")
def django(serve):
    return serve(*UVICORN, "impatient_django:application")


@pytest.fixture(params=["flask", "django"])
def app(request, emulator):
    return request.getfixturevalue(request.param)


def test_pieces_arrive_before_the_end(app, emulator):
    emulator.switch(gap_after=4, gap_seconds=2)
    with app.client.stream("POST", "/chat", json={"text": "one two"}) as answer:
        lines = answer.iter_lines()
        assert next(line for line in lines if line.startswith("event")) == "event: piece"
        assert not emulator.journal[-1].wait(0)
        assert [*lines][-3:-1] == ["event: end", 'data: ""']


def test_who_leaves_ends_the_request_to_the_model(app, emulator):
    emulator.switch(pace=0.05)  # a thread notices it when it writes
    with app.client.stream("POST", "/chat", json={"text": "one " * 400}) as answer:
        next(answer.iter_lines())
    assert emulator.journal[-1].wait(5)
    assert emulator.journal[-1].client_left


def test_an_error_after_the_first_piece_is_an_event(app, emulator):
    emulator.script(ErrorEvent(after=3))
    *pieces, last = app.events("/chat", "one two")
    assert joined(pieces).startswith("You said")
    assert last == ("error", "The answer broke off. Ask again.")


def test_in_flask_an_error_before_the_first_piece_is_a_status(flask, emulator):
    emulator.script(Fault(401))
    answer = flask.post("/chat")
    assert answer.status_code == 502
    assert answer.json() == {"error": "The model cannot answer at the moment."}
    assert "Check the key" in flask.log


def test_in_flask_a_thought_is_a_comment(flask, emulator):
    emulator.script(Say("Yes.", reasoning="Let me think."))
    events = flask.events("/chat")
    assert events[0] == ("", "thinking")
    assert joined(events) == "Yes."


def test_in_django_a_comment_comes_while_the_model_is_silent(django, emulator):
    emulator.switch(gap_after=0, gap_seconds=1.5)
    events = django.events("/chat", "one two")
    assert events[0] == ("", "thinking")
    assert joined(events) == "You said: one two"
    assert events[-1] == ("end", "")


def test_in_django_who_leaves_a_silence_ends_the_request_to_the_model(django, emulator):
    emulator.switch(gap_after=0, gap_seconds=20)
    django.leave_a_silence("/chat", emulator)
    assert emulator.journal[-1].wait(5)
    assert emulator.journal[-1].client_left
