"""Tokens: that streams are asked for them, and how they are read."""

from __future__ import annotations

import pytest

from heroku_emulator import Fault
from heroku_inference import InvalidRequestError
from heroku_inference._chat.reading import sum_chunks
from tests.core.conftest import HELLO

ASKED = {"include_usage": True}


def test_a_stream_asks_for_its_usage_and_nothing_else_changes(emulator, calls):
    calls.stream()
    calls.send()
    streamed, plain = (entry.body for entry in emulator.journal)
    assert streamed == {**plain, "stream": True, "stream_options": ASKED}
    assert plain == {"model": "claude-4-5-sonnet", "messages": HELLO}


def test_a_stream_without_usage_asks_for_none(emulator, calls):
    assert sum_chunks(calls.stream(stream_usage=False)).usage is None
    assert "stream_options" not in emulator.journal[-1].body


def test_usage_that_comes_unasked_is_read(emulator, calls):
    emulator.switch(stream_usage="always")
    assert sum_chunks(calls.stream(stream_usage=False)).usage.total_tokens > 0


@pytest.mark.parametrize("theirs", [{"include_usage": False}, {}, {"include_usage": True}])
@pytest.mark.parametrize("asks", [{}, {"stream_usage": False}])
def test_stream_options_of_the_caller_win(emulator, calls, theirs, asks):
    usage = sum_chunks(calls.stream(extra_body={"stream_options": theirs}, **asks)).usage
    assert emulator.journal[-1].body["stream_options"] == theirs
    assert (usage is not None) is theirs.get("include_usage", False)


def test_a_plain_answer_takes_the_switch_and_asks_for_nothing(emulator, calls):
    assert calls.send(stream_usage=False).usage is not None
    assert emulator.journal[-1].body.keys() == {"model", "messages"}


def test_a_server_that_refuses_stream_options_is_asked_once_and_named(emulator, calls):
    emulator.script(Fault(400, message="unrecognized request argument: stream_options"))
    with pytest.raises(InvalidRequestError, match=r"stream_options.*stream_usage=False"):
        calls.stream()
    assert len(emulator.journal) == 1


def test_agents_take_no_such_field(emulator, calls):
    calls.run_agent(HELLO)
    assert "stream_options" not in emulator.journal[-1].body
