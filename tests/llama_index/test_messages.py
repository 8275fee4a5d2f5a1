"""`HerokuMessages` as an object: arguments, what it sends, secrets, copies and dumps."""

from __future__ import annotations

import asyncio
import base64
import subprocess
import sys

import httpx
import pytest
from llama_index.core.base.llms.types import (
    CachePoint,
    ChatMessage,
    ImageBlock,
    TextBlock,
    ThinkingBlock,
)
from llama_index.core.callbacks import CallbackManager, TokenCountingHandler
from llama_index.llms.anthropic import Anthropic

from heroku_inference import ConfigError
from llama_index_heroku import HerokuMessages

MODEL = "claude-4-5-sonnet"
HI = [ChatMessage("Hi")]
FOREIGN = {
    "ANTHROPIC_API_KEY": "sk-ant-wrong",
    "ANTHROPIC_AUTH_TOKEN": "wrong-token",
    "ANTHROPIC_BASE_URL": "http://127.0.0.1:9/wrong",
    "ANTHROPIC_CUSTOM_HEADERS": "x-wrong: 1\nanthropic-beta: wrong\nauthorization: Bearer wrong",
    "ANTHROPIC_PROFILE": "wrong",
}
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5E"
    "rkJggg=="
)


@pytest.fixture
def make(config_vars):
    def make(**arguments):
        return HerokuMessages(**{"model": MODEL, **arguments})

    return make


@pytest.mark.parametrize("way", ["sync", "async"])
def test_nothing_of_anthropics_arrives(emulator, make, monkeypatch, way):
    for name, value in FOREIGN.items():
        monkeypatch.setenv(name, value)
    sent = []
    if way == "sync":
        with httpx.Client(event_hooks={"request": [sent.append]}) as client:
            assert make(http_client=client).chat(HI).message.content
    else:

        async def keep(request):
            sent.append(request)

        async def ask():
            async with httpx.AsyncClient(event_hooks={"request": [keep]}) as client:
                assert (await make(async_http_client=client).achat(HI)).message.content

        asyncio.run(ask())
    headers = sent[0].headers
    assert headers["x-api-key"] == emulator.api_key
    assert headers["user-agent"].startswith("heroku-inference/")
    assert headers.keys().isdisjoint({"authorization", "anthropic-beta", "x-wrong"})
    assert not [name for name in headers if name.startswith("x-stainless")]
    assert str(sent[0].url) == f"{emulator.url}/v1/messages"


def test_without_a_key_the_config_var_is_named(monkeypatch):
    for name, value in FOREIGN.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError, match="INFERENCE_KEY"):
        HerokuMessages(model=MODEL)


def test_what_is_not_said_is_not_sent(emulator, make):
    make().complete("Hi")
    assert emulator.journal[0].body == {
        "model": MODEL,
        "max_tokens": 8192,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}],
    }


@pytest.mark.parametrize("spelling", ["base_url", "inference_url", "api_base"])
@pytest.mark.parametrize("form", ["{}", "{}/", "{}/v1", "{}/v1/"])
def test_the_url_has_many_spellings(emulator, spelling, form):
    url = form.format(emulator.url)
    llm = HerokuMessages(model=MODEL, api_key=emulator.api_key, **{spelling: url})
    assert llm.chat(HI).message.content


def test_parameters_are_sent(emulator, make):
    llm = make(temperature=0.3, stop="END", max_tokens=99, default_headers={"X-Team": "ours"})
    llm.chat(HI, top_k=4)
    body = emulator.journal[0].body
    told = (body["temperature"], body["top_k"], body["stop_sequences"], body["max_tokens"])
    assert told == (0.3, 4, ["END"], 99)
    assert emulator.journal[0].headers["x-team"] == "ours"


def test_a_call_may_think_or_not_by_itself(emulator, make):
    make(extended_thinking=True).chat(HI, extended_thinking=False)
    make().chat(HI, extended_thinking=1500)
    make(extended_thinking=True).chat(HI, thinking={"type": "enabled", "budget_tokens": 1200})
    budgets = [entry.body.get("thinking", {}).get("budget_tokens") for entry in emulator.journal]
    assert budgets == [None, 1500, 1200]


