"""Scenarios that LlamaIndex tests its agents by: with its mock LLM, and over the wire with ours.

Each gives what its agents did; with `Heroku` in place of the mock they must do the same.
"""

import pytest
from llama_index.core.agent.workflow import AgentWorkflow, FunctionAgent
from llama_index.core.base.llms.types import TextBlock, ToolCallBlock
from llama_index.core.llms import ChatMessage
from llama_index.core.memory import ChatMemoryBuffer
from llama_index.core.tools import FunctionTool
from llama_index.core.workflow import Context, JsonPickleSerializer, WorkflowRuntimeError
from pydantic import BaseModel

from tests.llama_index.over_the_wire import (
    add,
    calls,
    in_turn,
    makers,
    nothing,
    run,
    says,
    streamed,
)

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning"  # LlamaIndex's workflows use what is deprecated
)

STORED = JsonPickleSerializer()  # pydantic cannot write a memory as JSON


@makers
@streamed
async def test_a_tool_is_called_and_its_result_used(make, streaming):
    with make(in_turn(calls(("add", {"a": 1, "b": 2})), says("Three."))) as llm:
        agent = FunctionAgent(tools=[add], llm=llm, streaming=streaming)
        output, results, _ = await run(agent)
    assert str(output) == "Three."
    assert results == [("add", {"a": 1, "b": 2}, "3")]


@makers
@streamed
async def test_parallel_calls_are_all_answered(make, streaming):
    called = calls(("add", {"a": 1, "b": 2}), ("nothing", {}), ("add", {"a": 3, "b": 4}))
    with make(in_turn(called, says("Three and seven."))) as llm:
        agent = FunctionAgent(tools=[add, nothing], llm=llm, streaming=streaming)
        output, results, _ = await run(agent)
    assert str(output) == "Three and seven."
    assert sorted(content for _, _, content in results) == ["", "3", "7"]


@makers
@streamed
async def test_calls_as_blocks_and_empty_output_are_taken(make, streaming):
    block = ToolCallBlock(tool_call_id="call_0", tool_name="nothing", tool_kwargs={})
    called = ChatMessage(role="assistant", blocks=[TextBlock(text="I look."), block])
    with make(in_turn(called, says("Nothing there."))) as llm:
        agent = FunctionAgent(tools=[nothing], llm=llm, streaming=streaming)
        output, results, _ = await run(agent)
    assert str(output) == "Nothing there."
    assert results == [("nothing", {}, "")]


@makers
async def test_an_agent_without_tools_answers(make):
    with make(in_turn(says("Hello."))) as llm:
        output, results, words = await run(FunctionAgent(llm=llm, system_prompt="Be brief."))
    assert (str(output), results, words) == ("Hello.", [], "Hello.")


@makers
async def test_the_model_learns_of_failing_and_unknown_tools(make):
    def broken() -> str:
        """Fails."""
        raise ValueError("no such city")

    def generator(messages, **_):
        told = [message.content for message in messages if message.role == "tool"]
        if not told:
            return calls(("broken", {}), ("unknown", {}))
        return says("; ".join(sorted(told)))  # tools run at once, in any order

    with make(generator) as llm:
        output, _, _ = await run(FunctionAgent(tools=[broken], llm=llm))
    unknown = "Tool unknown not found. Please select a tool that is available."
    assert str(output) == f"{unknown}; no such city"


@makers
async def test_a_direct_result_ends_the_run_and_the_next_goes_on(make):
    tool = FunctionTool.from_defaults(add, return_direct=True)
    with make(in_turn(calls(("add", {"a": 1, "b": 2})), says("Yes, three."))) as llm:
        agent = FunctionAgent(tools=[tool], llm=llm)
        memory = ChatMemoryBuffer.from_defaults(token_limit=100_000)
        first, _, _ = await run(agent, memory=memory)
        second, _, _ = await run(agent, "Sure?", memory=memory)
    assert (str(first), str(second)) == ("3", "Yes, three.")


@makers
@streamed
async def test_agents_hand_off_to_each_other(make, streaming):
    handoff = calls(("handoff", {"to_agent": "adder", "reason": "It adds."}))
    with (
        make(in_turn(handoff)) as router,
        make(in_turn(calls(("add", {"a": 1, "b": 2})), says("Three."))) as adder,
    ):
        workflow = AgentWorkflow(
            agents=[
                FunctionAgent(
                    name="router",
                    description="Routes.",
                    llm=router,
                    tools=[],
                    can_handoff_to=["adder"],
                    streaming=streaming,
                ),
                FunctionAgent(
                    name="adder", description="Adds.", llm=adder, tools=[add], streaming=streaming
                ),
            ],
            root_agent="router",
        )
        output, results, _ = await run(workflow)
    assert str(output) == "Three."
    assert output.current_agent_name == "adder"
    assert [name for name, _, _ in results] == ["handoff", "add"]


@makers
async def test_the_model_sees_the_state_and_tools_change_it(make):
    async def count(ctx: Context) -> str:
        """Count."""
        async with ctx.store.edit_state() as state:
            state["state"]["counter"] += 1
        return "counted"

    seen = []

    def generator(messages, **_):
        seen.extend(m.content for m in messages if m.role == "user" and "counter" in m.content)
        return says("Done.") if messages[-1].role == "tool" else calls(("count", {}))

    with make(generator) as llm:
        workflow = AgentWorkflow(
            agents=[FunctionAgent(llm=llm, tools=[count])], initial_state={"counter": 0}
        )
        context = Context(workflow)
        output, _, _ = await run(workflow, "Count.", ctx=context)
    assert str(output) == "Done."
    assert "{'counter': 0}" in seen[0]
    assert (await context.store.get("state"))["counter"] == 1


@makers
@streamed
async def test_an_early_stop_has_the_model_sum_up(make, streaming):
    def generator(messages, tools=None, **_):
        return calls(("add", {"a": 1, "b": 2})) if tools else says("As far as I got: three.")

    with make(generator) as llm:
        agent = FunctionAgent(
            tools=[add], llm=llm, streaming=streaming, early_stopping_method="generate"
        )
        output, _, _ = await run(agent, max_iterations=3)
    assert str(output) == "As far as I got: three."


@makers
async def test_without_it_too_many_turns_are_an_error(make):
    endless = make(lambda messages, **_: calls(("add", {"a": 1, "b": 2})))
    with endless as llm, pytest.raises(WorkflowRuntimeError, match="Max iterations"):
        await run(FunctionAgent(tools=[add], llm=llm), max_iterations=2)


class Sum(BaseModel):
    """A sum."""

    total: int


@makers
async def test_an_agent_s_answer_has_a_form(make):
    def generator(messages, tools=None, **_):
        if "provided schema" in (messages[-1].content or ""):
            return calls(("Sum", {"total": 3}))
        return says("Three.") if messages[-1].role == "tool" else calls(("add", {"a": 1, "b": 2}))

    with make(generator) as llm:
        output, _, _ = await run(FunctionAgent(tools=[add], llm=llm, output_cls=Sum))
    assert output.structured_response == {"total": 3}
    assert output.get_pydantic_model(Sum) == Sum(total=3)


@makers
async def test_memory_holds_the_whole_conversation(make):
    memory = ChatMemoryBuffer.from_defaults(token_limit=100_000)
    with make(in_turn(calls(("add", {"a": 1, "b": 2})), says("Three."))) as llm:
        await run(FunctionAgent(tools=[add], llm=llm), memory=memory)
    roles = [message.role.value for message in memory.get_all()]
    assert roles == ["user", "assistant", "tool", "assistant"]
