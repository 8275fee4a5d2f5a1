"""What holds for a chat model of either adapter: requests, settings, secrets, copies."""

from __future__ import annotations

import copy

import pytest

from heroku_emulator import CallTools, Say
from heroku_inference import ConfigError
from tests.adapters import conftest as ways_of_calling
from tests.adapters.conftest import every_model
from tests.wire_cases import TOOLS

KEY = "inf-test-key"
WAYS = ("send", "stream", "asend", "astream")


def sent(emulator):
    body = dict(emulator.journal[-1].body)
    body.pop("messages")
    if body.pop("stream", None):
        assert body.pop("stream_options") == {"include_usage": True}
    return body


# Requests


@pytest.mark.parametrize("way", WAYS)
def test_what_is_not_set_is_not_sent(emulator, make, ask, way):
    ask(make(), way)
    assert sent(emulator) == {"model": "claude-4-5-sonnet"}


PARAMETERS = {
    "temperature": 0.5,
    "top_k": 10,
    "max_tokens": 5000,
    "stop": ["x"],
    "parallel_tool_calls": True,
    "allow_ignored_params": True,
}


@pytest.mark.parametrize("way", WAYS)
def test_each_parameter_is_sent_from_the_model_and_from_the_call_which_wins(
    emulator, make, ask, way
):
    ask(make(**PARAMETERS), way)
    assert sent(emulator) == {"model": "claude-4-5-sonnet", **PARAMETERS}
    ask(make(), way, **PARAMETERS)
    assert sent(emulator) == {"model": "claude-4-5-sonnet", **PARAMETERS}
    other = {"temperature": 0.25, "stop": ["y"], "max_completion_tokens": 50}
    ask(make(**PARAMETERS), way, model="claude-4-5-haiku", **other)
    body = sent(emulator)
    assert body["model"] == "claude-4-5-haiku"
    assert {name: body[name] for name in other} == other
    assert "max_tokens" not in body


def test_extra_fields_are_merged_last_those_of_the_call_over_those_of_the_model(
    emulator, make, ask
):
    llm = make(
        temperature=0.5,
        max_tokens=5000,
        extra_body={"temperature": 1, "extended_thinking": {"budget_tokens": 2000}},
    )
    ask(llm, extra_body={"extended_thinking": {"enabled": True}})
    assert "temperature" not in sent(emulator)
    assert sent(emulator)["extended_thinking"] == {"enabled": True, "budget_tokens": 2000}
    assert llm.extra_body["extended_thinking"] == {"budget_tokens": 2000}


@pytest.mark.parametrize("way", ["send", "stream"])
def test_what_heroku_ignores_is_left_out_with_a_warning_at_the_callers_line(
    emulator, make, ask, way
):
    with pytest.warns(UserWarning, match="seed not sent: Heroku ignores it") as caught:
        ask(make(), way, seed=1)
    assert caught[0].filename == ways_of_calling.__file__
    assert sent(emulator) == {"model": "claude-4-5-sonnet"}


def test_prompt_caching_can_be_turned_off(emulator, make, ask):
    ask(make(prompt_caching=False))
    assert emulator.journal[-1].headers["x-heroku-prompt-caching"] == "false"


@pytest.mark.parametrize("way", WAYS)
def test_inputs_are_not_changed(emulator, adapter, make, way):
    messages = [
        *adapter.messages(("system", "Be brief."), ("user", "Hello"), ("assistant", "")),
        *adapter.tool_turn(),
    ]
    before = copy.deepcopy(messages)
    options = {"tools": copy.deepcopy(TOOLS), "extra_body": {"top_k": 5}}
    getattr(adapter, way)(make(), messages, **options)
    assert messages == before
    assert options == {"tools": TOOLS, "extra_body": {"top_k": 5}}


@pytest.mark.parametrize("way", WAYS)
def test_turns_of_tools_only_and_empty_output_are_accepted(emulator, adapter, make, way):
    getattr(adapter, way)(make(), adapter.tool_turn(), tools=TOOLS)
    _, called, output = emulator.journal[-1].body["messages"]
    assert called["content"]
    assert output["content"]
    assert called["tool_calls"][0]["function"] == {"name": "now", "arguments": "{}"}