def test_what_heroku_would_drop_is_said(emulator, make):
    with pytest.warns(UserWarning, match="In place of reasoning_effort, pass extended_thinking"):
        make(reasoning_effort="high").chat(HI)
    assert "output_config" not in emulator.journal[0].body


def test_two_words_for_thinking_are_refused(make):
    with pytest.raises(ConfigError, match="pass one of them"):
        make(extended_thinking=True, thinking_dict={"type": "enabled", "budget_tokens": 2000})


@pytest.mark.parametrize(
    ("model", "window"), [(MODEL, 200_000), ("claude-of-tomorrow", 128_000)], ids=["known", "new"]
)
def test_any_model_has_metadata(make, model, window):
    llm = make(model=model)
    assert isinstance(llm, Anthropic)
    assert llm.class_name() == "HerokuMessages"
    assert (llm.metadata.context_window, llm.metadata.num_output) == (window, 8192)
    assert llm.metadata.is_function_calling_model
    assert llm.metadata.model_name == model


def test_blocks_say_what_to_cache(emulator, make):
    point = CachePoint(cache_control={"type": "ephemeral"})
    system = ChatMessage([TextBlock(text="Long."), point], role="system")
    make().chat([system, ChatMessage([TextBlock(text="Hi"), point])])
    body = emulator.journal[0].body
    cached = {"cache_control": {"type": "ephemeral"}}
    shown = [{name: block.get(name) for name in cached} for block in body["system"]]
    assert shown == [{"cache_control": {"type": "ephemeral", "ttl": "5m"}}]
    assert body["messages"][0]["content"][0]["cache_control"]["type"] == "ephemeral"


def test_cache_idx_marks_messages_and_leaves_them_alone(emulator, make):
    asked = ChatMessage("Hi")
    make(cache_idx=-1).chat([asked])
    assert emulator.journal[0].body["messages"][0]["content"][0]["cache_control"]
    assert asked == ChatMessage("Hi")


def test_images_are_sent(emulator, make):
    shown = [TextBlock(text="What is it?"), ImageBlock(image=PIXEL, image_mimetype="image/png")]
    make().chat([ChatMessage(shown)])
    assert emulator.journal[0].body["messages"][0]["content"][1]["type"] == "image"


def test_thinking_of_other_models_and_blank_text_are_left_out(emulator, make):
    foreign = [ThinkingBlock(content="Hm."), TextBlock(text="Yes."), TextBlock(text=" ")]
    history = [*HI, ChatMessage(foreign, role="assistant"), ChatMessage("Why?")]
    make(extended_thinking=True).chat(history)
    sent = emulator.journal[0].body["messages"][1]
    assert sent["content"] == [{"type": "text", "text": "Yes."}]


def test_system_messages_come_first_wherever_they_stand(emulator, make):
    make().chat([ChatMessage("One.", role="system"), *HI, ChatMessage("Two.", role="system")])
    assert emulator.journal[0].body["system"] == "One.\n\nTwo."


@pytest.mark.parametrize("streamed", [False, True])
def test_tokens_are_counted(make, streamed):
    counter = TokenCountingHandler()
    llm = make(callback_manager=CallbackManager([counter]))
    if streamed:
        list(llm.stream_chat(HI))
    else:
        llm.chat(HI)
    assert counter.prompt_llm_token_count > 0
    assert counter.completion_llm_token_count > 0


def test_without_the_integration_the_extra_is_named():
    program = (
        "import sys; sys.modules['llama_index.llms.anthropic'] = None\n"
        "try:\n    from llama_index_heroku import HerokuMessages\n"
        "except ImportError as error:\n    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert "heroku-inference[llama-index-anthropic]" in done.stdout


def test_text_that_is_no_unicode_is_refused(make):
    with pytest.raises(ConfigError, match="cannot be written as JSON"):
        make().complete("\ud800")
