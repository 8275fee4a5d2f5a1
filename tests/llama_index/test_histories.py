"""Whatever a memory holds can be sent; only the user's newest turn is refused."""

from __future__ import annotations

import asyncio
import json
import warnings
from contextlib import contextmanager
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest
from llama_index.core.base.llms.types import AudioBlock, DocumentBlock, ImageBlock, TextBlock
from llama_index.core.llms import ChatMessage
from llama_index.core.tools import FunctionTool

from heroku_inference import ConfigError
from llama_index_heroku import Heroku, HerokuAgent, HerokuMessages
from tests.llama_index.histories import (
    GO_ON,
    HISTORIES,
    NOT_RUN,
    NOT_STORED,
    PDF,
    PDFS,
    UNSENDABLE,
    called,
    gone,
    result,
)
from tests.wire_cases import PIXEL

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [
    pytest.mark.usefixtures("config_vars"),
    pytest.mark.filterwarnings(
        "ignore::DeprecationWarning"  # LlamaIndex's workflows use what is deprecated
    ),
]

MODEL = "claude-4-5-sonnet"


def add(a: int) -> int:
    """Add one."""
    return a + 1


ADD = FunctionTool.from_defaults(add)


async def _achat(llm, messages):
    await llm.achat(messages)


async def _astream_chat(llm, messages):
    [_ async for _ in await llm.astream_chat(messages)]


async def _achat_with_tools(llm, messages):
    await llm.achat_with_tools([ADD], chat_history=messages)


async def _astream_chat_with_tools(llm, messages):
    [_ async for _ in await llm.astream_chat_with_tools([ADD], chat_history=messages)]


WAYS = {
    "chat": lambda llm, messages: llm.chat(messages),
    "stream_chat": lambda llm, messages: list(llm.stream_chat(messages)),
    "achat": lambda llm, messages: asyncio.run(_achat(llm, messages)),
    "astream_chat": lambda llm, messages: asyncio.run(_astream_chat(llm, messages)),
    "chat_with_tools": lambda llm, messages: llm.chat_with_tools([ADD], chat_history=messages),
    "stream_chat_with_tools": lambda llm, messages: list(
        llm.stream_chat_with_tools([ADD], chat_history=messages)
    ),
    "achat_with_tools": lambda llm, messages: asyncio.run(_achat_with_tools(llm, messages)),
    "astream_chat_with_tools": lambda llm, messages: asyncio.run(
        _astream_chat_with_tools(llm, messages)
    ),
}


def _run(agent, messages):
    async def run():
        return await agent.run(chat_history=messages)

    asyncio.run(run())


# Each sends a conversation with a class of ours.
SENDERS = {
    **{
        f"{kind.__name__}.{name}": (
            lambda messages, kind=kind, send=send: send(kind(model=MODEL), messages)
        )
        for kind in (Heroku, HerokuMessages)
        for name, send in WAYS.items()
    },
    "HerokuAgent.run": lambda messages: _run(HerokuAgent(model=MODEL), messages),
    "HerokuAgent.run, not streamed": lambda messages: _run(
        HerokuAgent(model=MODEL, streaming=False), messages
    ),
}
every_way = pytest.mark.parametrize("send", SENDERS.values(), ids=SENDERS)
every_class = pytest.mark.parametrize(
    "send",
    [SENDERS["Heroku.chat"], SENDERS["HerokuMessages.chat"], SENDERS["HerokuAgent.run"]],
    ids=["Heroku", "HerokuMessages", "HerokuAgent"],
)


STORED = {name: history for name, history in HISTORIES.items() if name not in NOT_STORED}


@contextmanager
def user_warnings() -> Iterator[list[str]]:
    """The texts of the warnings in the block."""
    texts: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield texts
    texts += [
        str(one.message)
        for one in caught
        # Halves of characters have a warning of their own, from where JSON is written.
        if one.category is UserWarning and "halves of characters" not in str(one.message)
    ]


