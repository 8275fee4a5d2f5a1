"""deepagents: a planner with files and subagents."""

from __future__ import annotations

import pytest
from deepagents import create_deep_agent
from langchain_core.messages import HumanMessage

from heroku_emulator import CallTools, Say

QUESTION = {"messages": [HumanMessage("Write a note on Lyon, then say what it holds.")]}


def population(city: str) -> str:
    """The population of a city."""
    return f"{city}: 522,250"


@pytest.mark.parametrize("prompt", [None, "", "You keep notes."], ids=["no", "blank", "a"])
def test_it_writes_a_file_and_reads_it_again(chat_model, script, run, sent, prompt):
    script(
        CallTools([("population", {"city": "Lyon"})]),
        CallTools([("write_file", {"file_path": "/lyon.md", "content": "522,250 people"})]),
        CallTools([("read_file", {"file_path": "/lyon.md"})], text="I look again."),
        Say("It holds 522,250 people."),
    )
    agent = create_deep_agent(chat_model(), [population], system_prompt=prompt)
    state = run(agent, QUESTION)
    assert state["messages"][-1].text == "It holds 522,250 people."
    assert "/lyon.md" in state["files"]
    assert sent()[-1].count("522,250 people") == 2  # as it was written and as it was read


def test_it_hands_a_task_to_a_subagent(chat_model, script, run, sent):
    researcher = {
        "name": "researcher",
        "description": "Looks up facts.",
        "system_prompt": "You look up facts.",
        "tools": [population],
    }
    task = {"description": "How many people live in Lyon?", "subagent_type": "researcher"}
    script(
        CallTools([("task", task)]),
        CallTools([("population", {"city": "Lyon"})]),
        Say("522,250."),
        Say("Lyon has 522,250 people."),
    )
    agent = create_deep_agent(chat_model(), subagents=[researcher])
    state = run(agent, QUESTION)
    assert state["messages"][-1].text == "Lyon has 522,250 people."
    _, asked, told, last = sent()
    assert "You look up facts." in asked
    assert "Lyon: 522,250" in told
    assert "522,250." in last
