"""Programs for `llama-index-llms-heroku`, `llama-index-embeddings-heroku` and `OpenAILike`."""

from __future__ import annotations

import traceback

import pytest
from llama_index.core.callbacks import CallbackManager

from heroku_inference import ConfigError
from llama_index_heroku import Heroku, HerokuEmbedding, HerokuMessages, HerokuRerank

KEY = "inf-a-key-that-must-not-show"
URL = "https://x.test"


def refusal(kind, *values, **arguments):
    with pytest.raises(ConfigError) as caught:
        kind(*values, **arguments)
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    ours = [frame.locals for frame in shown.stack if frame.filename != __file__]
    assert KEY not in f"{caught.value} {ours}"
    return str(caught.value)


# By position


@pytest.mark.parametrize("kind", [Heroku, HerokuMessages])
def test_the_first_arguments_of_a_model_need_no_names(emulator, kind):
    llm = kind("claude-4-5-sonnet", emulator.api_key, emulator.url, 512, True, temperature=0.5)
    assert llm.complete("Hello").text
    assert emulator.journal[-1].body["max_tokens"] == 512
    assert (llm.model, llm.api_key, llm.is_chat_model) == (
        "claude-4-5-sonnet",
        emulator.api_key,
        True,
    )


def test_the_first_arguments_of_an_embedding_need_no_names(emulator):
    callbacks = CallbackManager([])
    model = "cohere-embed-multilingual"
    embedding = HerokuEmbedding(model, emulator.api_key, emulator.url, 30.0, 10, callbacks)
    assert embedding.get_text_embedding("A text")
    assert (embedding.model, embedding.timeout, embedding.embed_batch_size) == (model, 30.0, 10)
    assert embedding.callback_manager is callbacks


def test_a_model_by_position_reads_the_rest_from_the_config_vars(config_vars):
    assert Heroku("claude-4-sonnet").complete("Hello").text


def test_the_order_of_openai_like_is_refused_with_ours():
    refused = refusal(Heroku, "claude-4-5-sonnet", 0.1, 512)
    assert "api_key, the second by position, must be a str, got a value of type float." in refused
    assert "takes model, api_key, inference_url, max_tokens, is_chat_model." in refused
    assert "temperature" in refused


@pytest.mark.parametrize("kind", [Heroku, HerokuEmbedding])
def test_too_many_and_twice_are_refused(kind):
    assert "by position" in refusal(kind, *["m", KEY, URL], *[None] * 9)
    twice = refusal(kind, "m", KEY, api_key=KEY)
    assert twice == "api_key was passed by position and by name. Pass it once."


def test_a_reranker_takes_names_only():
    refused = refusal(HerokuRerank, 3, KEY)
    assert refused.startswith("HerokuRerank() takes arguments by name only, got 2 by position.")


def test_a_key_in_the_place_of_the_model_is_not_shown():
    refusal(Heroku, KEY, 5)
    refusal(Heroku, "m", URL, KEY, "x")


# By name: those of `OpenAILike` with their defaults are in tests/foreign.


@pytest.mark.parametrize("name", ["openai_client", "async_openai_client"])
def test_clients_of_the_sdk_are_refused_with_what_to_pass(name):
    refused = refusal(Heroku, api_key=KEY, base_url=URL, model="m", **{name: object()})
    assert refused.startswith(f"{name} has no use here")
    assert name.replace("openai", "http") in refused
    assert Heroku(api_key=KEY, base_url=URL, model="m", **{name: None})


@pytest.mark.parametrize(
    "arguments",
    [
        {"api_type": "open_ai", "api_version": "v1"},
        {"additional_kwargs": None, "callback_manager": None, "output_parser": None},
        {"max_new_tokens": 64},
        {"api_base": None, "inference_url": None},
        {"base_url": None, "api_base": URL},
    ],
    ids=["without effect", "None as elsewhere", "max_new_tokens", "no URL", "one URL of two"],
)
def test_what_old_programs_pass_is_taken(arguments):
    llm = Heroku(**{"model": "m", "api_key": KEY, "base_url": URL, **arguments})
    assert llm.max_tokens == arguments.get("max_new_tokens")
    assert llm.settings.base_url == URL
    assert llm.additional_kwargs == {}


def test_arguments_of_openai_like_embeddings_are_taken_or_refused():
    right = {"model_name": "m", "api_key": KEY, "api_base": URL}
    taken = {"api_version": "", "reuse_client": True, "dimensions": None, "additional_kwargs": None}
    assert HerokuEmbedding(**right, **taken).model == "m"
    for name, value in {"dimensions": 256, "additional_kwargs": {"a": 1}}.items():
        assert "extra_body" in refusal(HerokuEmbedding, **right, **{name: value})
