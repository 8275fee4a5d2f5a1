"""Tool calls of `ChatHerokuMessages` that are broken."""

from __future__ import annotations

import pytest

from heroku_emulator import CallTools
from langchain_heroku import ChatHerokuMessages
from tests.wire_cases import TOOLS

MESSAGES = "/v1/messages"


@pytest.fixture
def llm(config_vars):
    return ChatHerokuMessages(model="claude-4-5-sonnet")


def test_a_call_with_invalid_json_is_returned_as_an_invalid_call(emulator, llm):
    emulator.script(CallTools([("add", '{"a": 1, "b')], path=MESSAGES))
    answer = llm.bind_tools(TOOLS, tool_call_retries=0).invoke("Add.")
    assert answer.tool_calls == []
    assert [call["args"] for call in answer.invalid_tool_calls] == ['{"a": 1, "b']


def test_a_call_that_was_cut_is_not_run(emulator, llm):
    emulator.script(CallTools([("add", {"a": 1})], finish_reason="max_tokens", path=MESSAGES))
    with pytest.warns(UserWarning, match="max_tokens cut the model's answer"):
        answer = llm.bind_tools(TOOLS).invoke("Add.")
    assert (answer.tool_calls, len(answer.invalid_tool_calls)) == ([], 1)


def test_an_unknown_failure_of_the_sdk_is_not_hidden(llm):
    with pytest.raises(TypeError, match="no_such_argument"):
        llm.invoke("Hi", no_such_argument=1)
