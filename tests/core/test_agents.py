"""Runs of an agent, over the wire."""

from __future__ import annotations

import asyncio
import contextlib
import pickle
import traceback

import pytest

from heroku_emulator import CallTools, Cut, ErrorEvent, Fault, RawBody, RawStream, Say, ToolResult
from heroku_inference import (
    APITimeoutError,
    AsyncClient,
    Client,
    ConfigError,
    InvalidRequestError,
    InvalidResponseError,
    ServerError,
    StreamInterruptedError,
    agent_tools,
)
from heroku_inference._errors import short_traceback
from tests.core.conftest import HELLO
from tests.wire_cases import AGENT_SWITCHES

PATH = "/v1/agents/heroku"
TEXT = "Grüße 🌿: 42."
COMPLETION = {"choices": [{"message": {"content": "Whole."}, "finish_reason": "stop"}]}


def say(text=TEXT, **more):
    return Say(text, path=PATH, **more)


def call(name="code_exec_python", **more):
    return CallTools([(name, {"code": "print(42)"})], path=PATH, **more)


RUN = [call(text="Let me see."), ToolResult("42"), say()]
TOOLS = [agent_tools.code_exec_python()]


@pytest.mark.parametrize("switches", AGENT_SWITCHES.values(), ids=AGENT_SWITCHES)
def test_a_run_is_the_same_in_every_form_of_the_stream(emulator, calls, switches):
    emulator.switch(**switches)
    emulator.script(*RUN, *RUN)
    run = calls.run_agent(HELLO, tools=TOOLS)
    assert (run.text, run.finish_reason, run.model) == (TEXT, "stop", "claude-4-5-sonnet")
    asked, result, answer = run.steps
    assert (asked.text, asked.finish_reason) == ("Let me see.", "tool_calls")
    assert [(tool.name, tool.arguments) for tool in asked.tool_calls] == [
        ("code_exec_python", '{"code":"print(42)"}')
    ]
    assert (result.name, result.text, result.is_error) == ("code_exec_python", "42", False)
    assert result.tool_call_id == asked.tool_calls[0].id
    assert answer.text == run.text
    assert len({step.id for step in run.steps}) == 1
    assert run.usage.total_tokens == asked.usage.total_tokens + answer.usage.total_tokens
    streamed = calls.stream_agent(HELLO, tools=TOOLS)
    assert [type(step) for step in streamed] == [type(step) for step in run.steps]
    assert [step.text for step in streamed] == [step.text for step in run.steps]


def test_only_what_is_set_is_sent(emulator, calls):
    emulator.script(say())
    calls.run_agent(HELLO)
    entry = emulator.journal[-1]
    assert (entry.method, entry.path) == ("POST", PATH)
    assert entry.body == {"model": "claude-4-5-sonnet", "messages": HELLO}
    assert entry.headers["accept"] == "text/event-stream"


def test_all_options_are_sent_under_heroku_s_names(emulator, calls):
    emulator.script(say())
    options = {"max_tokens_per_inference_request": 100, "temperature": 0.5, "tools": TOOLS}
    calls.run_agent(HELLO, model="claude-4-sonnet", stop="END", extra_body={"top_p": 1}, **options)
    assert emulator.journal[-1].body == {
        **options,
        "model": "claude-4-sonnet",
        "messages": HELLO,
        "tools": [{"type": "heroku_tool", "name": "code_exec_python"}],
        "stop": ["END"],
        "top_p": 1,
    }


@pytest.mark.parametrize(
    ("option", "hint"),
    [
        ("max_tokens", "max_tokens_per_inference_request"),
        ("stream", "always streams"),
        ("on_retry", "never tried again"),
        ("tool_choice", "extra_body"),
    ],
)
def test_options_of_chat_are_refused_with_a_hint(emulator, calls, option, hint):
    with pytest.raises(TypeError, match=hint):
        calls.run_agent(HELLO, **{option: 1})
    assert len(emulator.journal) == 0


@pytest.mark.parametrize("option", [{"temperature": 1.5}, {"top_p": -1}, {"messages": []}])
def test_what_is_ruled_out_is_refused_before_anything_is_sent(emulator, calls, option):
    with pytest.raises(ConfigError):
        calls.run_agent(**{"messages": HELLO, **option})
    assert len(emulator.journal) == 0


def test_a_history_is_mended_as_for_chat(emulator, calls):
    emulator.script(say())
    function = {"name": "code_exec_python", "arguments": ""}
    messages = [
        *HELLO,
        {"role": "assistant", "content": None, "tool_calls": [{"id": "t1", "function": function}]},
        {"role": "tool", "tool_call_id": "t1", "content": "", "name": "code_exec_python"},
    ]
    before = repr(messages)
    calls.run_agent(messages, tools=TOOLS)
    assert repr(messages) == before
    _, assistant, tool = emulator.journal[-1].body["messages"]
    assert assistant["content"]
    assert tool["content"]
    assert assistant["tool_calls"][0]["function"]["arguments"] == "{}"


def test_parallel_calls_and_failed_tools_do_not_mix(emulator, calls):
    twice = [("code_exec_python", {"code": "1"}), ("code_exec_python", {"code": "2"})]
    picture = {"type": "image", "data": "aGk=", "mimeType": "image/png"}
    emulator.script(
        CallTools(twice, ids=["t1", "t2"], path=PATH),
        ToolResult("no", is_error=True),
        ToolResult(parts=[{"type": "text", "text": "see"}, picture]),
        say(),
    )
    failed, drawn = calls.run_agent(HELLO, tools=TOOLS).tool_results
    assert (failed.tool_call_id, failed.text, failed.is_error) == ("t1", "no", True)
    assert (drawn.tool_call_id, drawn.text, drawn.content[1]) == ("t2", "see", picture)


