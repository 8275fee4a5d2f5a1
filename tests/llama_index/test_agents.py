"""Agents on Heroku's models: what the wire sees of them, and what goes wrong there."""

from __future__ import annotations

import json

import pytest
from llama_index.core.agent.workflow import AgentWorkflow, CodeActAgent, FunctionAgent, ReActAgent
from llama_index.core.workflow import Context, JsonPickleSerializer
from pydantic import BaseModel

from heroku_emulator import CallTools, Fault, Say
from heroku_inference import InvalidResponseError, ServerError
from llama_index_heroku import Heroku

pytestmark = [
    pytest.mark.usefixtures("config_vars"),
    pytest.mark.filterwarnings(
        "ignore::DeprecationWarning"  # LlamaIndex's workflows use what is deprecated
    ),
]

STORED = JsonPickleSerializer()  # pydantic cannot write a memory as JSON

streamed = pytest.mark.parametrize("streaming", [True, False], ids=["streamed", "plain"])


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def nothing() -> str:
    """Return nothing."""
    return ""


def forty_two() -> int:
    """Return a number."""
    return 42


def bodies(emulator):
    return [entry.body for entry in emulator.journal]


@streamed
@pytest.mark.parametrize(
    "switches",
    [
        {},
        {"empty_content": "null"},
        {"tool_index": "drift"},
        {"tool_index": "absent", "repeat_empty_name": False},
        {"interleave_tool_calls": True, "delta_characters": 2},
        {"whole_message": True},
        {"tool_calls_first": True, "empty_content": "absent", "usage": "finish_chunk"},
    ],
    ids=str,
)
async def test_a_tool_loop_holds_under_every_shape_of_the_wire(emulator, streaming, switches):
    emulator.switch(**switches)
    called = CallTools([("add", {"a": 1, "b": 2}), ("nothing", ""), ("forty_two", {})])
    emulator.script(called, CallTools([("add", {"a": 3, "b": 4})]), Say("Done."))
    agent = FunctionAgent(tools=[add, nothing, forty_two], llm=Heroku(), streaming=streaming)
    output = await agent.run("Go.")
    assert str(output) == "Done."
    assert len(output.tool_calls) == 4
    last = bodies(emulator)[-1]["messages"]
    roles = ["user", "assistant", "tool", "tool", "tool", "assistant", "tool"]
    assert [message["role"] for message in last] == roles
    assert all(message["content"] for message in last)
    given = {message["tool_call_id"] for message in last if message["role"] == "tool"}
    made = {call["id"] for message in last for call in message.get("tool_calls", [])}
    assert given == made


@streamed
async def test_a_cut_call_stops_the_agent_and_runs_nothing(emulator, streaming):
    ran = []

    def delete(path: str = "/") -> str:
        """Delete a folder."""
        ran.append(path)
        return "gone"

    emulator.script(CallTools([("delete", '{"path": "/sr')], finish_reason="length"))
    agent = FunctionAgent(tools=[delete], llm=Heroku(), streaming=streaming)
    with pytest.raises(InvalidResponseError, match="Raise max_tokens"):
        await agent.run("Delete /srv/x.")
    assert ran == []


@streamed
async def test_errors_of_the_server_reach_the_caller(emulator, streaming):
    emulator.script(Fault(503, headers={"retry-after": "0"}, times=3))
    with pytest.raises(ServerError):
        await FunctionAgent(llm=Heroku(), streaming=streaming).run("Hello")
    assert len(emulator.journal) == 3


async def test_the_first_tool_can_be_chosen(emulator):
    emulator.script(CallTools([("add", {"a": 1, "b": 2})]), Say("Three."))
    await FunctionAgent(tools=[add], llm=Heroku(), initial_tool_choice="add").run("1 + 2?")
    first, second = bodies(emulator)
    assert first["tool_choice"] == {"type": "function", "function": {"name": "add"}}
    assert second["tool_choice"] == "auto"


class Sum(BaseModel):
    """A sum."""

    total: int


async def test_an_agent_s_answer_has_a_form_with_thinking_too(emulator):
    emulator.script(Say("Three.", reasoning="Hm."), CallTools([("Sum", {"total": 3})]))
    llm = Heroku(extended_thinking=1024, max_tokens=4000)
    output = await FunctionAgent(llm=llm, output_cls=Sum).run("1 + 2?")
    assert output.get_pydantic_model(Sum) == Sum(total=3)


async def test_a_stored_context_is_sent_as_it_was(emulator):
    emulator.script(
        CallTools([("add", {"a": 1, "b": 2})], text="I add.", reasoning="Hm.", ids=["tooluse_1"]),
        Say("Three."),
        Say("Yes."),
    )
    agent = FunctionAgent(tools=[add], llm=Heroku())
    context = Context(agent)
    await agent.run("1 + 2?", ctx=context)
    stored = json.loads(json.dumps(context.to_dict(STORED)))
    assert str(await agent.run("Sure?", ctx=Context.from_dict(agent, stored, STORED))) == "Yes."
    before, after = bodies(emulator)[1:]
    assert after["messages"][: len(before["messages"])] == before["messages"]


async def test_a_workflow_picks_function_agents_for_it(emulator):
    emulator.script(CallTools([("add", {"a": 1, "b": 2})]), Say("Three."))
    workflow = AgentWorkflow.from_tools_or_functions([add], llm=Heroku())
    assert isinstance(next(iter(workflow.agents.values())), FunctionAgent)
    assert str(await workflow.run("1 + 2?")) == "Three."


async def test_react_agents_work_for_models_that_call_no_tools(emulator):
    emulator.script(
        Say('Thought: I add.\nAction: add\nAction Input: {"a": 1, "b": 2}'),
        Say("Thought: I can answer without using any more tools.\nAnswer: Three."),
    )
    agent = ReActAgent(tools=[add], llm=Heroku(is_function_calling_model=False))
    assert str(await agent.run("1 + 2?")) == "Three."
    assert not any("tools" in body for body in bodies(emulator))


@streamed
async def test_code_act_agents_run_code_and_answer(emulator, streaming):
    emulator.script(Say("I add.\n<execute>\nprint(1 + 2)\n</execute>"), Say("Three."))
    ran = []

    async def execute(code: str) -> str:
        ran.append(code.strip())
        return "3"

    agent = CodeActAgent(code_execute_fn=execute, llm=Heroku(), streaming=streaming)
    assert str(await agent.run("1 + 2?")) == "Three."
    assert ran == ["print(1 + 2)"]
    assert "3" in bodies(emulator)[-1]["messages"][-1]["content"]
