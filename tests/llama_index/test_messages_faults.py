"""Timeouts of one call of `HerokuMessages`, and broken tool calls."""

from __future__ import annotations

import asyncio

import pytest
from llama_index.core.base.llms.types import ChatMessage, ToolCallBlock

from heroku_emulator import CallTools, Fault
from heroku_inference import APITimeoutError, InvalidResponseError
from tests.wire_cases import TOOLS

MESSAGES = "/v1/messages"
HELLO = [ChatMessage("Hello there")]


def chat(llm, **options):
    return llm.chat(HELLO, **options)


def stream(llm, **options):
    return list(llm.stream_chat(HELLO, **options))[-1]


def achat(llm, **options):
    return asyncio.run(llm.achat(HELLO, **options))


def astream(llm, **options):
    async def collect():
        return [response async for response in await llm.astream_chat(HELLO, **options)]

    return asyncio.run(collect())[-1]


WAYS = [chat, stream, achat, astream]
STREAMS = [stream, astream]


@pytest.mark.parametrize("ask", WAYS)
def test_a_call_may_have_a_timeout_of_its_own(emulator, make_model, ask):
    emulator.script(Fault(delay=5, times=9))
    with pytest.raises(APITimeoutError, match=r"within 0\.2 seconds"):
        ask(make_model(max_retries=0), timeout=0.2)


@pytest.mark.parametrize("ask", WAYS)
def test_a_call_with_invalid_json_is_never_run(emulator, make_model, ask):
    emulator.script(CallTools([("add", '{"a": 1, "b')], path=MESSAGES, times=2))
    llm = make_model()
    answer = ask(llm, tools=TOOLS)
    with pytest.raises(InvalidResponseError, match="'add'"):
        llm.get_tool_calls_from_response(answer)


@pytest.mark.parametrize("ask", [chat, achat])
def test_a_call_that_was_cut_is_never_run(emulator, make_model, ask):
    emulator.script(CallTools([("add", {"a": 1})], finish_reason="max_tokens", path=MESSAGES))
    llm = make_model()
    answer = ask(llm, tools=TOOLS)
    with pytest.raises(InvalidResponseError, match="Raise max_tokens"):
        llm.get_tool_calls_from_response(answer)


@pytest.mark.parametrize("ask", STREAMS)
def test_a_call_that_was_cut_in_a_stream_is_never_run(emulator, make_model, ask):
    cut = CallTools([("add", '{"a": 1, "b": 2')], finish_reason="max_tokens", path=MESSAGES)
    emulator.script(cut)
    llm = make_model()
    answer = ask(llm, tools=TOOLS)
    [call] = [block for block in answer.message.blocks if isinstance(block, ToolCallBlock)]
    assert call.tool_kwargs == '{"a": 1, "b": 2'
    with pytest.raises(InvalidResponseError, match="Raise max_tokens"):
        llm.get_tool_calls_from_response(answer)
