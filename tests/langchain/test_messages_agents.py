"""Agents that think between the calls of their tools, by `ChatHerokuMessages`.

Thinking is only taken back whole and signed; what comes without is said, by a warning.
"""

from __future__ import annotations

import asyncio
import warnings

import pytest
from langchain.agents import create_agent
from langchain.agents.structured_output import ToolStrategy
from langchain_anthropic.middleware import AnthropicPromptCachingMiddleware
from langchain_core.messages import AIMessage, HumanMessage
from langgraph.checkpoint.memory import InMemorySaver
from pydantic import BaseModel

from heroku_emulator import CallTools, Say

MODEL = "claude-4-5-sonnet"
MESSAGES = "/v1/messages"
QUESTION = {"messages": [HumanMessage("Where is it warmer, Lyon or Oslo?")]}
REASONS = ["Lyon first.", "Now Oslo.", "Lyon it is."]


def weather(city: str) -> str:
    """The weather in a city."""
    return {"Lyon": "21 degrees", "Oslo": "9 degrees"}[city]


def script(emulator):
    emulator.script(
        CallTools([("weather", {"city": "Lyon"})], reasoning=REASONS[0], path=MESSAGES),
        CallTools(
            [("weather", {"city": "Oslo"})], text="And Oslo?", reasoning=REASONS[1], path=MESSAGES
        ),
        Say("In Lyon.", reasoning=REASONS[2], path=MESSAGES),
    )


def invoke(agent, asked):
    return agent.invoke(asked)["messages"]


def stream(agent, asked):
    last = None
    for mode, part in agent.stream(asked, stream_mode=["messages", "values"]):
        last = part if mode == "values" else last
    return last["messages"]


def ainvoke(agent, asked):
    return asyncio.run(agent.ainvoke(asked))["messages"]


def astream(agent, asked):
    async def collect():
        last = None
        async for mode, part in agent.astream(asked, stream_mode=["messages", "values"]):
            last = part if mode == "values" else last
        return last["messages"]

    return asyncio.run(collect())


WAYS = [invoke, stream, ainvoke, astream]
THINKING = {
    "True": {"extended_thinking": True},
    "a budget": {"extended_thinking": 2000},
    "a mapping": {"extended_thinking": {"enabled": True, "budget_tokens": 2000}},
    "upstream's": {"thinking": {"type": "enabled", "budget_tokens": 2000}},
}


@pytest.mark.parametrize("run", WAYS)
@pytest.mark.parametrize("thinking", THINKING)
@pytest.mark.parametrize("output_version", ["v0", "v1"])
def test_two_rounds_of_tools_with_thinking_returned_intact(
    emulator, make_model, run, thinking, output_version
):
    script(emulator)
    llm = make_model(output_version=output_version, **THINKING[thinking])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        said = run(create_agent(llm, [weather]), QUESTION)
    assert [entry.status for entry in emulator.journal] == [200, 200, 200]
    assert said[-1].text == "In Lyon."
    answers = [message for message in said if isinstance(message, AIMessage)]
    assert [reasoning_of(answer) for answer in answers] == REASONS
    last = emulator.journal[-1].body["messages"]
    turns = [turn["content"] for turn in last if turn["role"] == "assistant"]
    assert [content[0]["thinking"] for content in turns] == REASONS[:2]
    assert all(content[0]["signature"] for content in turns)
    assert [block["type"] for block in turns[1]] == ["thinking", "text", "tool_use"]
    assert all(entry.body["thinking"]["type"] == "enabled" for entry in emulator.journal)


def reasoning_of(message):
    return "".join(
        block.get("reasoning", "")
        for block in message.content_blocks
        if block["type"] == "reasoning"
    )


@pytest.mark.parametrize("run", WAYS)
def test_redacted_thinking_is_returned_too(emulator, make_model, run):
    emulator.switch(messages_thinking="redacted")
    script(emulator)
    said = run(create_agent(make_model(extended_thinking=True), [weather]), QUESTION)
    assert said[-1].text == "In Lyon."
    last = emulator.journal[-1].body["messages"]
    assert [turn["content"][0]["type"] for turn in last[1::2]] == ["redacted_thinking"] * 2


