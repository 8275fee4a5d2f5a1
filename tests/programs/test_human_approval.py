"""Human approval: a run that waits for a person, goes on, or is talked past."""

from __future__ import annotations

import asyncio
import warnings

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware
from langchain.tools import tool
from langchain_core.messages import HumanMessage
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.types import Command, interrupt

from heroku_emulator import CallTools, Say

THREAD = {"configurable": {"thread_id": "1"}}
DELETE = CallTools([("delete", {"path": "/srv"}), ("look", {"path": "/srv"})], text="I tidy up.")
DECISIONS = {
    "approve": ({"type": "approve"}, "deleted /srv"),
    "edit": (
        {"type": "edit", "edited_action": {"name": "delete", "args": {"path": "/tmp"}}},  # noqa: S108
        "deleted /tmp",
    ),
    "reject": ({"type": "reject", "message": "Keep it."}, "Keep it."),
    "respond": ({"type": "respond", "message": "I did it myself."}, "I did it myself."),
}


@tool
def delete(path: str) -> str:
    """Delete a folder."""
    return f"deleted {path}"


@tool
def look(path: str) -> str:
    """Look into a folder."""
    return f"{path} is full"


@tool
def ask_a_person(question: str) -> str:
    """Ask a person."""
    return f"They say: {interrupt(question)}"


def asking(text):
    return {"messages": [HumanMessage(text)]}


@pytest.fixture(params=["invoke", "ainvoke"])
def converse(request, chat_model, tmp_path):
    """Give an agent one input after the other, its memory in a file, and return the last state."""
    file = str(tmp_path / "threads.db")

    def agent(memory):
        approval = HumanInTheLoopMiddleware({"delete": True})
        tools = [delete, look, ask_a_person]
        return create_agent(chat_model(), tools, middleware=[approval], checkpointer=memory)

    def converse(*inputs):
        with SqliteSaver.from_conn_string(file) as memory:
            return [agent(memory).invoke(given, THREAD) for given in inputs][-1]

    async def aconverse(*inputs):
        async with AsyncSqliteSaver.from_conn_string(file) as memory:
            return [await agent(memory).ainvoke(given, THREAD) for given in inputs][-1]

    if request.param == "invoke":
        return converse
    return lambda *inputs: asyncio.run(aconverse(*inputs))


@pytest.mark.parametrize("decision", DECISIONS)
def test_a_decision_resumes_the_run(converse, script, sent, decision):
    answer, told = DECISIONS[decision]
    script(DELETE, Say("Done."))
    state = converse(asking("Tidy up /srv."))
    assert state["__interrupt__"][0].value["action_requests"][0]["name"] == "delete"
    state = converse(Command(resume={"decisions": [answer]}))
    assert state["messages"][-1].text == "Done."
    assert told in sent()[-1]
    assert "/srv is full" in sent()[-1]


def test_a_tool_waits_for_a_person(converse, script, sent):
    script(CallTools([("ask_a_person", {"question": "Which folder?"})]), Say("I keep it."))
    assert converse(asking("Tidy up."))["__interrupt__"][0].value == "Which folder?"
    assert converse(Command(resume="none"))["messages"][-1].text == "I keep it."
    assert "They say: none" in sent()[-1]


@pytest.mark.parametrize(
    "waiting",
    [DELETE, CallTools([("ask_a_person", {"question": "Which?"}), ("look", {"path": "/srv"})])],
    ids=["approval", "question"],
)
def test_the_user_talks_past_the_question(converse, script, sent, waiting):
    script(waiting, Say("I leave it."), Say("Nothing was deleted."))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        state = converse(asking("Tidy up."), asking("Never mind."), asking("What was deleted?"))
    texts = [message.text for message in state["messages"]]
    assert texts[-3:] == ["I leave it.", "What was deleted?", "Nothing was deleted."]
    assert "not run" in sent()[-1]
