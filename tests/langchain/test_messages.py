"""`ChatHerokuMessages` as an object: arguments, what it sends, secrets, copies and dumps."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import httpx
import pytest
from langchain_anthropic import ChatAnthropic
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

from heroku_inference import ConfigError
from langchain_heroku import ChatHerokuMessages

MODEL = "claude-4-5-sonnet"
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


@pytest.fixture
def make(config_vars):
    def make(**arguments):
        return ChatHerokuMessages(**{"model": MODEL, **arguments})

    return make


@pytest.mark.parametrize("way", ["sync", "async"])
def test_nothing_of_anthropics_or_langsmiths_arrives(emulator, make, monkeypatch, way):
    for name, value in FOREIGN.items():
        monkeypatch.setenv(name, value)
    sent = []
    if way == "sync":
        with httpx.Client(event_hooks={"request": [sent.append]}) as client:
            assert make(http_client=client).invoke("Hi").text
    else:

        async def keep(request):
            sent.append(request)

        async def ask():
            async with httpx.AsyncClient(event_hooks={"request": [keep]}) as client:
                assert (await make(async_http_client=client).ainvoke("Hi")).text

        asyncio.run(ask())
    headers = sent[0].headers
    assert headers["x-api-key"] == emulator.api_key
    assert headers["user-agent"].startswith("heroku-inference/")
    assert headers["anthropic-version"] == "2023-06-01"
    assert headers.keys().isdisjoint({"authorization", "anthropic-beta", "x-wrong"})
    assert not [name for name in headers if name.startswith("x-stainless")]
    assert str(sent[0].url) == f"{emulator.url}/v1/messages"
    assert "wrong" not in str(emulator.journal[0])


def test_what_is_not_said_is_not_sent(emulator, make):
    make().invoke("Hi")
    assert emulator.journal[0].body == {
        "model": MODEL,
        "max_tokens": 8192,
        "messages": [{"role": "user", "content": "Hi"}],
    }


@pytest.mark.parametrize("spelling", ["base_url", "inference_url", "anthropic_api_url"])
@pytest.mark.parametrize("form", ["{}", "{}/", "{}/v1", "{}/v1/"])
def test_the_url_has_many_spellings(emulator, spelling, form):
    url = form.format(emulator.url)
    llm = ChatHerokuMessages(model_name=MODEL, api_key=emulator.api_key, **{spelling: url})
    assert llm.invoke("Hi").text


def test_another_attachment_is_read_by_its_alias(emulator, monkeypatch):
    for name, value in emulator.config_vars.items():
        if name.startswith("INFERENCE_"):
            monkeypatch.setenv(name.replace("INFERENCE_", "INFERENCE_TEAL_", 1), value)
    assert ChatHerokuMessages(model=MODEL, alias="INFERENCE_TEAL").invoke("Hi").text


def test_without_a_key_the_config_var_is_named(monkeypatch):
    for name, value in FOREIGN.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError, match="INFERENCE_KEY"):
        ChatHerokuMessages(model=MODEL)


def test_default_headers_go_over_ours(emulator, make):
    make(default_headers={"User-Agent": "mine", "X-Team": "ours"}).invoke("Hi")
    assert emulator.journal[0].headers["user-agent"] == "mine"
    assert emulator.journal[0].headers["x-team"] == "ours"


def test_headers_of_a_call_are_sent(emulator, make):
    make().invoke("Hi", extra_headers={"anthropic-beta": "some-beta"})
    assert emulator.journal[0].headers["anthropic-beta"] == "some-beta"


@pytest.mark.parametrize(
    ("model", "thinking", "limit"),
    [
        ("claude-4-5-sonnet", None, 8192),
        ("claude-3-5-haiku", None, 4096),
        ("claude-of-tomorrow", None, 8192),
        ("claude-4-5-sonnet", 2000, 8192),
        ("claude-4-5-sonnet", 10_000, 14_096),
    ],
)
def test_the_limit_that_the_endpoint_requires(make, model, thinking, limit):
    payload = make(model=model, extended_thinking=thinking)._get_request_payload("Hi")
    assert payload["max_tokens"] == limit


def test_parameters_and_stops_are_sent(emulator, make):
    make(temperature=0.3, top_k=4, stop=["END"], max_tokens=99).invoke("Hi")
    body = emulator.journal[0].body
    assert {name: body[name] for name in ("temperature", "top_k", "stop_sequences")} == {
        "temperature": 0.3,
        "top_k": 4,
        "stop_sequences": ["END"],
    }
    assert body["max_tokens"] == 99


def test_sampling_is_left_out_while_it_thinks(emulator, make):
    llm = make(temperature=0.3, extended_thinking=True)
    with pytest.warns(UserWarning, match="temperature not sent") as caught:
        llm.invoke("Hi")
    assert caught[0].filename == __file__
    assert "temperature" not in emulator.journal[0].body


def test_a_call_may_think_or_not_by_itself(emulator, make):
    make(extended_thinking=True).invoke("Hi", extended_thinking=False)
    make().invoke("Hi", extended_thinking=1500)
    first, second = (entry.body.get("thinking") for entry in emulator.journal)
    assert (first, second) == (None, {"type": "enabled", "budget_tokens": 1500})


@pytest.mark.parametrize(
    "arguments",
    [
        {"extended_thinking": 100},
        {"extended_thinking": 5000, "max_tokens": 4000},
    ],
    ids=["too small", "over the limit"],
)
def test_a_budget_that_cannot_be_is_refused(emulator, make, arguments):
    with pytest.raises(ConfigError):
        make(**arguments).invoke("Hi")
    assert len(emulator.journal) == 0


def test_two_words_for_thinking_are_refused(make):
    with pytest.raises(ConfigError, match="pass one of them"):
        make(extended_thinking=True, thinking={"type": "enabled", "budget_tokens": 2000})


def test_what_heroku_would_drop_is_said(emulator, make):
    with pytest.warns(UserWarning, match="output_config not sent"):
        make(reasoning_effort="high").invoke("Hi")
    assert "output_config" not in emulator.journal[0].body


CACHED = {"type": "text", "text": "Long.", "cache_control": {"type": "ephemeral"}}


def test_blocks_say_what_to_cache(emulator, make):
    make().invoke([SystemMessage([CACHED]), HumanMessage([CACHED])])
    body = emulator.journal[0].body
    assert body["system"] == [CACHED]
    assert body["messages"][0]["content"] == [CACHED]


def test_cache_control_of_a_call_marks_the_last_block(emulator, make):
    make().invoke([HumanMessage("Long.")], cache_control={"type": "ephemeral"})
    body = emulator.journal[0].body
    assert "cache_control" not in body
    assert body["messages"][0]["content"] == [CACHED]


def test_it_tells_frameworks_what_it_is(make):
    llm = make(max_tokens=10)
    assert isinstance(llm, ChatAnthropic)
    assert llm._llm_type == "anthropic-chat-heroku"
    params = llm._get_ls_params(stop=["x"])
    assert params["ls_provider"] == "anthropic"  # what its messages say
    assert params["ls_model_name"] == MODEL
    assert (params["ls_max_tokens"], params["ls_stop"]) == (10, ["x"])
    assert llm.profile["max_input_tokens"] == 200_000
    assert make(model="nova-of-tomorrow").profile is not None


def test_what_is_set_is_part_of_what_identifies_it(make):
    told = make(stop=["END"], model_kwargs={"of_tomorrow": 1})._identifying_params
    assert (told["stop"], told["model_kwargs"]) == (["END"], {"of_tomorrow": 1})
    assert not {"stop", "model_kwargs"} & make()._identifying_params.keys()


def test_content_blocks_are_translated_as_anthropics(make):
    answer = make(extended_thinking=True).invoke("Hi")
    assert answer.response_metadata["model_provider"] == "anthropic"
    reasoning, text = answer.content_blocks
    assert reasoning["type"] == "reasoning"
    assert reasoning["extras"]["signature"]
    assert text["type"] == "text"


def test_tokens_are_counted_without_network(make):
    assert make().get_num_tokens_from_messages([HumanMessage("one two three")]) > 3
    assert make().get_num_tokens("one two three") == 4


def test_without_langchain_anthropic_the_extra_is_named():
    program = (
        "import sys; sys.modules['langchain_anthropic'] = None\n"
        "from langchain_heroku import ChatHeroku\n"
        "try:\n    from langchain_heroku import ChatHerokuMessages\n"
        "except ImportError as error:\n    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert "heroku-inference[langchain-anthropic]" in done.stdout


def test_histories_of_other_models_are_understood(emulator, make):
    foreign = AIMessage(
        "Yes.",
        additional_kwargs={"reasoning": {"thinking": "Hm."}},
        response_metadata={"model_provider": "heroku"},
    )
    make(extended_thinking=True).invoke([HumanMessage("Is it?"), foreign, HumanMessage("Why?")])
    assert emulator.journal[0].body["messages"][1]["content"] == "Yes."


def test_system_messages_come_first_wherever_they_stand(emulator, make):
    make().invoke([SystemMessage("One."), HumanMessage("Hi"), SystemMessage("Two.")])
    body = emulator.journal[0].body
    assert [block["text"] for block in body["system"]] == ["One.", "Two."]
    assert body["messages"] == [{"role": "user", "content": "Hi"}]


def test_text_that_is_no_unicode_is_refused(make):
    with pytest.raises(ConfigError, match="cannot be written as JSON"):
        make().invoke("\ud800")