def test_a_message_cut_by_its_limit_is_a_result(emulator, calls):
    emulator.script(say(finish_reason="length"))
    assert calls.run_agent(HELLO).finish_reason == "length"


def test_a_run_may_come_as_one_plain_answer(emulator, calls):
    emulator.script(RawBody(COMPLETION, path=PATH))
    assert calls.run_agent(HELLO).text == "Whole."


def test_a_result_knows_its_request(emulator, calls):
    emulator.script(say())
    run = calls.run_agent(HELLO)
    assert run.reply.request_id
    assert run.steps[0].reply is run.reply
    assert pickle.loads(pickle.dumps(run)) == run


@pytest.mark.parametrize("politely", [False, True])
@pytest.mark.parametrize("messages", ["message", "chunks"])
def test_a_run_that_breaks_off_tells_what_was_done(emulator, calls, politely, messages):
    emulator.switch(agent_messages=messages)
    frames = {"message": 1, "chunks": 3}[messages]
    emulator.script(*RUN[:2], Cut(after=frames - 1, answer=say(), politely=politely, path=PATH))
    with pytest.raises(StreamInterruptedError) as caught:
        calls.run_agent(HELLO, tools=TOOLS)
    assert [step.text for step in caught.value.steps] == ["Let me see.", "42"]
    assert caught.value.partial.startswith("Let me see.")
    assert ("Grüße" in caught.value.partial) is (messages == "chunks")
    assert len(emulator.journal) == 1


@pytest.mark.parametrize("form", ["object", "string", "flat", "text"])
def test_an_error_in_mid_run_tells_what_was_done(emulator, calls, form):
    emulator.script(*RUN[:2], ErrorEvent(after=0, form=form, status=503, message="gone", path=PATH))
    with pytest.raises(ServerError, match="gone") as caught:
        calls.run_agent(HELLO, tools=TOOLS)
    assert [step.text for step in caught.value.steps] == ["Let me see.", "42"]
    assert len(emulator.journal) == 1


def test_words_in_an_unknown_shape_are_not_lost(emulator, calls):
    emulator.script(RawStream('data: {"object":"tool.error","content":"it broke"}\n\n', path=PATH))
    with pytest.raises(InvalidResponseError):
        calls.run_agent(HELLO)


def test_silence_in_mid_run_times_out_with_what_was_done(emulator, make_calls):
    emulator.switch(gap_after=2, gap_seconds=5)
    emulator.script(*RUN)
    with pytest.raises(APITimeoutError, match=r"within 0\.3 seconds") as caught:
        make_calls(timeout=0.3).run_agent(HELLO, tools=TOOLS)
    assert [step.text for step in caught.value.steps] == ["Let me see.", "42"]
    assert len(emulator.journal) == 1


@pytest.mark.parametrize(("given", "seconds"), [(None, 600), (45, 45)])
def test_an_agents_timeout_is_long_by_default(emulator, given, seconds):
    options = {"api_key": emulator.api_key, "base_url": emulator.url, "timeout": given}
    for client in (Client(**options), AsyncClient(**options)):
        call = client._agent_call(HELLO, "nova-lite", {})
        assert client._transport("chat")._stream_seconds(call) == seconds


def test_steps_come_as_they_are_done(emulator, make_calls):
    emulator.switch(gap_after=1, gap_seconds=30)
    emulator.script(*RUN, *RUN)
    client = make_calls().client
    if isinstance(client, Client):
        with contextlib.closing(client.stream_agent(HELLO, tools=TOOLS)) as steps:
            assert next(steps).text == "Let me see."
        return

    async def first() -> str:
        async with contextlib.aclosing(client.stream_agent(HELLO, tools=TOOLS)) as steps:
            return (await anext(steps)).text

    assert asyncio.run(first()) == "Let me see."


def test_the_key_shows_in_no_error_though_tools_print_it(emulator, make_calls):
    key = emulator.api_key
    emulator.script(
        CallTools([("code_exec_python", {"code": key})], text=f"The key is {key}.", path=PATH),
        ToolResult(parts=[{"type": "text", "text": f"INFERENCE_KEY={key}"}]),
        ErrorEvent(after=0, message=f"bad {key}", path=PATH),
    )
    with pytest.raises(ServerError) as caught:
        make_calls().run_agent(HELLO, tools=TOOLS)
    error = caught.value
    assert error.steps[0].tool_calls[0].arguments == '{"code":"***"}'
    assert error.steps[1].text == "INFERENCE_KEY=***"
    assert error.steps[1].content[0]["text"] == "INFERENCE_KEY=***"
    shown = [str(error), repr(error), repr(error.steps), error.partial, repr(error.body)]
    assert [text for text in shown if key in text] == []


def test_the_key_shows_in_no_traceback(emulator, make_calls, monkeypatch):
    # Our frames are dropped from tracebacks; here they are kept, for their variables.
    monkeypatch.setattr(short_traceback, "__exit__", lambda *_: None)
    key = "inf-made-up-key-that-must-not-show"
    emulator.script(Fault(400, message=f"Invalid key {key}"))
    with pytest.raises(InvalidRequestError) as caught:
        make_calls(api_key=key).run_agent(HELLO)
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    ours = [frame for frame in shown.stack if "heroku_inference" in frame.filename]
    assert ours
    assert [frame for frame in ours if key in repr(frame.locals)] == []
