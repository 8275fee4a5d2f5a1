"""What both frameworks report of tokens goes into a tally, for each model, whole and streamed."""

from __future__ import annotations

import pytest
from langchain_core.callbacks import get_usage_metadata_callback
from llama_index.core.instrumentation import get_dispatcher
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.instrumentation.events.llm import LLMChatEndEvent
from llama_index.core.llms import ChatMessage

from heroku_inference import Client, UsageTally
from langchain_heroku import ChatHeroku, ChatHerokuMessages
from llama_index_heroku import Heroku, HerokuMessages

MODEL = "claude-4-5-sonnet"
HELLO = [{"role": "user", "content": "Hello there"}]


@pytest.fixture
def once(config_vars):
    return Client(model=MODEL).chat(HELLO).usage


@pytest.mark.parametrize("kind", [ChatHeroku, ChatHerokuMessages])
async def test_langchain(kind, once):
    tally, llm = UsageTally(), kind(model=MODEL)
    with get_usage_metadata_callback() as seen:
        llm.invoke("Hello there")
        list(llm.stream("Hello there"))
        await llm.ainvoke("Hello there")
    for model, counts in seen.usage_metadata.items():
        tally.add(counts, model=model)
    assert tally.total.total_tokens == 3 * once.total_tokens
    assert list(tally.by_model) == [MODEL]


@pytest.mark.parametrize("kind", [Heroku, HerokuMessages])
async def test_llama_index(kind, once):
    class Ledger(BaseEventHandler):
        def handle(self, event, **_):
            if isinstance(event, LLMChatEndEvent):
                response = event.response
                tally.add(response.additional_kwargs, model=response.raw["model"])

    tally, llm, hello = UsageTally(), kind(model=MODEL), [ChatMessage("Hello there")]
    ledger = Ledger()
    get_dispatcher().add_event_handler(ledger)
    try:
        llm.chat(hello)
        list(llm.stream_chat(hello))
        await llm.achat(hello)
    finally:
        get_dispatcher().event_handlers.remove(ledger)
    assert tally.total.total_tokens == 3 * once.total_tokens
    assert list(tally.by_model) == [MODEL]
