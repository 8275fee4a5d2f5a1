"""The door for adapters, proven by a third one that is built on nothing else."""

from __future__ import annotations

import ast
import asyncio
from pathlib import Path

import pytest

from heroku_emulator import CallTools, Fault
from heroku_inference import ConfigError, NotFoundError, ServerError
from tests.adapters import haystack_like as haystack
from tests.adapters.haystack_like import (
    ComponentError,
    HerokuChatGenerator,
    HerokuRanker,
    HerokuTextEmbedder,
    Message,
)

HELLO = [Message("user", "Hello")]
WEATHER = {
    "name": "get_weather",
    "description": "The weather in a city.",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}},
}
COMPONENTS = (HerokuChatGenerator, HerokuTextEmbedder, HerokuRanker)


def test_it_imports_from_the_core_what_an_adapter_may_import():
    source = Path(haystack.__file__).read_text(encoding="utf-8")
    modules = {
        node.module
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("heroku_inference")
    }
    allowed = (
        "heroku_inference._adapters.",
        "heroku_inference._errors",
        "heroku_inference._values",
    )
    assert {m for m in modules if not m.startswith(allowed)} == {"heroku_inference"}
    assert len(source.splitlines()) < 120


@pytest.mark.usefixtures("config_vars")
def test_it_chats_whole_and_streamed_blocking_and_awaited(emulator):
    model = HerokuChatGenerator(temperature=0.2)

    async def stream():
        return [text async for text in model.stream_async(HELLO)]

    whole = model.run(HELLO)
    assert whole.text
    assert whole.meta == {"finish_reason": "stop"}
    assert asyncio.run(model.run_async(HELLO)).text == whole.text
    assert "".join(model.stream(HELLO)) == whole.text
    assert "".join(asyncio.run(stream())) == whole.text
    assert [entry.body["temperature"] for entry in emulator.journal] == [0.2] * 4


@pytest.mark.usefixtures("config_vars")
def test_its_model_calls_tools_and_takes_their_results(emulator):
    model = HerokuChatGenerator()
    emulator.script(CallTools([("get_weather", '{"city": "Lyon"}')]))
    called = model.run([Message("user", "Do I need an umbrella in Lyon?")], tools=[WEATHER])
    [(call_id, name, arguments)] = called.calls
    assert (name, arguments) == ("get_weather", {"city": "Lyon"})
    failed = Message("tool", "no such city", meta={"id": call_id, "failed": True})
    assert model.run([*HELLO, called, failed], tools=[WEATHER]).text
    assert emulator.journal[-1].body["messages"][-1]["content"] == "Error: no such city"


@pytest.mark.usefixtures("config_vars")
def test_it_embeds_in_batches_and_reranks(emulator):
    vectors = HerokuTextEmbedder().run([f"text {number}" for number in range(100)])
    assert len(vectors) == 100
    assert {entry.body["input_type"] for entry in emulator.journal} == {"search_document"}
    documents = ["Bread needs flour.", "The solar system has eight planets.", "Cats sleep a lot."]
    best = HerokuRanker(top_n=1).run("How many planets does the solar system have?", documents)
    assert best == [documents[1]]


@pytest.mark.usefixtures("config_vars")
def test_errors_of_calls_are_the_core_s(emulator):
    emulator.script(Fault(503))
    with pytest.raises(ServerError):
        HerokuChatGenerator(max_retries=0).run(HELLO)
    with pytest.raises(NotFoundError):
        HerokuTextEmbedder(model="no-such-model").run(["text"])


@pytest.mark.parametrize("component", COMPONENTS)
def test_errors_of_construction_are_the_framework_s_too(component, config_vars, monkeypatch):
    for arguments, words in (
        ({"api_kee": "x"}, "Did you mean 'api_key'?"),
        ({"timeout": 0}, "timeout must be greater than 0"),
    ):
        with pytest.raises(ComponentError) as caught:
            component(**arguments)
        assert isinstance(caught.value, ConfigError)
        assert words in str(caught.value)
    for name in config_vars:
        monkeypatch.delenv(name)
    with pytest.raises(ComponentError, match="API key is required"):
        component()
