"""deepagents: a planner with files and subagents."""

from __future__ import annotations

import pytest
from deepagents import create_deep_agent
from deepagents.backends import FilesystemBackend
from langchain_core.messages import HumanMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from heroku_emulator import CallTools, Say
from tests.wire_cases import PIXEL

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


FILES = {
    "photo.png": PIXEL,
    "paper.pdf": b"%PDF-1.4\n%%EOF\n",
    "letter.docx": b"PK\x03\x04 a letter",
    "talk.mp3": b"ID3 a talk",
}


@pytest.mark.filterwarnings("ignore::UserWarning")  # what cannot be sent is described
@pytest.mark.parametrize("name", FILES)
def test_the_talk_goes_on_after_a_file_of_any_kind(chat_model, script, run, sent, tmp_path, name):
    (tmp_path / name).write_bytes(FILES[name])
    script(CallTools([("read_file", {"file_path": f"/{name}"})]), Say("I see."), Say("Yes."))
    agent = create_deep_agent(
        chat_model(),
        backend=FilesystemBackend(root_dir=tmp_path, virtual_mode=True),
        checkpointer=InMemorySaver(),
    )
    thread = {"configurable": {"thread_id": "1"}}
    run(agent, {"messages": [HumanMessage("What is in it?")]}, thread)
    state = run(agent, {"messages": [HumanMessage("Sure?")]}, thread)
    assert state["messages"][-1].text == "Yes."
    assert "I see." in sent()[-1]


def test_a_person_approves_a_file_or_talks_past_it(chat_model, script, run, sent):
    note = CallTools([("write_file", {"file_path": "/note.md", "content": "Lyon"})])
    script(note, Say("Written."), note, Say("I leave it."))
    agent = create_deep_agent(
        chat_model(), interrupt_on={"write_file": True}, checkpointer=InMemorySaver()
    )
    thread = {"configurable": {"thread_id": "1"}}
    run(agent, QUESTION, thread)
    approved = Command(resume={"decisions": [{"type": "approve"}]})
    assert "/note.md" in run(agent, approved, thread)["files"]
    run(agent, QUESTION, thread)
    state = run(agent, {"messages": [HumanMessage("Never mind.")]}, thread)
    assert state["messages"][-1].text == "I leave it."
    assert "Never mind." in sent()[-1]
