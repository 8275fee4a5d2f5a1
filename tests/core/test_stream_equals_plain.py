"""However the server frames and cuts a stream, its pieces sum to the plain answer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from heroku_emulator import CallTools, Say
from heroku_inference import ToolCall, Usage
from heroku_inference._chat.reading import sum_chunks
from tests.wire_cases import ANSWERS, SWITCHES, TOOLS


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("switches", SWITCHES)
def test_the_sum_of_the_pieces_is_the_plain_answer(emulator, calls, switches, answer):
    emulator.switch(**SWITCHES[switches])
    emulator.script(ANSWERS[answer], ANSWERS[answer])
    options = {"tools": TOOLS} if isinstance(ANSWERS[answer], CallTools) else {}
    plain = calls.send(**options)
    streamed = sum_chunks(calls.stream(**options))
    own = {"id": None, "created": None, "reply": None}
    assert replace(streamed, **own) == replace(plain, **own)
    assert_is(ANSWERS[answer], plain)


def assert_is(answer, result):
    assert result.text == answer.text
    assert result.reasoning == answer.reasoning
    assert isinstance(result.usage, Usage)
    if isinstance(answer, Say):
        assert result.finish_reason == (answer.finish_reason or "stop")
        return
    assert result.finish_reason == "tool_calls"
    assert [call.id for call in result.tool_calls] == list(answer.ids)
    assert all(isinstance(call, ToolCall) for call in result.tool_calls)
    assert [call.name for call in result.tool_calls] == [name for name, _ in answer.calls]


def test_a_stream_may_report_no_usage(emulator, calls):
    emulator.switch(usage="none")
    assert sum_chunks(calls.stream()).usage is None


@pytest.mark.parametrize("usage", ["own_chunk", "empty_choices", "finish_chunk"])
def test_usage_finish_and_identity_come_once(emulator, calls, usage):
    emulator.switch(usage=usage, middle_usage="zeros", role_on_every_chunk=True)
    chunks = calls.stream()
    assert sum(chunk.usage is not None for chunk in chunks) == 1
    assert sum(chunk.finish_reason is not None for chunk in chunks) == 1
    assert sum(chunk.id is not None for chunk in chunks) == 1
    assert sum(chunk.model is not None for chunk in chunks) == 1
    assert chunks[0].id is not None
    assert chunks[0].reply.rate_limits.limit_requests is not None
