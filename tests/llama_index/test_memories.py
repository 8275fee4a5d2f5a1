"""Memories of LlamaIndex: what was refused once does not end a conversation."""

from __future__ import annotations

import asyncio

import pytest
from llama_index.core.agent.workflow import AgentWorkflow, FunctionAgent
from llama_index.core.base.llms.types import (
    ContentBlock,
    DocumentBlock,
    ImageBlock,
    TextBlock,
)
from llama_index.core.chat_engine import SimpleChatEngine
from llama_index.core.llms import ChatMessage
from llama_index.core.memory import ChatMemoryBuffer, ChatSummaryMemoryBuffer, Memory
from llama_index.core.tools import FunctionTool
from workflows.errors import WorkflowCancelledByUser

from heroku_emulator import CallTools, Say
from heroku_inference import ConfigError
from llama_index_heroku import Heroku, HerokuAgent, HerokuMessages
from tests.llama_index.histories import GO_ON, PDF, called, result
from tests.llama_index.test_histories import answered_calls, everything, user_warnings
from tests.wire_cases import PIXEL

pytestmark = [
    pytest.mark.usefixtures("config_vars"),
    pytest.mark.filterwarnings(
        "ignore::DeprecationWarning"  # LlamaIndex's workflows use what is deprecated
    ),
]

MODEL = "claude-4-5-sonnet"
LAW = DocumentBlock(data=PDF, document_mimetype="application/pdf", title="Law")

kinds = pytest.mark.parametrize("kind", [Heroku, HerokuMessages])


def _on_disk(folder):
    return Memory.from_defaults(
        session_id="s",
        token_limit=40_000,
        async_database_uri=f"sqlite+aiosqlite:///{folder / 'memory.db'}",
    )


MEMORIES = {
    "Memory": lambda _: Memory.from_defaults(session_id="s", token_limit=40_000),
    "Memory on disk": _on_disk,
    "ChatMemoryBuffer": lambda _: ChatMemoryBuffer.from_defaults(token_limit=40_000),
    "ChatSummaryMemoryBuffer": lambda _: ChatSummaryMemoryBuffer.from_defaults(token_limit=40_000),
}


def _close(memory):
    """Close the connections of the store, which LlamaIndex leaves to the garbage collector."""
    if isinstance(memory, Memory) and (engine := memory.sql_store._async_engine) is not None:
        asyncio.run(engine.dispose())


@pytest.fixture(params=MEMORIES)
def memory(request, tmp_path):
    """A memory of each kind."""
    memory = MEMORIES[request.param](tmp_path)
    yield memory
    _close(memory)


@pytest.fixture(params=["Memory", "ChatMemoryBuffer"])
def usual_memory(request, tmp_path):
    """One of the two memories that LlamaIndex makes by itself."""
    memory = MEMORIES[request.param](tmp_path)
    yield memory
    _close(memory)


async def _streamed(engine, text):
    answer = await engine.astream_chat(text)
    return "".join([delta async for delta in answer.async_response_gen()])


async def _awaited(engine, text):
    return str(await engine.achat(text))


WAYS = {
    "chat": lambda engine, text: str(engine.chat(text)),
    "stream_chat": lambda engine, text: "".join(engine.stream_chat(text).response_gen),
    "achat": lambda engine, text: asyncio.run(_awaited(engine, text)),
    "astream_chat": lambda engine, text: asyncio.run(_streamed(engine, text)),
}


# Chat engines


@kinds
@pytest.mark.parametrize("chat", WAYS.values(), ids=WAYS)
def test_a_blank_turn_is_refused_once(emulator, kind, chat, usual_memory):
    engine = SimpleChatEngine.from_defaults(
        llm=kind(model=MODEL), memory=usual_memory, system_prompt=""
    )
    assert chat(engine, "Hello")
    with pytest.raises(ConfigError, match=r"^messages\[3\]: "):
        chat(engine, " \n")
    assert len(emulator.journal) == 1
    with user_warnings() as warned:
        assert chat(engine, GO_ON)
    assert len(emulator.journal) == 2
    assert "Hello" in everything(emulator.journal[-1].body)
    assert len(warned) == 1
    with user_warnings() as warned:
        assert chat(engine, "And now?")
    assert len(emulator.journal) == 3


