"""`HerokuMessages` as LlamaIndex dumps and copies it; `tests/adapters` holds the rest."""

from __future__ import annotations

from llama_index.core.base.llms.types import ChatMessage

from llama_index_heroku import HerokuMessages

MODEL = "claude-4-5-sonnet"
HI = [ChatMessage("Hi")]


def test_it_is_dumped_without_its_key_and_restored(emulator, make_model):
    llm = make_model(api_key=emulator.api_key, base_url=emulator.url, extended_thinking=2000)
    assert emulator.api_key not in f"{llm.to_dict()} {llm.to_json()} {llm!r} {llm}"
    again = HerokuMessages.from_dict(llm.to_dict())
    assert again.extended_thinking == 2000
