"""`ChatHerokuMessages` as LangChain dumps and copies it; `tests/adapters` holds the rest."""

from __future__ import annotations

import asyncio
import copy
import json
import pickle

import pytest
from langchain_core.load import dumps, load

from langchain_heroku import ChatHerokuMessages

MODEL = "claude-4-5-sonnet"


@pytest.fixture
def make(config_vars):
    def make(**arguments):
        return ChatHerokuMessages(**{"model": MODEL, **arguments})

    return make


def test_it_is_dumped_without_its_key_and_loaded_again(emulator, make):
    llm = make(api_key=emulator.api_key, base_url=emulator.url, extended_thinking=2000, top_k=3)
    dumped = dumps(llm)
    assert emulator.api_key not in dumped
    again = load(
        json.loads(dumped),
        allowed_objects=[ChatHerokuMessages],
        valid_namespaces=["langchain_heroku"],
        secrets_from_env=True,
    )
    assert (again.model, again.extended_thinking, again.top_k) == (MODEL, 2000, 3)
    assert again.api_key.get_secret_value() == emulator.api_key


@pytest.mark.parametrize("used", [False, True])
@pytest.mark.parametrize(
    "copied",
    [
        copy.deepcopy,
        lambda llm: pickle.loads(pickle.dumps(llm)),
        lambda llm: llm.model_copy(update={"max_tokens": 5000}),
    ],
    ids=["deepcopy", "pickle", "model_copy"],
)
def test_copies_think_as_the_original_before_and_after_use(emulator, make, copied, used):
    llm = make(extended_thinking=1500)
    if used:
        llm.invoke("Hi")
        asyncio.run(llm.ainvoke("Hi"))
    copied(llm).invoke("Hi")
    assert emulator.journal[-1].body["thinking"]["budget_tokens"] == 1500


def test_several_calls_at_a_time_share_an_object(emulator, make):
    llm = make(max_retries=0)

    async def ask():
        return await asyncio.gather(*(llm.ainvoke("Hi") for _ in range(4)))

    for _ in range(3):
        assert all(answer.text for answer in asyncio.run(ask()))
    assert len(emulator.journal) == 12
