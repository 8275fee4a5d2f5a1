"""A chat model as an object: made, shown, copied, pickled, dumped, configured."""

from typing import get_type_hints

import httpx
import pytest
from langchain_core.language_models import ModelProfile
from langchain_core.load import dumpd, dumps, load, loads
from langchain_core.messages import HumanMessage
from langchain_core.runnables import ConfigurableField

from heroku_inference import KNOWN_MODELS, ConfigError
from langchain_heroku import ChatHeroku

KEY = "inf-test-key"


def make_llm(**arguments):
    return ChatHeroku(
        **{"model": "claude-4-5-sonnet", "api_key": KEY, "base_url": "https://x.test", **arguments}
    )


def test_an_unknown_argument_goes_to_model_kwargs_with_a_warning():
    with pytest.warns(UserWarning, match="has no argument 'tool_option'"):
        llm = make_llm(tool_option=1)
    assert llm.model_kwargs == {"tool_option": 1}
    with pytest.raises(ConfigError, match="passed directly and in model_kwargs"):
        make_llm(tool_option=1, model_kwargs={"tool_option": 2})


def test_a_copy_with_another_connection_uses_it(emulator, config_vars):
    llm = make_llm(max_retries=0)
    llm._client  # noqa: B018 - now it is made
    changes = {"api_key": None, "base_url": None, "model": "claude-4-5-haiku"}
    assert llm.model_copy(update=changes).invoke("Hello").text


async def test_the_users_async_client_is_used_and_not_closed(emulator, config_vars):
    async with httpx.AsyncClient(headers={"x-mine": "yes"}) as client:
        llm = ChatHeroku(async_http_client=client)
        await llm.ainvoke("Hello")
        assert [chunk async for chunk in llm.astream("Hello")]
        assert not client.is_closed
    assert [entry.headers["x-mine"] for entry in emulator.journal] == ["yes", "yes"]


def test_a_dump_is_loaded_back_where_it_is_allowed(monkeypatch):
    llm = make_llm(temperature=0.5, extended_thinking={"enabled": False}, stop=["x"], timeout=3)
    monkeypatch.setenv("INFERENCE_KEY", KEY)
    allowed = {
        "allowed_objects": [ChatHeroku],
        "valid_namespaces": ["langchain_heroku"],
        "secrets_from_env": True,
    }
    assert KEY not in dumps(llm)
    assert load(dumpd(llm), **allowed) == llm
    assert loads(dumps(llm), **allowed) == llm


def test_a_dump_without_a_key_looks_it_up_again(config_vars):
    loaded = load(
        dumpd(ChatHeroku(temperature=0.5)),
        allowed_objects=[ChatHeroku],
        valid_namespaces=["langchain_heroku"],
    )
    assert vars(loaded)["api_key"] is None
    assert loaded.invoke("Hello").text


def test_parameters_can_be_configured_at_run_time(emulator, config_vars):
    llm = ChatHeroku().configurable_fields(
        model=ConfigurableField(id="model"), temperature=ConfigurableField(id="temperature")
    )
    configured = {"configurable": {"model": "claude-4-5-haiku", "temperature": 0.25}}
    llm.invoke("Hello", config=configured)
    assert emulator.journal[-1].body["model"] == "claude-4-5-haiku"
    assert emulator.journal[-1].body["temperature"] == 0.25
    llm.invoke("Hello")
    assert "temperature" not in emulator.journal[-1].body


def test_the_profile_is_that_of_the_model_by_default():
    assert make_llm().profile["max_input_tokens"]
    assert make_llm().profile["tool_calling"]
    assert make_llm(profile={"max_input_tokens": 5}).profile == {"max_input_tokens": 5}
    assert make_llm().profile is not make_llm().profile


def test_our_profiles_have_no_key_that_core_does_not_know_and_a_users_is_warned_of():
    for model in KNOWN_MODELS:
        assert make_llm(model=model).profile.keys() <= get_type_hints(ModelProfile).keys()
    with pytest.warns(UserWarning, match="Unrecognized keys"):
        make_llm(profile={"no_such_key": 1})


def test_model_kwargs_and_fields_are_both_reported_and_sent(emulator, config_vars):
    llm = ChatHeroku(
        model_kwargs={"extra_body": {"top_a": 1}, "top_k": 5},
        extra_body={"min_p": 0.1},
        allow_ignored_params=True,
    )
    llm.invoke("Hello")
    body = emulator.journal[-1].body
    assert (body["top_a"], body["min_p"], body["top_k"]) == (1, 0.1, 5)
    told = llm._identifying_params
    assert told["extra_body"] == {"min_p": 0.1}
    assert told["model_kwargs"] == {"extra_body": {"top_a": 1}, "top_k": 5}


def test_tokens_are_counted_without_network():
    llm = make_llm()
    messages = [HumanMessage("Why is the sky blue?")]
    tool = {"name": "add", "description": "Add.", "parameters": {"type": "object"}}
    plain = llm.get_num_tokens_from_messages(messages)
    assert 5 < plain < 20
    assert llm.get_num_tokens_from_messages(messages, tools=[tool]) > plain
    assert llm.get_num_tokens("Why is the sky blue?") == 7
    with pytest.raises(NotImplementedError, match="custom_get_token_ids"):
        llm.get_token_ids("Why?")


def test_a_tokenizer_of_the_user_counts_instead():
    llm = make_llm(custom_get_token_ids=lambda text: list(range(len(text.split()))))
    assert llm.get_num_tokens("Why is the sky blue?") == 5
    assert llm.get_token_ids("a b") == [0, 1]
    plain = llm.get_num_tokens_from_messages([HumanMessage("a b c")])
    tool = {"name": "add", "description": "Add.", "parameters": {"type": "object"}}
    assert llm.get_num_tokens_from_messages([HumanMessage("a b c")], tools=[tool]) > plain
