"""Models that Anthropic ends on its own servers, through Heroku: no warning of the SDK's."""

from __future__ import annotations

import asyncio

import pytest
from llama_index.core.base.llms.types import ChatMessage

from langchain_heroku import ChatHerokuMessages
from llama_index_heroku import HerokuMessages

HELLO = [ChatMessage("Hello")]


async def read(pieces):
    return [piece async for piece in await pieces]


WAYS = {
    "invoke": (ChatHerokuMessages, lambda llm: llm.invoke("Hello")),
    "ainvoke": (ChatHerokuMessages, lambda llm: asyncio.run(llm.ainvoke("Hello"))),
    "stream": (ChatHerokuMessages, lambda llm: list(llm.stream("Hello"))),
    "chat": (HerokuMessages, lambda llm: llm.chat(HELLO)),
    "achat": (HerokuMessages, lambda llm: asyncio.run(llm.achat(HELLO))),
    "stream_chat": (HerokuMessages, lambda llm: list(llm.stream_chat(HELLO))),
    "astream_chat": (HerokuMessages, lambda llm: asyncio.run(read(llm.astream_chat(HELLO)))),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("model", "options"),
    [
        ("claude-sonnet-4-5", {}),
        ("claude-opus-4-6", {"extended_thinking": 1024}),
        ("claude-opus-4-6", {"max_tokens": 30_000}),
    ],
    ids=["an end that is Anthropic's", "a way to think", "a limit of whole answers"],
)
def test_the_sdk_says_nothing_of_its_own_servers(config_vars, emulator, way, model, options):
    kind, use = WAYS[way]
    use(kind(model=model, **options))  # a warning fails the test
    assert [entry.body["model"] for entry in emulator.journal] == [model]