def test_an_agent_goes_on_from_a_checkpoint(emulator, make_model):
    script(emulator)
    agent = create_agent(
        make_model(extended_thinking=True),
        [weather],
        checkpointer=InMemorySaver(),
        interrupt_before=["tools"],
    )
    config = {"configurable": {"thread_id": "1"}}
    agent.invoke(QUESTION, config)
    agent.invoke(None, config)
    said = agent.invoke(None, config)["messages"]
    assert said[-1].text == "In Lyon."


class Answer(BaseModel):
    """Where it is warmer."""

    city: str


def test_a_thinking_agent_is_instructed_to_structure_its_answer(emulator, make_model):
    emulator.script(
        CallTools([("weather", {"city": "Lyon"})], reasoning="Lyon.", path=MESSAGES),
        CallTools([("Answer", {"city": "Lyon"})], reasoning="Done.", path=MESSAGES),
    )
    agent = create_agent(
        make_model(extended_thinking=True), [weather], response_format=ToolStrategy(Answer)
    )
    with pytest.warns(UserWarning, match="tool_choice became 'auto'"):
        assert agent.invoke(QUESTION)["structured_response"] == Answer(city="Lyon")
    body = emulator.journal[-1].body
    assert body["tool_choice"]["type"] == "auto"
    assert "Answer only by calling one of the tools" in body["system"]
    assert body["thinking"]["type"] == "enabled"


def test_structured_output_with_thinking(emulator, make_model):
    emulator.script(CallTools([("Answer", {"city": "Lyon"})], reasoning="Hm.", path=MESSAGES))
    llm = make_model(extended_thinking=True).with_structured_output(Answer, include_raw=True)
    answer = llm.invoke("Where is it warmer?")
    assert answer["parsed"] == Answer(city="Lyon")
    assert reasoning_of(answer["raw"]) == "Hm."


@pytest.mark.parametrize("method", ["function_calling", "json_schema"])
def test_structured_output_forces_the_call_where_nobody_thinks(emulator, make_model, method):
    emulator.script(CallTools([("Answer", {"city": "Lyon"})], path=MESSAGES))
    answer = make_model().with_structured_output(Answer, method=method).invoke("Where?")
    assert answer == Answer(city="Lyon")
    assert emulator.journal[-1].body["tool_choice"] == {"type": "tool", "name": "Answer"}


def test_the_stream_sums_up_to_the_plain_answer(emulator, make_model):
    llm = make_model(extended_thinking=True).bind_tools([weather])
    for _ in range(2):
        emulator.script(
            CallTools(
                [("weather", {"city": "Oslo"})],
                text="And Oslo?",
                reasoning="Now Oslo.",
                ids=["toolu_1"],
                path=MESSAGES,
            )
        )
    plain = llm.invoke("Oslo?")
    whole = None
    for chunk in llm.stream("Oslo?"):
        whole = chunk if whole is None else whole + chunk
    assert whole.text == plain.text
    assert whole.tool_calls == plain.tool_calls
    assert reasoning_of(whole) == reasoning_of(plain) == "Now Oslo."
    assert whole.usage_metadata == plain.usage_metadata
    assert whole.response_metadata["stop_reason"] == plain.response_metadata["stop_reason"]


def test_the_middleware_for_prompt_caching_marks_blocks(emulator, make_model):
    script(emulator)
    caching = AnthropicPromptCachingMiddleware()
    agent = create_agent(
        make_model(extended_thinking=True),
        [weather],
        system_prompt="Be brief.",
        middleware=[caching],
    )
    assert agent.invoke(QUESTION)["messages"][-1].text == "In Lyon."
    assert [entry.status for entry in emulator.journal] == [200, 200, 200]
    for entry in emulator.journal:
        assert "cache_control" not in entry.body
        assert entry.body["messages"][-1]["content"][-1]["cache_control"]["type"] == "ephemeral"