def everything(body: dict[str, Any]) -> str:
    """The conversation of a request as one text."""
    return json.dumps([body.get("system", ""), body["messages"]], ensure_ascii=False)


def answered_calls(body: dict[str, Any]) -> list[tuple[str, str]]:
    """The calls of a request, each with the text of its result."""
    calls, texts = [], {}
    for message in body["messages"]:
        content = message["content"]
        if message["role"] == "tool":
            texts[message["tool_call_id"], len(calls)] = content
        calls += [(call["id"], call["function"]["name"]) for call in message.get("tool_calls", ())]
        for block in content if isinstance(content, list) else ():
            if block["type"] == "tool_use":
                calls.append((block["id"], block["name"]))
            elif block["type"] == "tool_result":
                texts[block["tool_use_id"], len(calls)] = json.dumps(
                    block.get("content", ""), ensure_ascii=False
                )
    ends = {}
    for number, (call_id, _) in enumerate(calls):
        ends[number] = next(
            text for (of, seen), text in texts.items() if of == call_id and seen > number
        )
    return [(name, ends[number]) for number, (_, name) in enumerate(calls)]


def next_turn_works(send, messages: list[ChatMessage], emulator) -> None:
    """What was refused stays unanswered in the memory, right before the next turn."""
    emulator.journal.clear()
    with user_warnings() as warned:
        send([*messages, ChatMessage(GO_ON)])
    (entry,) = emulator.journal
    assert GO_ON in json.dumps(entry.body["messages"][-1])
    assert len(warned) == 1


# Older than the newest turn


@every_class
@pytest.mark.parametrize("history", HISTORIES.values(), ids=HISTORIES)
def test_whatever_a_memory_holds_can_be_sent(emulator, send, history):
    messages = [*deepcopy(history.messages), ChatMessage(GO_ON)]
    before = deepcopy(messages)
    with user_warnings() as warned:
        send(messages)
    assert messages == before
    assert len(emulator.journal) == 1
    entry = emulator.journal[0]
    body = entry.body
    # The tools of agents ran on the server: nobody knows whether one did.
    texts = {NOT_RUN: "is not known"} if entry.path.startswith("/v1/agents") else {}
    text = everything(body)
    for words in history.says:
        assert texts.get(words, words) in text
    for words in history.hides:
        assert words not in text
    assert body["messages"][-1]["role"] == "user"
    assert GO_ON in json.dumps(body["messages"][-1])
    assert len(warned) <= 1
    if history.warns is not None:
        assert bool(warned) == history.warns
    if history.results is not None:
        sent = answered_calls(body)
        assert [name for name, _ in sent] == [name for name, _ in history.results]
        for (_, shown), (_, wanted) in zip(sent, history.results, strict=True):
            assert texts.get(wanted, wanted) in shown


@every_class
def test_an_image_whose_file_is_gone_is_described(emulator, send, tmp_path):
    with user_warnings() as warned:
        send([ChatMessage([TextBlock(text="See:"), gone(tmp_path)]), ChatMessage(GO_ON)])
    assert "gone.png" in everything(emulator.journal[0].body)
    assert str(tmp_path) not in everything(emulator.journal[0].body)
    assert len(warned) == 1


@every_way
def test_all_of_it_can_be_sent_at_once_in_every_way(emulator, send):
    messages = [message for history in HISTORIES.values() for message in history.messages]
    before = deepcopy(messages)
    with user_warnings() as warned:
        send([*messages, ChatMessage(GO_ON)])
    assert messages == before
    (entry,) = emulator.journal
    text = everything(entry.body)
    for name, history in HISTORIES.items():
        for words in set(history.says) - {NOT_RUN}:
            assert words in text, name
    assert len(warned) == 1
    assert "repaired" in warned[0]


