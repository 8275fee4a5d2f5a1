"""A whole answer that the server cuts with 408 comes as a stream that is summed up."""

from __future__ import annotations

from dataclasses import replace

import pytest

from heroku_emulator import CallTools, Cut, ErrorEvent, Fault, Say
from heroku_inference import APIConnectionError, RequestTimeoutError, ServerError
from tests.core.conftest import HELLO
from tests.wire_cases import ANSWERS, SOON, SWITCHES, TOOLS

CUT = Fault(408, headers=SOON)
ASKED = {"include_usage": True}


def streamed(emulator):
    """Of each request, whether it asked for a stream."""
    return [bool(entry.body.get("stream")) for entry in emulator.journal]


def test_an_answer_beyond_the_time_limit_arrives_by_one_stream(emulator, make_calls):
    emulator.switch(latency=0.2, time_limit=0.05)
    seen = []
    answer = make_calls(max_retries=1, on_retry=seen.append).send()
    assert answer.text == "You said: Hello there"
    assert answer.usage.total_tokens > 0
    assert streamed(emulator) == [False, True]
    first, second = emulator.journal
    assert second.body == {**first.body, "stream": True, "stream_options": ASKED}
    assert second.headers["accept"] == "text/event-stream"
    assert [(event.attempt, type(event.error)) for event in seen] == [(1, RequestTimeoutError)]


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("switches", SWITCHES)
def test_the_summed_stream_is_the_plain_answer(emulator, calls, switches, answer):
    emulator.switch(usage_details=True, **SWITCHES[switches])
    emulator.script(ANSWERS[answer], CUT, ANSWERS[answer])
    options = {"tools": TOOLS} if isinstance(ANSWERS[answer], CallTools) else {}
    plain, summed = calls.send(**options), calls.send(**options)
    assert streamed(emulator) == [False, False, True]
    own = {"id": None, "created": None, "reply": None}
    assert replace(summed, **own) == replace(plain, **own)
    assert summed.id
    assert summed.reply.request_id
    assert summed.reply.json().keys() == plain.reply.json().keys()
    for name in ("model", "choices", "usage"):
        assert summed.reply.json()[name] == expected(plain.reply.json()[name])


def expected(part):
    """The part of a plain answer's body, as the sum of a stream writes it."""
    if not isinstance(part, list):
        return part
    (choice,) = part
    message = {"content": "", **choice["message"]}
    message["content"] = message["content"] or ""
    reasoning = message.pop("reasoning_content", None) or message.get("reasoning")
    if reasoning:
        whole = {"thinking": reasoning} if isinstance(reasoning, str) else reasoning
        message["reasoning"] = whole
    return [{**choice, "message": message}]


@pytest.mark.parametrize(
    ("steps", "forms"),
    [
        ([CUT, CUT], [False, True, True]),
        ([CUT, Fault(500, message="internal", headers=SOON)], [False, True, True]),
        ([CUT, Fault(429, headers=SOON)], [False, True, True]),
        ([Fault(500, message="internal", headers=SOON), CUT], [False, False, True]),
        ([CUT, Cut(after=3, answer=Say("One two three four five."))], [False, True, True]),
        ([CUT, ErrorEvent(after=2)], [False, True, True]),
        ([CUT, Say("No end.", finish_reason="")], [False, True, True]),
    ],
)
def test_it_stays_a_stream_within_the_retries(emulator, make_calls, steps, forms):
    emulator.script(*steps, Say("At last."))
    seen = []
    assert make_calls(max_retries=2, on_retry=seen.append).send().text == "At last."
    assert streamed(emulator) == forms
    assert [event.attempt for event in seen] == [1, 2]


def test_a_cut_uses_up_a_retry(emulator, make_calls):
    emulator.script(CUT, Fault(503, headers=SOON, times=9))
    with pytest.raises(ServerError):
        make_calls(max_retries=1).send()
    assert streamed(emulator) == [False, True]


def test_without_retries_the_cut_is_raised(emulator, make_calls):
    emulator.script(CUT)
    with pytest.raises(RequestTimeoutError, match="stream long ones"):
        make_calls(max_retries=0).send()
    assert streamed(emulator) == [False]


@pytest.mark.parametrize("step", [Cut(after=3), Say("Hello", finish_reason="")])
def test_a_stream_that_breaks_for_good_is_a_broken_connection(emulator, make_calls, step):
    emulator.script(CUT, replace(step, times=9))
    with pytest.raises(APIConnectionError) as caught:
        make_calls(max_retries=1).send()
    assert caught.value.partial
    assert streamed(emulator) == [False, True]


def test_the_stream_asks_for_no_usage_when_told_so(emulator, calls):
    emulator.script(CUT)
    assert calls.send(stream_usage=False).usage is None
    assert "stream_options" not in emulator.journal[-1].body


def test_fields_of_the_caller_win_in_the_stream_too(emulator, calls):
    emulator.script(CUT)
    calls.send(extra_body={"stream_options": {"include_usage": False}, "stream": False})
    assert emulator.journal[-1].body["stream_options"] == {"include_usage": False}
    assert emulator.journal[-1].body["stream"] is True


def test_an_answer_in_a_schema_is_read_from_the_summed_stream(emulator, calls):
    schema = {"type": "object", "properties": {"city": {"type": "string"}}}
    form = {"type": "json_schema", "json_schema": {"name": "place", "schema": schema}}
    answer = CallTools([("final_answer", {"city": "Ōsaka"})])
    emulator.script(answer, CUT, answer)
    plain, summed = (calls.send(response_format=form) for _ in range(2))
    assert summed.text == plain.text == '{"city":"Ōsaka"}'
    assert summed.finish_reason == plain.finish_reason
    assert streamed(emulator) == [False, False, True]


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("embed", (["a text"],)),
        ("rerank", ("a question", ["a text"])),
        ("generate_image", ("a dyno",)),
    ],
)
def test_other_endpoints_are_asked_again_as_before(emulator, calls, name, arguments):
    paths = {"embed": "embeddings", "rerank": "rerank", "generate_image": "images/generations"}
    emulator.script(replace(CUT, path=f"/v1/{paths[name]}"))
    assert getattr(calls, name)(*arguments)
    assert [entry.status for entry in emulator.journal] == [408, 200]
    first, second = (entry.body for entry in emulator.journal)
    assert first == second


def test_streams_and_agents_go_on_as_before(emulator, calls):
    emulator.script(CUT)
    assert calls.stream()
    first, second = (entry.body for entry in emulator.journal)
    assert first == second
    emulator.script(replace(CUT, path="/v1/agents/heroku"))
    with pytest.raises(RequestTimeoutError):
        calls.run_agent(HELLO)
