"""POST /v1/agents/heroku: how a run proceeds, ends and fails."""

import json
import re

import httpx
import pytest

from heroku_emulator import (
    Answer,
    CallTools,
    Cut,
    Emulator,
    ErrorEvent,
    Fault,
    RawBody,
    RawStream,
    ToolResult,
)
from tests.emulator.agents_caller import (
    CODE,
    HELLO,
    PATH,
    SHOWN,
    call_tools,
    heroku_tool,
    messages_of,
    results_of,
    say,
    unwrap,
)


def test_without_a_script_the_engine_decides_and_the_loop_ends(call):
    messages = [{"role": "user", "content": "code_exec_python(print(1))"}]
    asked, result, answer = messages_of(call.agent_steps(tools=[CODE], messages=messages))
    assert asked["tool_calls"][0]["function"]["name"] == SHOWN
    assert "run_code=True" in unwrap(result["content"])["content"][0]["text"]
    assert answer["content"].startswith("code_exec_python says: ")


def test_the_engine_gets_the_text_of_a_result(emulator, call):
    emulator.script(call_tools("code_exec_python"), ToolResult("forty-two"))
    assert messages_of(call.agent_steps(tools=[CODE]))[-1]["content"] == (
        "code_exec_python says: forty-two"
    )


def test_stop_and_the_token_limit_apply_to_each_inference(call):
    messages = [{"role": "user", "content": "one two three four five six"}]
    (step,) = call.agent_steps(messages=messages, max_tokens_per_inference_request=3)
    assert step["choices"][0]["finish_reason"] == "length"
    assert step["usage"]["completion_tokens"] == 3
    (step,) = call.agent_steps(messages=messages, stop=["three"])
    assert step["choices"][0]["message"]["content"] == "You said: one two "


@pytest.mark.parametrize(("runtime", "most"), [({}, 3), ({"max_calls": 1}, 1), (None, 3)])
def test_a_tool_is_called_max_calls_times(emulator, call, runtime, most):
    emulator.script(call_tools("html_to_markdown", times=5), say("Done."))
    tool = {"type": "heroku_tool", "name": "html_to_markdown", "runtime_params": runtime}
    results = list(map(unwrap, results_of(call.agent_steps(tools=[tool]))))
    texts = [result["content"][0]["text"] for result in results]
    assert ["max_calls" in text for text in texts] == [False] * most + [True] * (5 - most)
    assert all(result["isError"] for result in results)


class Insistent:
    """An engine that calls every offered tool, or one unknown tool."""

    name = "insistent"

    def __init__(self, unknown=None):
        self.unknown = unknown
        self.offered = []

    def embed(self, texts, input_type):
        raise NotImplementedError

    def rerank(self, query, documents):
        raise NotImplementedError

    def count_tokens(self, text):
        return len(text)

    def chat(self, request):
        names = [tool["function"]["name"] for tool in request.get("tools", [])]
        self.offered.append(names)
        names = [self.unknown] if self.unknown else names
        return Answer("" if names else "Done.", [(name, {}) for name in names])


def run_with(engine, script=(), **fields):
    with Emulator(engine=engine) as emulator:
        emulator.script(*script)
        headers = {"authorization": f"Bearer {emulator.api_key}"}
        body = {"model": "claude-4-sonnet", "messages": [HELLO]} | fields
        return httpx.post(emulator.url + PATH, json=body, headers=headers, timeout=30)


def test_tools_that_are_used_up_are_no_longer_offered():
    engine = Insistent()
    answer = run_with(engine, tools=[CODE, heroku_tool(max_calls=1)])
    assert answer.text.endswith("event: done\ndata: [DONE]\n\n")
    both, one = ["code_exec_python", "html_to_markdown"], ["code_exec_python"]
    assert engine.offered == [both, one, one, []]


def test_an_endless_run_is_ended():
    answer = run_with(Insistent(unknown="nothing"), tools=[CODE])
    assert len(re.findall("there is no tool nothing", answer.text)) == 100
    assert "event: error" in answer.text
    assert "did not finish within 100 steps" in answer.text
    assert "[DONE]" not in answer.text


def test_tools_with_the_same_name_are_offered_with_their_namespaces():
    engine = Insistent()
    tools = [{"type": "mcp", "name": "a/add"}, {"type": "mcp", "name": "b/add"}]
    run_with(engine, tools=tools)
    assert engine.offered[0] == ["a/add", "b/add"]


@pytest.mark.parametrize("arguments", ["", "{", "[1]"])
def test_arguments_that_are_not_an_object_are_a_failed_call(emulator, call, arguments):
    emulator.script(CallTools([("code_exec_python", arguments)], path=PATH), say("Done."))
    (result,) = results_of(call.agent_steps(tools=[CODE]))
    assert unwrap(result)["isError"]


