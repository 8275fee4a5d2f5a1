"""More scenarios that LlamaIndex tests its agents by: ReAct, and thinking beside the words."""

import pytest
from llama_index.core.agent.workflow import AgentStream, FunctionAgent, ReActAgent
from llama_index.core.base.llms.types import TextBlock, ThinkingBlock
from llama_index.core.llms import ChatMessage

from tests.llama_index.over_the_wire import add, heroku, in_turn, makers, run, says

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning"  # LlamaIndex's workflows use what is deprecated
)


@makers
async def test_react_agents_think_act_and_answer(make):
    answers = (
        says('Thought: I add.\nAction: add\nAction Input: {"a": 1, "b": 2}'),
        says("Thought: I can answer without using any more tools.\nAnswer: Three."),
    )
    with make(in_turn(*answers)) as llm:
        output, results, _ = await run(ReActAgent(tools=[add], llm=llm))
    assert str(output) == "Three."
    assert results == [("add", {"a": 1, "b": 2}, "3")]


@makers
@pytest.mark.parametrize("first", ["", "Action: add\n{a: 1}"], ids=["empty", "malformed"])
async def test_react_agents_ask_again_for_what_they_cannot_read(make, first):
    answers = (
        says(first),
        says('Thought: I add.\nAction: add\nAction Input: {"a": 1, "b": 2}'),
        says("Thought: I can answer without using any more tools.\nAnswer: Three."),
    )
    with make(in_turn(*answers)) as llm:
        output, results, _ = await run(ReActAgent(tools=[add], llm=llm))
    assert str(output) == "Three."
    assert results == [("add", {"a": 1, "b": 2}, "3")]


async def test_thinking_is_streamed_beside_the_words():
    thinking = ChatMessage(
        role="assistant", blocks=[ThinkingBlock(content="One, two."), TextBlock(text="Three.")]
    )
    with heroku(in_turn(thinking), extended_thinking=1024, max_tokens=4000) as llm:
        handler = FunctionAgent(llm=llm).run(user_msg="What is 1 + 2?")
        events = [e async for e in handler.stream_events() if isinstance(e, AgentStream)]
        output = await handler
    assert "".join(event.thinking_delta or "" for event in events) == "One, two."
    assert "".join(event.delta for event in events) == "Three."
    assert output.response.blocks[0].content == "One, two."
