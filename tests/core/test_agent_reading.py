"""From the events of an agent's run to its steps, without a server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from heroku_inference import AgentMessage, AgentToolResult, Reply, StreamInterruptedError, Usage
from heroku_inference._agents.reading import AgentReader
from heroku_inference._agents.result import agent_result
from heroku_inference._http.sse import EventDecoder

from .agent_frames import CALL, END, USAGE, call_event, message_event, read, result_event

SAMPLE = Path(__file__).parents[1] / "samples" / "agents_mcp_tool.sse"


@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_the_documented_run_is_read_whole(size):
    decoder, body = EventDecoder(), SAMPLE.read_bytes()
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    events = [event for piece in pieces for event in decoder.feed(piece)] + decoder.flush()
    reader = AgentReader(Reply(200))
    steps = [step for name, data in events for step in reader.read(name, data)]
    assert reader.done
    assert reader.finish() == []
    call, result, answer = steps
    assert call.tool_calls[0].name == "mcp-python/code_exec_python"
    assert call.finish_reason == "tool_calls"
    assert json.loads(result.text)["returncode"] == 0
    assert result.content == [{"type": "text", "text": result.text}]
    assert result.raw.startswith("Tool 'mcp-python/code_exec_python' returned result: {")
    assert (result.tool_call_id, result.is_error) == (call.tool_calls[0].id, False)
    assert answer.text.endswith(
        "**7ebc92bcf8f51f0b623a18f0a357639410a409340043c7a670bb180acd138e6b**"
    )
    assert {step.id for step in steps} == {"chatcmpl-184410e4ae2b7bb5180ae"}
    run = agent_result(steps)
    assert run.usage == Usage(629 + 947, 163 + 62, 792 + 1009)
    assert (run.text, run.finish_reason, run.model) == (answer.text, "stop", "claude-4-sonnet")
    assert (run.created, run.tool_results) == (1748541146, [result])


@pytest.mark.parametrize("kind", ["message", "delta"])
def test_messages_and_deltas_make_the_same_steps(kind):
    events = (call_event(kind=kind), result_event("42", kind=kind), message_event(kind=kind))
    assert read(*events, END) == read(call_event(), result_event("42"), message_event(), END)


def test_pieces_of_messages_are_put_together():
    steps = read(
        message_event("Let me ", reason="", usage={}, kind="delta"),
        message_event("see.", reason=None, usage=None, kind="delta"),
        message_event(None, reason="", usage={}, kind="delta", calls=[CALL]),
        message_event("", reason="tool_calls", usage={}, kind="delta"),
        message_event("", reason="", kind="delta"),
        result_event("4", kind="delta"),
        result_event("2", kind="delta", role=None),
        message_event("The answer ", reason="", usage={}, kind="delta"),
        message_event("is 42.", reason="", usage={}, kind="delta"),
        message_event("", reason="stop", usage={}, kind="delta"),
        {"id": "run", "object": "chat.completion", "choices": [], "usage": USAGE},
        END,
    )
    call, result, answer = steps
    assert (call.text, call.tool_calls[0].name) == ("Let me see.", "ns/tool")
    assert (result.text, result.name) == ("42", "ns/tool")
    assert (answer.text, answer.finish_reason) == ("The answer is 42.", "stop")
    assert call.usage == answer.usage == Usage(10, 2, 12)


def test_results_in_pieces_part_at_the_id_of_their_call():
    one, two = result_event("1", kind="delta"), result_event("2", kind="delta", tool_call_id="t2")
    results = read(call_event(), one, two, message_event(), END)[1:3]
    assert [(result.tool_call_id, result.text) for result in results] == [("t1", "1"), ("t2", "2")]


@pytest.mark.parametrize("kind", ["message", "delta"])
def test_two_answers_of_one_run_stay_two(kind):
    steps = read(message_event("One.", kind=kind), message_event("Two.", kind=kind), END)
    assert [step.text for step in steps] == ["One.", "Two."]
    assert agent_result(steps).text == "Two."


@pytest.mark.parametrize("reason", ["", None, "absent"])
@pytest.mark.parametrize("usage", [{}, None, {"prompt_tokens": 0}])
def test_a_message_need_not_say_why_it_ended_if_the_server_says_it_was_all(reason, usage):
    event = message_event(reason=reason, usage=usage)
    run = agent_result(read(event, END))
    assert (run.text, run.finish_reason, run.usage) == ("Done.", None, None)
    with pytest.raises(StreamInterruptedError):
        read(event)


def test_usage_may_come_behind_a_whole_message():
    steps = read(message_event(usage={}), {"choices": [], "usage": USAGE}, END)
    assert agent_result(steps).usage == Usage(10, 2, 12)


def test_usage_of_tools_is_not_counted():
    run = agent_result(
        read(call_event(), {**result_event("42"), "usage": USAGE}, message_event(), END)
    )
    assert run.usage == Usage(20, 4, 24)


@pytest.mark.parametrize("end", [[END], []], ids=["[DONE]", "no [DONE]"])
@pytest.mark.parametrize("reason", ["stop", "length", "content_filter"])
def test_a_final_message_is_a_result(reason, end):
    assert agent_result(read(message_event(reason=reason), *end)).finish_reason == reason


def test_other_names_of_reasons_are_translated():
    assert read(message_event(reason="end_turn"), END)[0].finish_reason == "stop"


@pytest.mark.parametrize(
    ("events", "steps"),
    [
        ([], 0),
        ([call_event()], 1),
        ([call_event(), result_event("42")], 2),
        ([call_event(), result_event("4", kind="delta"), result_event("2", kind="delta")], 2),
        ([message_event(reason="tool_calls")], 1),
        ([message_event(reason="stop", calls=[CALL])], 1),
        ([message_event(reason="length", calls=[CALL])], 1),
        ([message_event("Do", reason="", kind="delta")], 0),
        ([message_event(), result_event("42")], 2),
    ],
    ids=[
        "nothing",
        "a call",
        "a result",
        "a result in pieces",
        "no call after all",
        "a call that stops",
        "a call that was cut",
        "half a message",
        "a result behind the answer",
    ],
)
@pytest.mark.parametrize("end", [[END], []], ids=["[DONE]", "no [DONE]"])
def test_a_run_without_a_final_message_is_interrupted(events, steps, end):
    with pytest.raises(StreamInterruptedError, match="without a final message") as caught:
        read(*events, *end)
    assert len(caught.value.steps) == steps


def test_an_interruption_names_the_tools_that_did_not_answer():
    with pytest.raises(StreamInterruptedError, match=r"ns/tool.*max_calls") as caught:
        read(call_event("Looking."))
    assert caught.value.partial == "Looking."


def test_half_a_message_is_in_partial():
    with pytest.raises(StreamInterruptedError) as caught:
        read(call_event("One."), result_event("42"), message_event("Tw", reason="", kind="delta"))
    assert caught.value.partial == "One.\n\nTw"


@pytest.mark.parametrize(
    "event",
    [{}, {"type": "ping"}, {"object": "heartbeat", "choices": []}, {"content": ""}, b""],
    ids=["empty", "ping", "object", "no content", "no data"],
)
def test_signs_of_life_are_passed_over(event):
    assert [step.text for step in read(event, message_event(), event, END)] == ["Done."]


def test_an_answer_may_come_whole():
    reply = Reply(200, {"content-type": "application/json"})
    assert agent_result(read(message_event(reason=""), reply=reply)).text == "Done."
    with pytest.raises(StreamInterruptedError):
        read(call_event(), reply=reply)


def test_reasoning_and_refusals_stay():
    (step,) = read(message_event("", reasoning={"thinking": "Hm."}, refusal="No."), END)
    assert (step.reasoning, step.refusal) == ("Hm.", "No.")


@pytest.mark.parametrize("content", [None, "absent"])
def test_a_call_needs_no_words(content):
    event = call_event(content)
    if content == "absent":
        del event["choices"][0]["message"]["content"]
    (step, _, _) = read(event, result_event("42"), message_event(), END)
    assert (step.text, len(step.tool_calls)) == ("", 1)


def test_several_choices_are_several_steps():
    event = call_event()
    event["choices"] += result_event("42")["choices"]
    steps = read(event, message_event(), END)
    assert [type(step) for step in steps] == [AgentMessage, AgentToolResult, AgentMessage]
    assert agent_result(steps).usage == Usage(20, 4, 24)


def test_several_choices_share_one_usage():
    event = message_event("One.")
    event["choices"] += message_event("Two.")["choices"]
    assert agent_result(read(event, END)).usage == Usage(10, 2, 12)


def test_a_result_without_a_name_is_named_after_its_call():
    assert (
        read(call_event(), result_event("42", name=None), message_event(), END)[1].name == "ns/tool"
    )


def test_output_that_quotes_another_tool_s_result_stays_as_it_is():
    quoted = "Tool 'other' returned result: 41"
    assert (
        read(call_event(), result_event(quoted, name=None), message_event(), END)[1].text == quoted
    )


def test_an_id_that_comes_twice_means_the_last_call():
    again = {"id": "t1", "type": "function", "function": {"name": "ns/two", "arguments": "{}"}}
    result = result_event("42", name=None)
    events = (
        call_event(),
        result,
        message_event(reason="tool_calls", calls=[again]),
        result,
        message_event(),
        END,
    )
    assert [step.name for step in read(*events)[1::2][:2]] == ["ns/tool", "ns/two"]


def test_thoughts_behind_a_finished_message_are_of_the_next():
    steps = read(
        message_event("One.", kind="delta"),
        message_event(None, reason="", usage={}, kind="delta", reasoning_content="Hm."),
        message_event("Two.", kind="delta"),
        END,
    )
    assert [(step.text, step.reasoning) for step in steps] == [("One.", None), ("Two.", "Hm.")]


def test_what_follows_the_end_is_not_read():
    assert len(read(message_event(), END, message_event("More."))) == 1


def test_a_run_ends_with_a_message():
    with pytest.raises(TypeError):
        agent_result(read(call_event(), result_event("42"), message_event(), END)[:2])