@pytest.mark.parametrize("way", WAYS)
def test_thinking_goes_off_for_turns_that_heroku_cannot_carry_it_through(
    emulator, adapter, make, way
):
    llm = make(extended_thinking=1024, max_tokens=4000)
    said = getattr(adapter, way)(llm, adapter.messages(("user", "Hello")))
    assert said.reasoning
    assert emulator.journal[-1].body["extended_thinking"]["enabled"]
    with pytest.warns(UserWarning, match="Thinking is off for this call"):
        getattr(adapter, way)(llm, adapter.tool_turn(), tools=TOOLS)
    assert "extended_thinking" not in emulator.journal[-1].body


def test_thoughts_before_a_call_of_a_tool_are_not_sent_back(emulator, adapter, make):
    emulator.script(CallTools([("now", {})], reasoning="I need the time."), Say("Noon."))
    llm = make(extended_thinking=1024, max_tokens=4000)
    history = adapter.messages(("user", "The time?"))
    answer = adapter.answer(llm, history, tools=TOOLS)
    history += [answer, adapter.tool_result(answer, "noon")]
    with pytest.warns(UserWarning, match="Thinking is off for this call"):
        adapter.answer(llm, history, tools=TOOLS)
    assert "I need the time." not in str(emulator.journal[-1].body)


@every_model
@pytest.mark.parametrize("maker", ["OPENAI", "ANTHROPIC", "LANGSMITH_GATEWAY"])
def test_no_variable_of_other_makers_reaches_a_request(emulator, make, ask, monkeypatch, maker):
    names = ["API_KEY", "AUTH_TOKEN", "ORG_ID", "PROJECT_ID", "API_BASE", "API_URL", "BASE_URL"]
    for name in [*names, "CUSTOM_HEADERS"]:
        monkeypatch.setenv(f"{maker}_{name}", "https://leak.test/leak")
    monkeypatch.setenv("LANGSMITH_GATEWAY", "true")
    for way in WAYS:
        ask(make(), way)
    for entry in emulator.journal:
        assert "leak" not in str(entry.headers) + str(entry.body)
        assert not any(name.startswith(("openai", "x-stainless")) for name in entry.headers)


@every_model
@pytest.mark.parametrize("way", WAYS)
def test_a_header_that_cannot_be_sent_is_a_config_error(emulator, make, ask, way):
    with pytest.raises(ConfigError, match=r"default_headers\['x-team'\]"):
        ask(make(default_headers={"x-team": "two\nlines"}), way)
    assert len(emulator.journal) == 0


@every_model
def test_headers_of_the_user_win_and_ours_name_the_package(emulator, make, ask, ways):
    ask(make(), ways[0])
    assert emulator.journal[-1].headers["user-agent"].startswith("heroku-inference/")
    ask(make(default_headers={"User-Agent": "mine/1"}), ways[0])
    assert emulator.journal[-1].headers["user-agent"] == "mine/1"


# Settings and secrets


@every_model
def test_what_is_missing_is_a_config_error_when_the_object_is_made(adapter):
    with pytest.raises(ConfigError, match="API key is required"):
        adapter.model_class(model="claude-4-5-sonnet")
    with pytest.raises(ValueError, match="Model is required"):
        adapter.model_class(api_key=KEY, base_url="https://x.test")


@every_model
def test_a_key_is_not_sent_to_a_url_it_does_not_belong_to(adapter, monkeypatch):
    monkeypatch.setenv("INFERENCE_KEY", KEY)
    with pytest.raises(ConfigError, match="Inference URL is required"):
        adapter.model_class(model="claude-4-5-sonnet")
    monkeypatch.setenv("INFERENCE_URL", "https://x.test")
    with pytest.raises(ConfigError, match="belongs to"):
        adapter.model_class(model="claude-4-5-sonnet", base_url="https://y.test")


@every_model
@pytest.mark.parametrize("url", ["{}", "{}/", "{}/v1", "{}/v1/"])
@pytest.mark.parametrize("name", ["base_url", "inference_url"])
def test_every_spelling_of_the_url_is_the_same(emulator, adapter, make, ask, name, url):
    ask(make(api_key=emulator.api_key, **{name: url.format(emulator.url)}))
    assert emulator.journal[-1].path == adapter.path


@every_model
def test_a_changed_object_calls_whom_it_says(emulator, make, ask):
    llm = make(api_key=KEY, base_url="https://x.test")
    llm._client  # noqa: B018 - now it is made
    for name, value in {"api_key": None, "base_url": None, "model": "claude-4-5-haiku"}.items():
        setattr(llm, name, value)
    assert ask(llm).text
    assert emulator.journal[-1].body["model"] == "claude-4-5-haiku"