@kinds
@pytest.mark.parametrize("chat", WAYS.values(), ids=WAYS)
def test_a_document_in_the_memory_does_not_end_the_conversation(emulator, kind, chat, usual_memory):
    usual_memory.put(ChatMessage([TextBlock(text="Read this."), LAW]))
    engine = SimpleChatEngine.from_defaults(llm=kind(model=MODEL), memory=usual_memory)
    with user_warnings():
        assert chat(engine, GO_ON)
    assert "Law" in everything(emulator.journal[-1].body)


def test_a_chat_engine_that_was_stopped_at_a_call_goes_on(emulator, memory):
    memory.put_messages([ChatMessage("Add."), called(("c1", "add", {"a": 1}))])
    for kind in (Heroku, HerokuMessages):
        engine = SimpleChatEngine.from_defaults(llm=kind(model=MODEL), memory=memory)
        with user_warnings() as warned:
            assert engine.chat(GO_ON)
        assert len(warned) == 1
        ((name, text),) = answered_calls(emulator.journal[-1].body)
        assert (name, "not run" in text) == ("add", True)


# Memories that forget


def _long_talk():
    for number in range(6):
        yield ChatMessage(f"Question {number}: " + "word " * 40)
        yield called((f"c{number}a", "add", {"a": number}), (f"c{number}b", "add", {"a": 0}))
        yield result(f"c{number}a", "number " * 30)
        yield result(f"c{number}b", "number " * 30)
        yield ChatMessage("Answer: " + "word " * 40, role="assistant")


@kinds
@pytest.mark.parametrize("limit", [80, 150])
@pytest.mark.parametrize(
    "make",
    [
        lambda limit: Memory.from_defaults(
            session_id="s", token_limit=limit, token_flush_size=limit // 3
        ),
        lambda limit: ChatMemoryBuffer.from_defaults(token_limit=limit),
        lambda limit: ChatSummaryMemoryBuffer.from_defaults(token_limit=limit),
        lambda limit: ChatSummaryMemoryBuffer.from_defaults(
            token_limit=limit, llm=Heroku(model=MODEL)
        ),
    ],
    ids=["Memory", "ChatMemoryBuffer", "ChatSummaryMemoryBuffer", "with summaries"],
)
def test_a_memory_may_cut_a_conversation_anywhere(kind, limit, make):
    memory = make(limit)
    llm = kind(model=MODEL)
    for message in _long_talk():
        memory.put(message)
        held = memory.get()
        with user_warnings():
            assert llm.chat([*held, ChatMessage(GO_ON)]).message.content
            if held:
                assert llm.chat(held).message
    _close(memory)


@kinds
def test_a_conversation_of_instructions_alone_is_answered(kind):
    """What a memory is after it summarized everything."""
    assert kind(model=MODEL).chat([ChatMessage("They talked.", role="system")]).message.content


# Agents


def look() -> list[ContentBlock]:
    """Look at the law."""
    return [TextBlock(text="Here:"), LAW, ImageBlock(image=PIXEL)]


def add(a: int) -> int:
    """Add one."""
    return a + 1


LOOK = FunctionTool.from_defaults(look)
ADD = FunctionTool.from_defaults(add)
AT_ONCE = FunctionTool.from_defaults(add, name="at_once", return_direct=True)


def _agent(kind, *tools, **options):
    return FunctionAgent(tools=list(tools), llm=kind(model=MODEL), system_prompt="", **options)


def _path(kind):
    return "/v1/messages" if kind is HerokuMessages else "/v1/chat/completions"


async def _talk(agent, memory, *turns):
    return [str(await agent.run(user_msg=turn, memory=memory)) for turn in turns]


async def _refused(agent, memory, turn):
    with pytest.raises(ConfigError, match=r"^messages\[\d+\]: "):
        await agent.run(user_msg=turn, memory=memory)


