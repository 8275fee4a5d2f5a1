"""Agents that think between the calls of their tools, by `HerokuMessages`.

Thinking is only taken back whole and signed; what comes without is said, by a warning.
"""

from __future__ import annotations

import asyncio

import pytest
from llama_index.core.agent.workflow import AgentStream, FunctionAgent
from llama_index.core.base.llms.types import ChatMessage, TextBlock, ThinkingBlock
from llama_index.core.prompts import PromptTemplate
from llama_index.core.tools import FunctionTool
from llama_index.core.workflow import Context, JsonPickleSerializer
from pydantic import BaseModel

from heroku_emulator import CallTools, Say
from heroku_inference._chat.thinking import call_instruction

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning"  # LlamaIndex's workflows use what is deprecated
)

MODEL = "claude-4-5-sonnet"
MESSAGES = "/v1/messages"
STORED = JsonPickleSerializer()  # pydantic cannot write a memory as JSON
REASONS = ["Lyon first.", "Now Oslo.", "Lyon it is."]


def weather(city: str) -> str:
    """The weather in a city."""
    return {"Lyon": "21 degrees", "Oslo": "9 degrees"}[city]


TOOL = FunctionTool.from_defaults(weather)


def script(emulator):
    emulator.script(
        CallTools([("weather", {"city": "Lyon"})], reasoning=REASONS[0], path=MESSAGES),
        CallTools(
            [("weather", {"city": "Oslo"})], text="And Oslo?", reasoning=REASONS[1], path=MESSAGES
        ),
        Say("In Lyon.", reasoning=REASONS[2], path=MESSAGES),
    )


THINKING = {
    "True": {"extended_thinking": True},
    "a budget": {"extended_thinking": 2000},
    "a mapping": {"extended_thinking": {"enabled": True, "budget_tokens": 2000}},
    "upstream's": {"thinking_dict": {"type": "enabled", "budget_tokens": 2000}},
}


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize("thinking", THINKING)
async def test_two_rounds_of_tools_with_thinking_returned_intact(
    emulator, make_model, streaming, thinking
):
    script(emulator)
    agent = FunctionAgent(
        tools=[weather], llm=make_model(**THINKING[thinking]), streaming=streaming
    )
    run = agent.run("Where is it warmer, Lyon or Oslo?")
    thoughts = [
        event.thinking_delta or ""
        async for event in run.stream_events()
        if isinstance(event, AgentStream)
    ]
    answer = await run
    assert str(answer) == "In Lyon."
    check_the_wire(emulator)
    if streaming:
        assert "".join(thoughts) == "".join(REASONS)


def check_the_wire(emulator):
    assert [entry.status for entry in emulator.journal] == [200, 200, 200]
    last = emulator.journal[-1].body["messages"]
    turns = [turn["content"] for turn in last if turn["role"] == "assistant"]
    assert [content[0]["thinking"] for content in turns] == REASONS[:2]
    assert all(content[0]["signature"] for content in turns)
    assert [block["type"] for block in turns[1]] == ["thinking", "text", "tool_use"]
    assert all(entry.body["thinking"]["type"] == "enabled" for entry in emulator.journal)


@pytest.mark.parametrize("streamed", [False, True])
def test_two_rounds_by_blocking_calls(emulator, make_model, streamed):
    script(emulator)
    llm = make_model(extended_thinking=True)
    history = [ChatMessage("Where is it warmer?")]
    while True:
        if streamed:
            *_, answer = llm.stream_chat_with_tools([TOOL], chat_history=history)
        else:
            answer = llm.chat_with_tools([TOOL], chat_history=history)
        history.append(answer.message)
        calls = llm.get_tool_calls_from_response(answer, error_on_no_tool_call=False)
        if not calls:
            break
        told = {"tool_call_id": calls[0].tool_id}
        result = weather(**calls[0].tool_kwargs)
        history.append(ChatMessage(result, role="tool", additional_kwargs=told))
    assert answer.message.content == "In Lyon."
    check_the_wire(emulator)
    shown = [block.content for block in answer.message.blocks if isinstance(block, ThinkingBlock)]
    assert shown == REASONS[2:]