@pytest.mark.parametrize(
    "send",
    [SENDERS["Heroku.chat"], SENDERS["HerokuMessages.chat"]],
    ids=["Heroku", "HerokuMessages"],
)
@pytest.mark.parametrize("history", STORED.values(), ids=STORED)
def test_a_message_says_the_same_when_it_comes_back_from_a_store(emulator, send, history):
    in_json = [json.loads(message.model_dump_json()) for message in history.messages]
    in_dicts = [message.model_dump() for message in history.messages]
    for talk in (history.messages, in_json, in_dicts):
        with user_warnings():
            send([*map(ChatMessage.model_validate, talk), ChatMessage(GO_ON)])
    first, *others = (everything(entry.body) for entry in emulator.journal)
    assert others == [first, first]


# The newest turn

BLANK = {
    "blank": ChatMessage(""),
    "white space": ChatMessage(" \n"),
    "no blocks": ChatMessage(role="user"),
    "blank blocks": ChatMessage([TextBlock(text=""), TextBlock(text=" ")]),
}
REFUSED = {
    **BLANK,
    **{
        name: ChatMessage([TextBlock(text="See:"), block])
        for name, (block, _) in UNSENDABLE.items()
    },
}
BEFORE = [
    ChatMessage("Be brief.", role="system"),
    ChatMessage("Hello"),
    ChatMessage("Hello!", role="assistant"),
]


@every_class
@pytest.mark.parametrize("newest", REFUSED.values(), ids=REFUSED)
def test_only_the_newest_turn_is_refused(emulator, send, newest):
    with pytest.raises(ConfigError, match=r"^messages\[3\]: "):
        send([*BEFORE, newest])
    assert not emulator.journal
    next_turn_works(send, [*BEFORE, newest], emulator)


@every_way
def test_the_newest_turn_is_refused_in_every_way(emulator, send):
    for newest in (BLANK["white space"], REFUSED["audio"]):
        with pytest.raises(ConfigError, match=r"^messages\[3\]: "):
            send([*BEFORE, newest])
    assert not emulator.journal


@every_class
def test_an_image_whose_file_is_gone_is_refused_by_its_path(emulator, send, tmp_path):
    newest = ChatMessage([TextBlock(text="See:"), gone(tmp_path)])
    with pytest.raises(ConfigError, match=r"^messages\[3\]: .*gone\.png.* Check"):
        send([*BEFORE, newest])
    next_turn_works(send, [*BEFORE, newest], emulator)


@pytest.mark.parametrize("block", PDFS.values(), ids=PDFS)
def test_only_the_messages_endpoint_reads_pdfs(emulator, block):
    newest = ChatMessage([TextBlock(text="See:"), block])
    for send in (SENDERS["Heroku.chat"], SENDERS["HerokuAgent.run"]):
        with pytest.raises(ConfigError, match=r"^messages\[3\]: an? (Document|Image)Block"):
            send([*BEFORE, newest])
        next_turn_works(send, [*BEFORE, newest], emulator)
    emulator.journal.clear()
    SENDERS["HerokuMessages.chat"]([*BEFORE, newest])
    SENDERS["HerokuMessages.chat"]([*BEFORE, newest, ChatMessage(GO_ON)])
    for entry in emulator.journal:
        assert entry.body["messages"][2]["content"][1]["type"] == "document"


@every_class
def test_a_result_may_come_last(emulator, send):
    """What a tool returns is not a turn of the user's."""
    block = DocumentBlock(data=PDF, document_mimetype="application/pdf", title="Law")
    send(
        [ChatMessage("Look."), called(("c1", "look", {})), result("c1", [ImageBlock(image=PIXEL)])]
    )
    with user_warnings() as warned:
        send(
            [
                ChatMessage("Look."),
                called(("c1", "look", {})),
                result("c1", [TextBlock(text="Here:"), block, AudioBlock(audio=b"x" * 9)]),
            ]
        )
    assert "audio" in everything(emulator.journal[-1].body)
    assert len(warned) == 1


@pytest.mark.parametrize("kind", [Heroku, HerokuMessages])
def test_other_things_than_messages_are_refused(kind):
    with pytest.raises(ConfigError, match=r"^messages\[1\] must be a ChatMessage, got .* dict"):
        kind(model=MODEL).chat([ChatMessage("Hi"), {"role": "user", "content": "Hi"}])
