"""What the models of both adapters for Anthropic's Messages endpoint promise alike."""

from __future__ import annotations

import asyncio
import copy
import pickle

import httpx
import pytest

from heroku_emulator import CallTools, Say
from heroku_inference import ConfigError
from langchain_heroku import ChatHeroku
from llama_index_heroku import Heroku
from tests.adapters.conftest import LangChainMessages, messages_models

pytestmark = messages_models

MODEL = "claude-4-5-sonnet"
WAYS = ("send", "stream", "asend", "astream")
HI = ("user", "Hi")
FOREIGN = {
    "ANTHROPIC_API_KEY": "sk-ant-wrong",
    "ANTHROPIC_AUTH_TOKEN": "wrong-token",
    "ANTHROPIC_API_URL": "http://127.0.0.1:9/wrong",
    "ANTHROPIC_BASE_URL": "http://127.0.0.1:9/wrong",
    "ANTHROPIC_CUSTOM_HEADERS": "x-wrong: 1\nanthropic-beta: wrong\nauthorization: Bearer wrong",
    "ANTHROPIC_MCP_SERVERS": "wrong",
    "ANTHROPIC_PROFILE": "wrong",
    "ANTHROPIC_PROXY": "http://127.0.0.1:9",
    "LANGSMITH_GATEWAY": "true",
    "LANGSMITH_GATEWAY_API_KEY": "lsv2_wrong",
    "LANGSMITH_GATEWAY_URL": "http://127.0.0.1:9/wrong",
}
WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather in a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}


def asender(adapter, llm):
    return llm.ainvoke if adapter is LangChainMessages else llm.achat


@pytest.fixture
def foreign_variables(monkeypatch):
    """Variables that Anthropic's and LangSmith's libraries read."""
    for name, value in FOREIGN.items():
        monkeypatch.setenv(name, value)


# Requests


@pytest.mark.usefixtures("foreign_variables")
@pytest.mark.parametrize("way", ["send", "asend"])
def test_no_setting_of_anthropic_or_langsmith_reaches_a_request(emulator, adapter, make, ask, way):
    sent = []

    async def keep(request):
        sent.append(request)

    async def asend():
        async with httpx.AsyncClient(event_hooks={"request": [keep]}) as client:
            await asender(adapter, make(async_http_client=client))(adapter.messages(HI))

    if way == "send":
        with httpx.Client(event_hooks={"request": [sent.append]}) as client:
            assert ask(make(http_client=client)).text
    else:
        asyncio.run(asend())
    headers = sent[0].headers
    assert headers["x-api-key"] == emulator.api_key
    assert headers["user-agent"].startswith("heroku-inference/")
    assert headers["anthropic-version"] == "2023-06-01"
    assert headers.keys().isdisjoint({"authorization", "anthropic-beta", "x-wrong"})
    assert not [name for name in headers if name.startswith("x-stainless")]
    assert str(sent[0].url) == f"{emulator.url}/v1/messages"
    assert "wrong" not in str(emulator.journal[0])


@pytest.mark.usefixtures("foreign_variables")
def test_a_missing_key_names_the_config_var(adapter):
    with pytest.raises(ConfigError, match="INFERENCE_KEY"):
        adapter.model_class(model=MODEL)


def test_only_what_is_set_is_sent(emulator, make, ask):
    ask(make(), text="Hi")
    body = emulator.journal[0].body
    assert body.pop("messages")[0]["content"] in ("Hi", [{"type": "text", "text": "Hi"}])
    assert body == {"model": MODEL, "max_tokens": 8192}


def test_parameters_and_headers_are_sent(emulator, make, ask):
    headers = {"X-Team": "ours"}
    ask(make(temperature=0.3, stop=["END"], max_tokens=99, default_headers=headers), top_k=4)
    body = emulator.journal[0].body
    sent = (body["temperature"], body["top_k"], body["stop_sequences"], body["max_tokens"])
    assert sent == (0.3, 4, ["END"], 99)
    assert emulator.journal[0].headers["x-team"] == "ours"


@pytest.mark.parametrize("form", ["{}", "{}/", "{}/v1", "{}/v1/"])
def test_the_frameworks_own_name_for_the_url_works_too(emulator, adapter, ask, form):
    name = "anthropic_api_url" if adapter is LangChainMessages else "api_base"
    url = {name: form.format(emulator.url)}
    assert ask(adapter.model_class(model=MODEL, api_key=emulator.api_key, **url)).text


def test_system_messages_come_first(emulator, adapter, make):
    talk = [("system", "One."), ("user", "Hi"), ("system", "Two.")]
    adapter.send(make(), adapter.messages(*talk))
    body = emulator.journal[0].body
    system = body["system"]
    texts = system.split("\n\n") if isinstance(system, str) else [b["text"] for b in system]
    assert texts == ["One.", "Two."]
    assert [message["role"] for message in body["messages"]] == ["user"]


def test_half_a_character_is_replaced(emulator, make, ask):
    with pytest.warns(UserWarning, match=r"sent as U\+FFFD"):
        ask(make(), text="caf\ud800")
    assert "caf\ufffd" in str(emulator.journal[-1].body["messages"])


# Thinking


def test_a_call_can_turn_thinking_on_and_off(emulator, make, ask):
    ask(make(extended_thinking=True), extended_thinking=False)
    ask(make(), extended_thinking=1500)
    first, second = (entry.body.get("thinking") for entry in emulator.journal)
    assert (first, second) == (None, {"type": "enabled", "budget_tokens": 1500})


def test_two_arguments_for_thinking_are_refused(adapter, make):
    name = "thinking" if adapter is LangChainMessages else "thinking_dict"
    with pytest.raises(ConfigError, match="Pass one of them"):
        make(extended_thinking=True, **{name: {"type": "enabled", "budget_tokens": 2000}})


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
def test_a_copy_thinks_like_the_original(emulator, make, ask, copied, used):
    llm = make(extended_thinking=1500)
    if used:
        ask(llm)
        ask(llm, "asend")
    ask(copied(llm))
    assert emulator.journal[-1].body["thinking"]["budget_tokens"] == 1500


def test_thinking_goes_off_after_tool_calls_made_without_it(emulator, adapter, make):
    call = CallTools([("weather", {"city": "Oslo"})])
    emulator.script(call, Say("9 degrees.", path="/v1/messages"))
    other = (ChatHeroku if adapter is LangChainMessages else Heroku)(model=MODEL)
    history = adapter.messages(("user", "How warm is it in Oslo?"))
    answer = adapter.answer(other, history, tools=[WEATHER])
    history += [answer, adapter.tool_result(answer, "9 degrees")]
    llm = make(extended_thinking=True)
    with pytest.warns(UserWarning, match="Thinking is off for this call"):
        history.append(adapter.answer(llm, history, tools=[WEATHER]))
    assert "thinking" not in emulator.journal[-1].body
    adapter.answer(llm, history + adapter.messages(("user", "And in Lyon?")), tools=[WEATHER])
    assert "thinking" in emulator.journal[-1].body


# Sharing


def test_several_calls_at_a_time_share_an_object(emulator, adapter, make):
    llm = make(max_retries=0)
    asend = asender(adapter, llm)

    async def ask():
        return await asyncio.gather(*(asend(adapter.messages(HI)) for _ in range(4)))

    for _ in range(3):
        assert len(asyncio.run(ask())) == 4
    assert len(emulator.journal) == 12
