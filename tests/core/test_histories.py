"""What a memory holds can always be sent: the table of histories, by every way of the core."""

from __future__ import annotations

import asyncio
import copy
import warnings
from contextlib import contextmanager

import pytest

from heroku_inference import ConfigError, async_openai_client, openai_client
from heroku_inference._anthropic.clients import anthropic_client, async_anthropic_client
from heroku_inference._anthropic.request import message_arguments
from heroku_inference._config.settings import Settings
from tests.histories import NEXT, each_history, each_refused, images_sent, texts_sent

from .anthropic_form import anthropic_body
from .conftest import AsyncCalls, BlockingCalls

MODEL = "claude-4-5-sonnet"
REPAIRED = ("The conversation was repaired before it was sent: ", "The request has halves of ch")


@pytest.fixture(autouse=True)
def strict(emulator):
    emulator.switch(bare_tool_history="reject", strict_tools="rejected")


def core_way(calls, method):
    def way(messages):
        getattr(calls(model=MODEL), method)(messages)

    return way


def openai_way(messages):
    with openai_client() as client:
        client.chat.completions.create(model=MODEL, messages=messages)


def async_openai_way(messages):
    async def call():
        async with async_openai_client() as client:
            await client.chat.completions.create(model=MODEL, messages=messages)

    asyncio.run(call())


def messages_way(*, streamed):
    def way(messages):
        client = anthropic_client(Settings())
        answer = client.messages.create(
            **message_arguments(anthropic_body(messages)), stream=streamed
        )
        list(answer)

    return way


def async_messages_way(messages):
    async def call():
        client = async_anthropic_client(Settings())
        await client.messages.create(**message_arguments(anthropic_body(messages)))
        await client.close()

    asyncio.run(call())


CHAT_WAYS = {
    "chat": core_way(BlockingCalls, "send"),
    "chat, streamed": core_way(BlockingCalls, "stream"),
    "chat, async": core_way(AsyncCalls, "send"),
    "chat, async and streamed": core_way(AsyncCalls, "stream"),
}
AGENT_WAYS = {
    "agent": core_way(BlockingCalls, "run_agent"),
    "agent, async and streamed": core_way(AsyncCalls, "stream_agent"),
}
OPENAI_WAYS = {"openai": openai_way, "openai, async": async_openai_way}
MESSAGES_WAYS = {
    "messages": messages_way(streamed=False),
    "messages, streamed": messages_way(streamed=True),
    "messages, async": async_messages_way,
}
REFUSING_WAYS = CHAT_WAYS | AGENT_WAYS | MESSAGES_WAYS
WAYS = REFUSING_WAYS | OPENAI_WAYS


def each_way(ways):
    return pytest.mark.parametrize("way", ways.values(), ids=list(ways))


@contextmanager
def one_warning(expected):
    """Within this, there is one warning about repairs, or none; `None` for either."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    said = [str(warning.message) for warning in caught if warning.category is UserWarning]
    assert all(text.startswith(REPAIRED) for text in said), said
    assert len(said) <= 1, said
    assert expected is None or expected == bool(said), said


@each_way(WAYS)
@each_history()
def test_every_history_is_sent_and_seen(history, way, config_vars, emulator):
    given = copy.deepcopy(history.messages)
    with one_warning(history.warns):
        way(history.messages)
    (entry,) = emulator.journal
    assert entry.status == 200
    sent = texts_sent(entry.body)
    is_agent = entry.path == "/v1/agents/heroku"
    for text in history.seen_by_agents if is_agent else history.seen:
        assert text in sent
    for text in history.unseen:
        assert text not in sent
    assert images_sent(entry.body) == history.images
    assert history.messages == given, "the given messages were changed"


@each_way(REFUSING_WAYS)
@each_refused()
def test_a_newest_turn_is_refused_and_the_next_one_works(refused, way, config_vars, emulator):
    memory = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho"}]
    memory.append(refused.message)
    with pytest.raises(ConfigError, match=rf"messages\[2\]: .*{refused.error}"):
        way(memory)
    assert not emulator.journal, "something was sent"
    with one_warning(True):
        way([*memory, NEXT])
    (entry,) = emulator.journal
    assert entry.status == 200
    for text in refused.seen:
        assert text in texts_sent(entry.body)
