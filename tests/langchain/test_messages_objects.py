"""`ChatHerokuMessages` as LangChain dumps and copies it; `tests/adapters` holds the rest."""

from __future__ import annotations

import json

from langchain_core.load import dumps, load

from langchain_heroku import ChatHerokuMessages

MODEL = "claude-4-5-sonnet"


def test_it_is_dumped_without_its_key_and_loaded_again(emulator, make_model):
    llm = make_model(
        api_key=emulator.api_key, base_url=emulator.url, extended_thinking=2000, top_k=3
    )
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
