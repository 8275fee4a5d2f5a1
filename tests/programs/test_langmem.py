"""langmem: memories that outlive a conversation, summaries, and prompts that learn."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.store.memory import InMemoryStore

from heroku_emulator import CallTools, Say
from langchain_heroku import HerokuEmbeddings

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of trustcall

TEA = "The user drinks green tea."
TALK = [HumanMessage("I drink green tea."), AIMessage("Noted.")]


@pytest.fixture(params=["invoke", "ainvoke"])
def call(request):
    """Run anything that has both ways to be run."""
    if request.param == "invoke":
        return lambda runnable, given: runnable.invoke(given)
    return lambda runnable, given: asyncio.run(runnable.ainvoke(given))


def test_an_agent_stores_a_memory_and_finds_it_in_another_talk(chat_model, script, sent, call):
    from langmem import create_manage_memory_tool, create_search_memory_tool

    script(
        CallTools([("manage_memory", {"content": TEA, "action": "create"})]),
        Say("I will remember."),
        CallTools([("search_memory", {"query": "What tea does the user drink?"})]),
        Say("Green tea."),
    )
    store = InMemoryStore(index={"dims": 1024, "embed": HerokuEmbeddings()})
    store.put(("memories",), "other", {"content": "The cat is called Tom."})
    tools = [create_manage_memory_tool(("memories",)), create_search_memory_tool(("memories",))]
    agent = create_agent(chat_model(), tools, store=store)
    call(agent, {"messages": [HumanMessage("I drink green tea, remember it.")]})
    call(agent, {"messages": [HumanMessage("Which tea do I drink?")]})
    assert store.search(("memories",), query="green tea")[0].value == {"content": TEA}
    assert TEA in sent()[-1]


def test_a_manager_extracts_memories_and_updates_them(chat_model, script, sent, call):
    from langmem import create_memory_manager

    patch = {
        "json_doc_id": "1",
        "planned_edits": "It is black tea now.",
        "patches": [{"op": "replace", "path": "/content", "value": "The user drinks black tea."}],
    }
    script(
        CallTools([("Memory", {"content": TEA})]),
        CallTools([("PatchDoc", patch)]),
    )
    manager = create_memory_manager(chat_model(), enable_inserts=True)
    (found,) = call(manager, {"messages": TALK})
    assert found.content.content == TEA
    changed = [HumanMessage("Black tea from now on.")]
    (found,) = call(manager, {"messages": changed, "existing": [("1", "Memory", {"content": TEA})]})
    assert found.content.content == "The user drinks black tea."
    assert TEA in sent()[1]


class State(MessagesState):
    context: dict[str, Any]
    summarized_messages: list[AnyMessage]


@pytest.mark.parametrize("count", ["approximately", "by the model"])
def test_a_node_summarizes_what_is_too_long(chat_model, script, sent, call, count):
    from langmem.short_term import SummarizationNode

    model = chat_model()
    counter = (
        {"token_counter": model.get_num_tokens_from_messages} if count == "by the model" else {}
    )
    node = SummarizationNode(
        model=model.bind(max_tokens=64),
        max_tokens=256,
        max_tokens_before_summary=64,
        max_summary_tokens=64,
        **counter,
    )
    graph = StateGraph(State)
    graph.add_node("summarize", node)
    graph.add_node(
        "answer", lambda state: {"messages": [model.invoke(state["summarized_messages"])]}
    )
    graph.add_edge(START, "summarize")
    graph.add_edge("summarize", "answer")
    script(Say("They spoke of tea."), Say("Green."))
    long = [HumanMessage("Tea is a drink. " * 20), AIMessage("Indeed."), HumanMessage("Which tea?")]
    state = call(graph.compile(), {"messages": long, "context": {}})
    assert state["messages"][-1].text == "Green."
    assert "They spoke of tea." in sent()[1]
    assert "Tea is a drink." not in sent()[1]


@pytest.mark.parametrize("kind", ["gradient", "metaprompt"])
def test_a_prompt_learns_from_a_talk(chat_model, script, sent, call, kind):
    from langmem import create_prompt_optimizer

    better = {"analysis": "It is curt.", "improved_prompt": "Be kind."}
    think = CallTools([("think", {"thought": "Curt."}), ("critique", {"criticism": "Too curt."})])
    advice = {"warrants_adjustment": True, "hypotheses": "Curt.", "full_recommendations": "Kind."}
    if kind == "gradient":
        script(think, CallTools([("recommend", advice)]))
    else:
        script(think)
    script(CallTools([("OptimizedPromptOutput", better)]))
    steps = {"max_reflection_steps": 2, "min_reflection_steps": 1}
    optimizer = create_prompt_optimizer(chat_model(), kind=kind, config=steps)
    given = {"trajectories": [(TALK, {"score": 0})], "prompt": "Be brief."}
    assert call(optimizer, given) == "Be kind."
    assert "I drink green tea." in sent()[0]
