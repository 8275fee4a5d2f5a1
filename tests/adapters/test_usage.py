"""Both adapters ask streams for their tokens, and tell all that the server counts."""

from __future__ import annotations

import pytest

from heroku_emulator import Fault
from heroku_inference import InvalidRequestError

ASKED = {"include_usage": True}


def test_a_stream_asks_for_its_usage(emulator, make, ask, ways):
    plain, streamed = (ask(make(), way) for way in ways)
    assert streamed.tokens == plain.tokens is not None
    first, second = (entry.body for entry in emulator.journal)
    assert second == {**first, "stream": True, "stream_options": ASKED}


@pytest.mark.parametrize("on_model", [True, False])
def test_a_stream_without_usage_asks_for_none(emulator, make, ask, ways, on_model):
    off = {"stream_usage": False}
    reply = ask(make(**off), ways[1]) if on_model else ask(make(), ways[1], **off)
    assert reply.tokens is None
    assert "stream_options" not in emulator.journal[-1].body


def test_the_word_of_a_call_wins(emulator, make, ask, ways):
    assert ask(make(stream_usage=False), ways[1], stream_usage=True).tokens is not None
    assert emulator.journal[-1].body["stream_options"] == ASKED


@pytest.mark.parametrize("as_option", [True, False])
def test_stream_options_of_the_caller_win(emulator, make, ask, ways, as_option):
    theirs = {"stream_options": {"include_usage": False}}
    reply = ask(make(), ways[1], **theirs) if as_option else ask(make(extra_body=theirs), ways[1])
    assert reply.tokens is None
    assert emulator.journal[-1].body["stream_options"] == theirs["stream_options"]


def test_a_server_that_refuses_stream_options_is_asked_once_and_named(
    emulator, adapter, make, ask, ways
):
    emulator.script(Fault(400, message="unrecognized request argument: stream_options"))
    with pytest.raises(adapter.error(InvalidRequestError), match="stream_usage=False"):
        ask(make(), ways[1])
    assert len(emulator.journal) == 1
