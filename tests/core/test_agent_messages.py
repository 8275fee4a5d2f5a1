"""A run of an agent as messages, and the conversation that goes on from it."""

from __future__ import annotations

import pytest

from heroku_emulator import CallTools, Cut, Say, ToolResult
from heroku_inference import (
    AgentMessage,
    AgentToolResult,
    StreamInterruptedError,
    ToolCall,
    agent_messages,
    agent_tools,
)
from heroku_inference._chat.messages import wire_messages
from tests.core.conftest import HELLO

PATH = "/v1/agents/heroku"
TOOLS = [agent_tools.code_exec_python()]
MORE = {"role": "user", "content": "And yesterday?"}
CALL = ToolCall("t1", "ns/tool", '{"a":1}')
PREFIX = "Tool 'code_exec_python' returned result: "


def called(*calls: ToolCall, text: str = "Let me see.", **more: str) -> AgentMessage:
    return AgentMessage(text, tool_calls=list(calls or [CALL]), **more)


def returned(raw: str = "Tool 'ns/tool' returned result: 42", call_id: str | None = "t1"):
    return AgentToolResult(call_id, "ns/tool", "42", raw=raw)


def test_a_conversation_goes_on_from_a_run(emulator, calls):
    code = [("code_exec_python", {"code": "1"}), ("code_exec_python", {"code": "2"})]
    picture = {"type": "image", "data": "aGk=", "mimeType": "image/png"}
    emulator.script(
        CallTools(code, ids=["t1", "t2"], path=PATH),
        ToolResult("no", is_error=True),
        ToolResult(parts=[picture]),
        Say("42.", path=PATH),
        Say("41.", path=PATH),
    )
    run = calls.run_agent(HELLO, tools=TOOLS)
    conversation = [*HELLO, *run.messages, MORE]
    assert calls.run_agent(conversation, tools=TOOLS).text == "41."
    sent = emulator.journal[-1].body["messages"]
    assert sent == conversation
    asked, failed, drawn, answer = run.messages
    assert asked["content"]
    assert [call["id"] for call in asked["tool_calls"]] == ["t1", "t2"]
    assert [call["function"]["arguments"] for call in asked["tool_calls"]] == [
        '{"code":"1"}',
        '{"code":"2"}',
    ]
    assert [failed["content"], drawn["content"]] == [step.raw for step in run.tool_results]
    assert failed["content"].startswith(PREFIX)
    assert '"isError":true' in failed["content"]
    assert picture["data"] in drawn["content"]
    assert answer == {"role": "assistant", "content": "42."}


def test_a_conversation_goes_on_from_a_run_that_broke_off(emulator, calls):
    called = CallTools([("code_exec_python", {"code": "1"})], ids=["t1"], path=PATH)
    emulator.script(Cut(after=1, answer=called, path=PATH), Say("Ok.", path=PATH))
    with pytest.raises(StreamInterruptedError) as caught:
        calls.run_agent(HELLO, tools=TOOLS)
    done = agent_messages(caught.value.steps)
    assert [message["role"] for message in done] == ["assistant", "tool"]
    assert calls.run_agent([*HELLO, *done, MORE], tools=TOOLS).text == "Ok."


def test_every_call_has_its_result_before_the_model_goes_on():
    two = ToolCall("t2", "ns/two", "")
    messages = agent_messages([called(CALL, two), returned(), called(text="Again."), called()])
    assert [(message["role"], message.get("tool_call_id")) for message in messages] == [
        ("assistant", None),
        ("tool", "t1"),
        ("tool", "t2"),
        ("assistant", None),
        ("tool", "t1_2"),  # the API wants each id once
        ("assistant", None),
        ("tool", "t1_3"),
    ]
    assert messages[2]["content"] == "The result of this call is not known."


def test_a_result_without_an_id_answers_the_first_open_call():
    two = ToolCall("t2", "ns/two", "{}")
    messages = agent_messages([called(CALL, two), returned(call_id=None), returned(call_id=None)])
    assert [message["tool_call_id"] for message in messages[1:]] == ["t1", "t2"]


def test_messages_are_what_the_api_takes():
    steps = [
        AgentMessage("", tool_calls=[ToolCall("t1", "tool", "no JSON")], reasoning="Hm."),
        returned(raw="42"),
        AgentMessage("", refusal="I will not."),
        AgentMessage(" "),
    ]
    messages = agent_messages(steps)
    assert wire_messages(messages) == messages
    assert [message["content"] for message in messages] == [
        ".",
        '{"result": 42}',
        "I will not.",
        ".",
    ]
    assert messages[0]["tool_calls"] == [
        {
            "id": "t1",
            "type": "function",
            "function": {"name": "tool", "arguments": '{"value":"no JSON"}'},
        }
    ]
    assert "Hm." not in repr(messages)


def test_a_result_that_answers_nothing_is_told_in_words():
    with pytest.warns(UserWarning, match="results whose calls are gone"):
        first, _ = agent_messages([returned(call_id=None, raw="42"), AgentMessage("Done.")])
    assert first["role"] == "user"
    assert first["content"].endswith('\n{"result": 42}')


def test_a_run_without_steps_makes_no_message():
    assert agent_messages([]) == []
