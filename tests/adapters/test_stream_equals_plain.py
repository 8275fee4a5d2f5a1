"""However the server frames and cuts a stream, both adapters make the plain answer of it."""

from __future__ import annotations

import pytest

from heroku_emulator import CallTools
from tests.wire_cases import ANSWERS, SWITCHES, TOOLS


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("switches", SWITCHES)
def test_the_sum_of_the_pieces_is_the_plain_answer(emulator, make, ask, ways, switches, answer):
    emulator.switch(**SWITCHES[switches])
    emulator.script(ANSWERS[answer], ANSWERS[answer])
    options = {"tools": TOOLS} if isinstance(ANSWERS[answer], CallTools) else {}
    plain, streamed = (ask(make(), way, **options) for way in ways)
    assert streamed == plain
    assert plain.text == ANSWERS[answer].text
    assert plain.reasoning == (ANSWERS[answer].reasoning or "")
    assert plain.tokens is not None
    assert plain.request_id
    assert streamed.request_id
    if isinstance(ANSWERS[answer], CallTools):
        called = [(name, arguments) for _, name, arguments in plain.calls]
        assert called == [(name, dict(arguments)) for name, arguments in ANSWERS[answer].calls]
        assert [call_id for call_id, _, _ in plain.calls] == list(ANSWERS[answer].ids)
        assert plain.finish_reason == "tool_calls"
    else:
        assert plain.finish_reason == (ANSWERS[answer].finish_reason or "stop")


def test_a_stream_may_report_no_usage(emulator, make, ask, ways):
    emulator.switch(usage="none")
    said = ask(make(), ways[1])
    assert said.tokens is None
    assert said.finish_reason == "stop"
