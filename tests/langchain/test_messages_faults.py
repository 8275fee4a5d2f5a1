"""Failures of `ChatHerokuMessages` as LangChain's errors, and calls of tools that are no good."""

from __future__ import annotations

import pytest
from langchain_core import exceptions as langchain

from heroku_emulator import CallTools, Cut, Say
from langchain_heroku import ChatHerokuMessages
from tests.wire_cases import FAULTS, TOOLS

MESSAGES = "/v1/messages"
LANGCHAIN = {
    "400": langchain.ModelInvalidRequestError,
    "401": langchain.ModelAuthenticationError,
    "403": langchain.ModelPermissionDeniedError,
    "403 of the firewall": langchain.ModelPermissionDeniedError,
    "404": langchain.ModelNotFoundError,
    "429, seconds": langchain.ModelRateLimitError,
    "500": langchain.ModelAPIError,
}


@pytest.fixture
def llm(config_vars):
    return ChatHerokuMessages(model="claude-4-5-sonnet")


@pytest.mark.parametrize("ask", ["invoke", "stream"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_refusal_is_an_error_of_langchains_too(emulator, llm, fault, ask):
    emulator.switch(rate_limit_headers=False)
    emulator.script(*[FAULTS[fault][0]] * 9)
    with pytest.raises(LANGCHAIN.get(fault, langchain.ModelError)):
        list(getattr(llm, ask)("Hi"))


def test_a_cut_stream_is_a_failed_connection_of_langchains_too(emulator, llm):
    emulator.script(Cut(after=5, answer=Say("one two three four five"), path=MESSAGES))
    with pytest.raises(langchain.ModelConnectionError):
        list(llm.stream("Hi"))


def test_a_call_whose_arguments_are_no_json_is_invalid_and_kept(emulator, llm):
    emulator.script(CallTools([("add", '{"a": 1, "b')], path=MESSAGES))
    answer = llm.bind_tools(TOOLS).invoke("Add.")
    assert answer.tool_calls == []
    assert [call["args"] for call in answer.invalid_tool_calls] == ['{"a": 1, "b']


def test_a_call_that_was_cut_is_not_run(emulator, llm):
    emulator.script(CallTools([("add", {"a": 1})], finish_reason="max_tokens", path=MESSAGES))
    answer = llm.bind_tools(TOOLS).invoke("Add.")
    assert (answer.tool_calls, len(answer.invalid_tool_calls)) == ([], 1)


def test_an_unknown_failure_of_the_sdk_is_not_hidden(llm):
    with pytest.raises(TypeError, match="no_such_argument"):
        llm.invoke("Hi", no_such_argument=1)
