"""langgraph-supervisor and langgraph-swarm: agents that hand work to each other."""

from __future__ import annotations

import pytest
from langchain.agents import create_agent
from langchain_core.messages import HumanMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph_supervisor import create_supervisor
from langgraph_swarm import create_handoff_tool, create_swarm

from heroku_emulator import CallTools, Say

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of create_react_agent

THREAD = {"configurable": {"thread_id": "1"}}


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def asking(text):
    return {"messages": [HumanMessage(text)]}


@pytest.mark.parametrize("output_mode", ["full_history", "last_message"])
@pytest.mark.parametrize("agent_names", [None, "inline"], ids=["names", "names inline"])
def test_a_supervisor_delegates_and_sums_up(
    chat_model, script, run, sent, emulator, output_mode, agent_names
):
    script(
        CallTools([("transfer_to_math_expert", {})]),
        CallTools([("add", {"a": 40, "b": 2})]),
        Say("It is 42."),
        Say("The expert says 42."),
        Say("As I said, 42."),
    )
    expert = create_agent(chat_model(), [add], name="math_expert", system_prompt="You add.")
    team = create_supervisor(
        [expert],
        model=chat_model(),
        prompt="You lead a team.",
        output_mode=output_mode,
        include_agent_name=agent_names,
    ).compile(checkpointer=InMemorySaver())
    assert (
        run(team, asking("What is 40 + 2?"), THREAD)["messages"][-1].text == "The expert says 42."
    )
    assert run(team, asking("Sure?"), THREAD)["messages"][-1].text == "As I said, 42."
    lead, expert, _, back, _ = sent()
    assert "You lead a team." in lead
    assert "Successfully transferred to math_expert" in expert
    assert "It is 42." in back
    assert "transfer_back_to_supervisor" in back
    first = emulator.journal[0].body
    alone = first.get("tool_choice", {}).get("disable_parallel_tool_use", None)
    assert alone or first["parallel_tool_calls"] is False


def test_a_swarm_goes_on_with_whoever_was_last(chat_model, script, run, sent):
    script(
        CallTools([("transfer_to_bob", {})]),
        Say("Arr, Bob here."),
        CallTools([("transfer_to_alice", {})], text="Ask her."),
        CallTools([("add", {"a": 40, "b": 2})]),
        Say("42."),
    )
    to_bob = create_handoff_tool(agent_name="Bob")
    to_alice = create_handoff_tool(agent_name="Alice", description="Ask Alice, who can add.")
    alice = create_agent(chat_model(), [add, to_bob], system_prompt="You are Alice.", name="Alice")
    bob = create_agent(chat_model(), [to_alice], system_prompt="You are Bob.", name="Bob")
    swarm = create_swarm([alice, bob], default_active_agent="Alice").compile(InMemorySaver())
    state = run(swarm, asking("Let me speak to Bob."), THREAD)
    assert state["active_agent"] == "Bob"
    state = run(swarm, asking("40 + 2?"), THREAD)
    assert (state["active_agent"], state["messages"][-1].text) == ("Alice", "42.")
    speakers = ["Alice" if "You are Alice" in text else "Bob" for text in sent()]
    assert speakers == ["Alice", "Bob", "Bob", "Alice", "Alice"]
