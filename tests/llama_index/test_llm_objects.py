"""`Heroku` as an object: its conventions, what it knows, and how it is stored and made again."""

from __future__ import annotations

import copy
import json
import logging
import pickle

import httpx
import pytest
from llama_index.core import Settings
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.base.llms.base import BaseLLM
from llama_index.core.callbacks import CallbackManager
from llama_index.core.llms import ChatMessage
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index.core.rate_limiter import TokenBucketRateLimiter

from heroku_inference import KNOWN_MODELS
from llama_index_heroku import Heroku

KEY = "inf-test-key"
HELLO = [ChatMessage("Hello")]


def make_llm(**arguments):
    return Heroku(
        **{"model": "claude-4-5-sonnet", "api_key": KEY, "base_url": "https://x.test", **arguments}
    )


# Conventions


def test_it_is_an_llm_that_calls_functions():
    names = [base.__name__ for base in Heroku.__mro__]
    assert {BaseLLM.__name__, FunctionCallingLLM.__name__} <= set(names)
    assert Heroku.class_name() == make_llm().class_name() == "Heroku"


def test_the_settings_of_llama_index_take_it_from_the_config_vars(config_vars):
    before = Settings._llm
    try:
        Settings.llm = Heroku()
        assert Settings.llm.complete("Hello").text
    finally:
        Settings._llm = before


def test_messages_can_be_stored(config_vars):
    json.dumps(Heroku().chat(HELLO).message.model_dump())
    assert Heroku().chat(HELLO).message.model_dump_json()


# Arguments


def test_calls_for_other_classes_only_change_their_import(emulator, config_vars):
    """Arguments of `llama-index-llms-heroku` and of `OpenAILike`, all at once."""
    with httpx.Client() as client:
        llm = Heroku(
            model="claude-4-5-sonnet",
            api_key=emulator.api_key,
            inference_url=emulator.url,
            max_tokens=1024,
            is_chat_model=True,
            is_function_calling_model=True,
            context_window=100_000,
            temperature=0.1,
            additional_kwargs={"top_k": 5},
            extra_body={"extended_thinking": {"enabled": False}},
            max_retries=3,
            timeout=60.0,
            reuse_client=False,
            default_headers={"x-mine": "yes"},
            http_client=client,
            api_version="",
            strict=False,
            should_use_structured_outputs=True,
            tokenizer=None,
            reasoning_effort=None,
            logprobs=None,
            callback_manager=CallbackManager([]),
            system_prompt="Be brief.",
        )
        assert llm.complete("Hello").text
    assert emulator.journal[-1].headers["x-mine"] == "yes"
    assert (llm.model, llm.api_key, llm.max_tokens) == ("claude-4-5-sonnet", emulator.api_key, 1024)
    assert llm.api_base == f"{emulator.url}/v1"


def test_an_argument_that_heroku_ignores_is_named():
    with pytest.warns(UserWarning, match="logprobs not sent"):
        make_llm(logprobs=True)


# Metadata


def test_metadata_is_that_of_the_model():
    metadata = make_llm().metadata
    assert metadata.context_window == 200_000
    assert metadata.is_function_calling_model
    assert metadata.is_chat_model
    assert metadata.model_name == "claude-4-5-sonnet"
    assert make_llm(model="claude-4-sonnet").metadata.num_output == 8192


@pytest.mark.parametrize("model", [*KNOWN_MODELS, "claude-9-opus", "x"])
def test_metadata_is_there_for_any_model(model):
    metadata = make_llm(model=model).metadata
    assert metadata.context_window >= 128_000
    assert metadata.num_output >= 4096
    assert metadata.is_function_calling_model


def test_values_of_the_user_win():
    llm = make_llm(context_window=5, max_tokens=6, is_function_calling_model=False)
    metadata = llm.metadata
    assert (metadata.context_window, metadata.num_output) == (5, 6)
    assert not metadata.is_function_calling_model
    assert make_llm(model="x", is_function_calling_model=True).metadata.is_function_calling_model


# Stored and made again


@pytest.mark.parametrize("used", [False, True])
def test_a_dump_makes_it_again_with_the_key_from_the_config_vars(emulator, config_vars, used):
    llm = Heroku(
        temperature=0.5,
        extended_thinking={"enabled": False},
        stop=["x"],
        timeout=3,
        system_prompt="Be brief.",
        additional_kwargs={"top_k": 5},
        context_window=9000,
    )
    if used:
        llm.chat(HELLO)
    for again in (Heroku.from_dict(llm.to_dict()), Heroku.from_json(llm.to_json())):
        assert again.to_dict() == llm.to_dict()
        assert again.chat(HELLO).message == llm.chat(HELLO).message
    assert Heroku.from_dict(llm.to_dict(), api_key=KEY, base_url="https://y.test").api_key == KEY


def test_pickling_leaves_the_object_alone_and_says_what_cannot_travel(config_vars, caplog):
    with httpx.Client() as client:
        llm = Heroku(http_client=client, default_headers={"x-mine": "yes"})
        llm.chat(HELLO)
        with caplog.at_level(logging.WARNING):
            again = pickle.loads(pickle.dumps(llm))
        assert "http_client" in caplog.text
        assert llm.http_client is client
    assert again.http_client is None
    assert again.default_headers == {"x-mine": "yes"}
    assert again.chat(HELLO).message.content


def test_a_deep_copy_shares_the_limiter_and_the_callbacks():
    llm = make_llm(rate_limiter=TokenBucketRateLimiter(requests_per_minute=5))
    twin = copy.deepcopy(llm)
    assert twin.rate_limiter is llm.rate_limiter
    assert twin.callback_manager is llm.callback_manager


@pytest.mark.filterwarnings("ignore::pydantic.PydanticDeprecationWarning")  # LlamaIndex's own
def test_an_agent_that_holds_it_can_be_copied_after_use(config_vars):
    llm = Heroku()
    llm.chat(HELLO)
    agent = FunctionAgent(tools=[], llm=llm)
    assert copy.deepcopy(agent).llm.chat(HELLO).message.content
    assert agent.model_copy(deep=True).llm.chat(HELLO).message.content


async def test_code_that_closes_its_models_still_runs(config_vars):
    with Heroku() as llm:
        assert llm.complete("Hello").text
    async with Heroku() as llm:
        assert (await llm.acomplete("Hello")).text
    assert llm.complete("Hello").text
