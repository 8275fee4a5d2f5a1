"""However the server frames and cuts a stream, both adapters make the plain answer of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from heroku_emulator import CallTools
from tests.adapters.conftest import messages_models
from tests.wire_cases import ANSWERS, FRAMINGS, SWITCHES, TOOLS


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("switches", SWITCHES)
def test_the_sum_of_the_pieces_is_the_plain_answer(emulator, make, ask, ways, switches, answer):
    emulator.switch(**SWITCHES[switches])
    plain, streamed = both(emulator, make, ask, ways, ANSWERS[answer])
    assert streamed == plain


@messages_models
@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("switches", [*FRAMINGS, "a character a chunk"])
def test_the_sum_of_anthropics_events_is_the_plain_answer(
    emulator, adapter, make, ask, ways, switches, answer
):
    emulator.switch(**SWITCHES[switches])
    step = replace(ANSWERS[answer], path=adapter.path)

    def thinking(**arguments):
        return make(extended_thinking=bool(step.reasoning) or None, **arguments)

    plain, streamed = both(emulator, thinking, ask, ways, step)
    assert streamed == plain


def both(emulator, make, ask, ways, step):
    """A plain and a streamed answer, after all that must be in the plain one."""
    emulator.script(step, step)
    options = {"tools": TOOLS} if isinstance(step, CallTools) else {}
    plain, streamed = (ask(make(), way, **options) for way in ways)
    assert plain.text == step.text
    assert plain.reasoning == (step.reasoning or "")
    assert plain.tokens is not None
    assert plain.request_id
    assert streamed.request_id
    if isinstance(step, CallTools):
        called = [(name, arguments) for _, name, arguments in plain.calls]
        assert called == [(name, dict(arguments)) for name, arguments in step.calls]
        assert [call_id for call_id, _, _ in plain.calls] == list(step.ids)
        assert plain.finish_reason == "tool_calls"
    else:
        assert plain.finish_reason == (step.finish_reason or "stop")
    return plain, streamed


def test_a_stream_may_report_no_usage(emulator, make, ask, ways):
    emulator.switch(usage="none")
    said = ask(make(), ways[1])
    assert said.tokens is None
    assert said.finish_reason == "stop"