class Broken(Insistent):
    def chat(self, request):
        raise ZeroDivisionError("oh")


def test_an_engine_that_fails_is_an_error_event():
    answer = run_with(Broken())
    error = '{"code":500,"message":"ZeroDivisionError: oh","type":"server_error"}'
    assert (answer.status_code, answer.text) == (
        200,
        f'event: error\ndata: {{"error":{error}}}\n\n',
    )


@pytest.mark.parametrize(
    "fault",
    [ErrorEvent(after=5, path=PATH), Cut(after=5, path=PATH), Cut(after=5, politely=True)],
    ids=["error", "cut", "early end"],
)
def test_a_run_whose_engine_fails_ends_once(fault):
    answer = run_with(Broken(), script=[fault])
    assert (answer.status_code, answer.text.count("event:")) == (200, 1)
    assert "ZeroDivisionError" in answer.text


def test_tool_results_wait_for_tool_calls_and_answers_for_the_model(emulator, call):
    emulator.script(ToolResult("1"), say("Hi."))
    assert messages_of(call.agent_steps())[0]["content"] == "You said: Hello"
    assert len(emulator.remaining_script) == 2
    assert call.chat().status_code == 200
    assert len(emulator.remaining_script) == 2


def test_a_fault_waits_for_the_next_request(emulator, call):
    emulator.script(call_tools("code_exec_python"), ToolResult("1"), Fault(503))
    assert len(call.agent_steps(tools=[CODE])) == 3
    assert call.agents().status_code == 503


@pytest.mark.parametrize("after", [0, 1, 2, 3])
def test_a_run_can_be_cut(emulator, call, after):
    emulator.script(
        Cut(after=after, path=PATH, answer=call_tools("code_exec_python")),
        ToolResult("1"),
        say("Done."),
    )
    received = []
    body = {"model": "claude-4-sonnet", "messages": [HELLO], "tools": [CODE]}
    with (
        call.http.stream("POST", PATH, json=body) as answer,
        pytest.raises(httpx.RemoteProtocolError, match="incomplete chunked read"),
    ):
        received.extend(line for line in answer.iter_lines() if line.startswith("data"))
    assert len(received) == after
    assert len(emulator.remaining_script) == {0: 2, 1: 2, 2: 1, 3: 0}[after]


def test_a_run_can_end_early_but_well_formed(emulator, call):
    emulator.script(
        call_tools("code_exec_python"), ToolResult("1"), Cut(after=0, politely=True, path=PATH)
    )
    events = call.agent_events(tools=[CODE])
    assert [json.loads(data)["object"] for _, data in events] == [
        "chat.completion",
        "tool.completion",
    ]


@pytest.mark.parametrize(
    ("form", "data"),
    [
        ("object", '{"error":{"code":503,"message":"gone","type":"server_error"}}'),
        ("string", r'{"error":"{\"code\":503,\"message\":\"gone\",\"type\":\"server_error\"}"}'),
        ("flat", '{"code":503,"message":"gone","type":"server_error"}'),
        ("text", "gone"),
    ],
)
def test_a_run_can_turn_into_an_error_event(emulator, call, form, data):
    emulator.script(
        call_tools("code_exec_python"),
        ToolResult("1"),
        ErrorEvent(after=0, form=form, status=503, message="gone", path=PATH),
    )
    events = call.agent_events(tools=[CODE])
    assert len(events) == 3
    assert events[-1] == ("error", data)


def test_raw_answers_and_streams_are_sent_unchanged(emulator, call):
    emulator.script(
        RawBody({"odd": 1}, path=PATH),
        RawStream("data: x\n\n", path=PATH),
        call_tools("code_exec_python"),
        ToolResult("1"),
        RawStream(["data: y", "\n\n"], path=PATH),
    )
    assert call.agents().json() == {"odd": 1}
    assert call.agents().text == "data: x\n\n"
    assert call.agents(tools=[CODE]).text.endswith("\n\ndata: y\n\n")


def test_a_run_can_take_longer_than_other_answers(emulator, call):
    emulator.switch(time_limit=0.05, latency=0.1)
    emulator.script(call_tools("code_exec_python"), ToolResult("1", delay=0.2), say("Done."))
    assert len(call.agent_steps(tools=[CODE])) == 3


def test_frames_arrive_as_they_come_and_a_client_that_leaves_ends_the_run(emulator, call):
    emulator.script(call_tools("code_exec_python"), ToolResult("1", delay=60), say("Never."))
    body = {"model": "claude-4-sonnet", "messages": [HELLO], "tools": [CODE]}
    with call.http.stream("POST", PATH, json=body) as answer:
        assert next(answer.iter_lines()) == "event: message"
    entry = emulator.journal[-1]
    assert entry.wait()
    assert entry.client_left
    assert entry.events == 1
    assert len(emulator.remaining_script) == 1
