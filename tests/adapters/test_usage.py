"""Both adapters ask streams for their tokens, and tell all that the server counts."""

from __future__ import annotations

import pytest
from langchain_core.messages import HumanMessage, SystemMessage

from heroku_emulator import CallTools, Fault, Say, ToolResult
from heroku_inference import InvalidRequestError
from langchain_heroku import ChatHeroku, ChatHerokuAgent
from llama_index_heroku import HerokuAgent
from tests.adapters.conftest import (
    AGENT_PATH,
    LangChainMessages,
    LlamaIndexMessages,
    messages_models,
)

ASKED = {"include_usage": True}


def test_a_stream_asks_for_its_usage(emulator, make, ask, ways):
    plain, streamed = (ask(make(), way) for way in ways)
    assert streamed.tokens == plain.tokens is not None
    first, second = (entry.body for entry in emulator.journal)
    assert second == {**first, "stream": True, "stream_options": ASKED}


@pytest.mark.parametrize("on_model", [True, False])
def test_a_stream_without_usage_asks_for_none(emulator, make, ask, ways, on_model):
    off = {"stream_usage": False}
    reply = ask(make(**off), ways[1]) if on_model else ask(make(), ways[1], **off)
    assert reply.tokens is None
    assert "stream_options" not in emulator.journal[-1].body


def test_the_word_of_a_call_wins(emulator, make, ask, ways):
    assert ask(make(stream_usage=False), ways[1], stream_usage=True).tokens is not None
    assert emulator.journal[-1].body["stream_options"] == ASKED


@pytest.mark.parametrize("as_option", [True, False])
def test_stream_options_of_the_caller_win(emulator, make, ask, ways, as_option):
    theirs = {"stream_options": {"include_usage": False}}
    reply = ask(make(), ways[1], **theirs) if as_option else ask(make(extra_body=theirs), ways[1])
    assert reply.tokens is None
    assert emulator.journal[-1].body["stream_options"] == theirs["stream_options"]


def test_a_server_that_refuses_stream_options_is_asked_once_and_named(
    emulator, adapter, make, ask, ways
):
    emulator.script(Fault(400, message="unrecognized request argument: stream_options"))
    with pytest.raises(adapter.error(InvalidRequestError), match="stream_usage=False"):
        ask(make(), ways[1])
    assert len(emulator.journal) == 1


def test_details_are_told_whole_and_streamed(emulator, adapter, make, ways):
    emulator.switch(usage_details=True)
    answer = Say("Hi.", reasoning="They greet.")
    emulator.script(answer, answer)
    talk = adapter.messages(("system", "Be brief."), ("user", "Hello there"))
    plain, streamed = (getattr(adapter, way)(make(), talk) for way in ways)
    assert plain.details.keys() == {"cached_tokens", "reasoning_tokens"}
    assert all(plain.details.values())
    assert streamed == plain


def test_details_are_not_made_up(emulator, make, ask, ways):
    assert [ask(make(), way).details for way in ways] == [{}, {}]


@messages_models
@pytest.mark.parametrize("form", ["output", "all"])
def test_the_cache_of_the_messages_api_is_told(emulator, adapter, make, ways, form):
    emulator.switch(usage_details=True, message_delta_usage=form)
    marked = {"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}
    answer = Say("Hi.", path=adapter.path)
    emulator.script(answer, answer)
    system = {"extra_body": {"system": [marked]}} if adapter is LlamaIndexMessages else {}
    talk = adapter.messages(("user", "Hello there"))
    if adapter is LangChainMessages:
        talk = [SystemMessage([marked]), *talk]
    plain, streamed = (getattr(adapter, way)(make(), talk, **system) for way in ways)
    assert plain.details["cached_tokens"] > 0
    assert plain.details["cache_creation_tokens"] == 0
    prompt, answered, total = plain.tokens
    assert prompt > plain.details["cached_tokens"]
    assert prompt + answered == total
    assert streamed == plain


def test_langchain_sums_the_details_of_several_answers(emulator, config_vars):
    emulator.switch(usage_details=True)
    llm = ChatHeroku(model="claude-4-5-sonnet", n=2)
    talk = [SystemMessage("Be brief."), HumanMessage("Hello there")]
    result = llm.generate([talk])
    each = [answer.message.usage_metadata for answer in result.generations[0]]
    cached = [usage["input_token_details"]["cache_read"] for usage in each]
    assert result.llm_output["token_usage"]["cached_tokens"] == sum(cached) > 0


@pytest.mark.filterwarnings("ignore::pydantic.PydanticDeprecationWarning")  # LlamaIndex's own
async def test_runs_of_agents_sum_their_details(emulator, config_vars):
    emulator.switch(usage_details=True)
    call = CallTools([("code_exec_python", {"code": "print(1)"})], path=AGENT_PATH)
    run = [call, ToolResult("1"), Say("One.", reasoning="Easy.", path=AGENT_PATH)]
    emulator.script(*run, *run)
    model = {"model": "claude-4-5-sonnet"}
    agent = ChatHerokuAgent(tools=["code_exec_python"], **model)
    usage = (await agent.ainvoke("Go.")).usage_metadata
    assert usage["output_token_details"]["reasoning"] > 0
    assert usage["input_token_details"]["cache_read"] > 0
    tool = {"type": "heroku_tool", "name": "code_exec_python"}
    run = await HerokuAgent(heroku_tools=[tool], **model).run("Go.")
    facts = run.response.additional_kwargs
    assert facts["reasoning_tokens"] == usage["output_token_details"]["reasoning"]
    assert facts["cached_tokens"] > 0