@pytest.mark.parametrize("streaming", [False, True])
async def test_redacted_thinking_is_returned_too(emulator, make_model, streaming):
    emulator.switch(messages_thinking="redacted")
    script(emulator)
    llm = make_model(extended_thinking=True)
    agent = FunctionAgent(tools=[weather], llm=llm, streaming=streaming)
    assert str(await agent.run("Where is it warmer?")) == "In Lyon."
    last = emulator.journal[-1].body["messages"]
    assert [turn["content"][0]["type"] for turn in last[1::2]] == ["redacted_thinking"] * 2


async def test_an_agent_goes_on_from_a_stored_context(emulator, make_model):
    script(emulator)
    agent = FunctionAgent(tools=[weather], llm=make_model(extended_thinking=True))
    context = Context(agent)
    await agent.run("Where is it warmer?", ctx=context)
    stored = context.to_dict(serializer=STORED)
    emulator.script(Say("By 12 degrees.", reasoning="21 - 9", path=MESSAGES))
    again = Context.from_dict(agent, stored, serializer=STORED)
    assert str(await agent.run("By how much?", ctx=again)) == "By 12 degrees."
    sent = emulator.journal[-1].body["messages"]
    assert sent[1]["content"][0]["type"] == "thinking"


class Answer(BaseModel):
    """Where it is warmer."""

    city: str


ASKED = PromptTemplate("Where is it warmer?")


@pytest.mark.parametrize("thinking", [None, True], ids=["plain", "thinking"])
@pytest.mark.parametrize("way", ["predict", "stream", "apredict", "astream"])
def test_structured_answers(emulator, make_model, thinking, way):
    emulator.script(CallTools([("Answer", {"city": "Lyon"})], reasoning="Hm.", path=MESSAGES))
    llm = make_model(extended_thinking=thinking)

    async def astream():
        pieces = await llm.astream_structured_predict(Answer, ASKED)
        return [piece async for piece in pieces][-1]

    answer = {
        "predict": lambda: llm.structured_predict(Answer, ASKED),
        "stream": lambda: list(llm.stream_structured_predict(Answer, ASKED))[-1],
        "apredict": lambda: asyncio.run(llm.astructured_predict(Answer, ASKED)),
        "astream": lambda: asyncio.run(astream()),
    }[way]()
    assert answer == Answer(city="Lyon")
    body = emulator.journal[-1].body
    assert body["tool_choice"]["type"] == ("auto" if thinking else "any")
    assert body.get("system") == (call_instruction(["Answer"]) if thinking else None)


def test_the_stream_ends_with_the_plain_answer(emulator, make_model):
    llm = make_model(extended_thinking=True)
    step = CallTools(
        [("weather", {"city": "Oslo"})],
        text="And Oslo?",
        reasoning="Now Oslo.",
        ids=["toolu_1"],
        path=MESSAGES,
    )
    emulator.script(step, step)
    asked = [ChatMessage("Oslo?")]
    plain = llm.chat_with_tools([TOOL], chat_history=asked)
    grown = list(llm.stream_chat_with_tools([TOOL], chat_history=asked))
    last = grown[-1]
    assert last.message == plain.message
    assert "".join(response.delta for response in grown) == plain.message.content == "And Oslo?"
    thoughts = [response.additional_kwargs.get("thinking_delta", "") for response in grown]
    assert "".join(thoughts) == "Now Oslo."
    ignored = {"request_id"}
    assert {k: v for k, v in last.additional_kwargs.items() if k not in ignored} == {
        k: v for k, v in plain.additional_kwargs.items() if k not in ignored
    }


def test_responses_of_a_stream_do_not_change_afterwards(emulator, make_model):
    emulator.script(Say("one two three", path=MESSAGES))
    texts = [
        (response.message.content, response)
        for response in make_model().stream_chat([ChatMessage("Count.")])
    ]
    assert all(response.message.content == text for text, response in texts)
    assert isinstance(texts[-1][1].message.blocks[0], TextBlock)