@kinds
@pytest.mark.parametrize("streaming", [True, False], ids=["streamed", "plain"])
@pytest.mark.parametrize(
    "make",
    [lambda agent: agent, lambda agent: AgentWorkflow(agents=[agent])],
    ids=["agent", "workflow"],
)
async def test_an_agent_refuses_a_turn_once(emulator, kind, streaming, make, usual_memory):
    agent = make(_agent(kind, ADD, streaming=streaming))
    with user_warnings() as warned:
        await _talk(agent, usual_memory, "Hello")
        await _refused(agent, usual_memory, " ")
        if kind is Heroku:
            await _refused(agent, usual_memory, ChatMessage([TextBlock(text="Read this."), LAW]))
        count = len(emulator.journal)
        await _talk(agent, usual_memory, GO_ON)
    assert len(emulator.journal) > count
    assert len(warned) == 1
    assert "Hello" in everything(emulator.journal[-1].body)


async def test_an_agent_on_the_server_refuses_a_turn_once(emulator, memory):
    agent = HerokuAgent(model=MODEL, system_prompt="")
    emulator.script(*(Say("Well.", path="/v1/agents/heroku") for _ in range(2)))
    with user_warnings() as warned:
        await _talk(agent, memory, "Hello")
        await _refused(agent, memory, " ")
        await _refused(agent, memory, ChatMessage([TextBlock(text="Read this."), LAW]))
        await _talk(agent, memory, GO_ON)
    assert len(emulator.journal) == 2
    assert "Law" in everything(emulator.journal[-1].body)
    assert len(warned) == 1


@kinds
@pytest.mark.parametrize("streaming", [True, False], ids=["streamed", "plain"])
async def test_what_a_tool_returns_can_be_sent(emulator, kind, streaming, usual_memory):
    emulator.script(CallTools([("look", {})], path=_path(kind)), Say("Seen.", path=_path(kind)))
    with user_warnings():
        answers = await _talk(_agent(kind, LOOK, streaming=streaming), usual_memory, "Look.", GO_ON)
    assert answers[0] == "Seen."
    assert "Law" in everything(emulator.journal[-1].body)


@kinds
async def test_calls_that_lost_their_results_are_answered(emulator, kind, memory):
    """LlamaIndex forgets the results of further calls once a tool returns directly."""
    calls = [("at_once", {"a": 1}), ("add", {"a": 2})]
    emulator.script(CallTools(calls, path=_path(kind)))
    agent = _agent(kind, AT_ONCE, ADD)
    with user_warnings():
        await _talk(agent, memory, "Add.", GO_ON)
    sent = answered_calls(emulator.journal[-1].body)
    assert [name for name, _ in sent] == ["at_once", "add"]
    assert "not run" in sent[1][1]


@kinds
async def test_a_run_that_was_cancelled_does_not_end_the_conversation(emulator, kind, usual_memory):
    started = asyncio.Event()

    async def wait() -> str:
        """Wait for ever."""
        started.set()
        await asyncio.sleep(60)
        return ""

    agent = _agent(kind, FunctionTool.from_defaults(async_fn=wait, name="wait"))
    emulator.script(CallTools([("wait", {})], path=_path(kind)), Say("Gone.", path=_path(kind)))
    handler = agent.run(user_msg="Wait.", memory=usual_memory)
    await started.wait()
    await handler.cancel_run()
    with pytest.raises(WorkflowCancelledByUser):
        await handler
    assert await _talk(agent, usual_memory, GO_ON)


# One thread, several classes


@pytest.mark.parametrize("order", [(Heroku, HerokuMessages), (HerokuMessages, Heroku)])
async def test_a_thread_goes_on_with_another_class(emulator, order, memory):
    for kind in (*order, HerokuAgent, *order):
        if kind is HerokuAgent:
            agent, path = HerokuAgent(model=MODEL), "/v1/agents/heroku"
            emulator.script(Say("Well.", path=path))
        else:
            agent, path = _agent(kind, ADD), _path(kind)
            emulator.script(CallTools([("add", {"a": 1})], path=path), Say("Two.", path=path))
        with user_warnings() as warned:
            await _talk(agent, memory, f"Go on, {kind.__name__}.")
        assert not warned
    calls = [name for name, text in answered_calls(emulator.journal[-1].body) if "2" in text]
    assert calls == ["add"] * 4
