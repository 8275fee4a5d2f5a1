"""`HerokuMessages` as LlamaIndex dumps and copies it; `tests/adapters` holds the rest."""

from __future__ import annotations

import asyncio
import copy
import pickle

import pytest
from llama_index.core.base.llms.types import ChatMessage

from llama_index_heroku import HerokuMessages

MODEL = "claude-4-5-sonnet"
HI = [ChatMessage("Hi")]


@pytest.fixture
def make(config_vars):
    def make(**arguments):
        return HerokuMessages(**{"model": MODEL, **arguments})

    return make


def test_it_is_dumped_without_its_key_and_restored(emulator, make):
    llm = make(api_key=emulator.api_key, base_url=emulator.url, extended_thinking=2000)
    assert emulator.api_key not in f"{llm.to_dict()} {llm.to_json()} {llm!r} {llm}"
    again = HerokuMessages.from_dict(llm.to_dict())
    assert again.extended_thinking == 2000


@pytest.mark.parametrize("used", [False, True])
@pytest.mark.parametrize(
    "copied",
    [copy.deepcopy, lambda llm: pickle.loads(pickle.dumps(llm))],
    ids=["deepcopy", "pickle"],
)
def test_copies_think_as_the_original_before_and_after_use(emulator, make, copied, used):
    llm = make(extended_thinking=1500)
    if used:
        llm.chat(HI)
        asyncio.run(llm.achat(HI))
    copied(llm).chat(HI)
    assert emulator.journal[-1].body["thinking"]["budget_tokens"] == 1500


def test_several_calls_at_a_time_share_an_object(emulator, make):
    llm = make(max_retries=0)

    async def ask():
        return await asyncio.gather(*(llm.achat(HI) for _ in range(4)))

    for _ in range(3):
        assert all(answer.message.content for answer in asyncio.run(ask()))
    assert len(emulator.journal) == 12
