"""Refused models with names of OpenAI's: the error says which model of Heroku's to use."""

from __future__ import annotations

import pytest

from heroku_emulator import Fault
from heroku_inference import (
    AsyncClient,
    Client,
    HerokuError,
    InvalidRequestError,
    NotFoundError,
    _warnings,
    known_model,
)
from heroku_inference._model_advice import model_hint, recommended_model

QUESTION = [{"role": "user", "content": "Hi"}]
RECOMMENDED = {
    "gpt-4o": "claude-4-5-sonnet",
    "gpt-4o-2024-11-20": "claude-4-5-sonnet",
    "gpt-4": "claude-4-5-sonnet",
    "gpt-4-turbo": "claude-4-5-sonnet",
    "gpt-4.1": "claude-4-5-sonnet",
    "gpt-5": "claude-4-5-sonnet",
    "gpt-5.1-codex": "claude-4-5-sonnet",
    "chatgpt-4o-latest": "claude-4-5-sonnet",
    "openai/gpt-4o": "claude-4-5-sonnet",
    "ft:gpt-4o:acme::1": "claude-4-5-sonnet",
    "GPT-4o": "claude-4-5-sonnet",
    "o1": "claude-4-5-sonnet",
    "o1-preview-2024-09-12": "claude-4-5-sonnet",
    "o3": "claude-4-5-sonnet",
    "gpt-4o-mini": "claude-4-5-haiku",
    "gpt-4o-mini-2024-07-18": "claude-4-5-haiku",
    "gpt-4.1-nano": "claude-4-5-haiku",
    "gpt-5-mini": "claude-4-5-haiku",
    "gpt-3.5-turbo": "claude-4-5-haiku",
    "gpt-35-turbo": "claude-4-5-haiku",
    "o3-mini-2025-01-31": "claude-4-5-haiku",
    "o4-mini": "claude-4-5-haiku",
    "text-embedding-3-small": "cohere-embed-multilingual",
    "text-embedding-3-large": "cohere-embed-multilingual",
    "text-embedding-ada-002": "cohere-embed-multilingual",
    "dall-e-3": "stable-image-ultra",
    "gpt-image-1": "stable-image-ultra",
    "gpt-image-1-mini": "stable-image-ultra",
}
NOT_OPENAIS = [
    "gpt-oss-120b",
    "gpt-oss-20b",
    "gpt-oss-120b-tts",
    "openai/gpt-oss-120b",
    "claude-4-5-sonnet",
    "cohere-embed-multilingual",
    "olmo-2",
    "o200k",
    "",
]
NOTHING_OF_THE_KIND = ["whisper-1", "tts-1-hd", "gpt-4o-mini-tts", "omni-moderation-latest"]


@pytest.mark.parametrize(("model", "instead"), RECOMMENDED.items(), ids=list(RECOMMENDED))
def test_a_model_of_openais_has_a_known_counterpart_on_heroku(model, instead):
    assert recommended_model(model) == instead
    assert known_model(instead) is not None
    assert repr(model) in model_hint(model)
    assert repr(instead) in model_hint(model)


@pytest.mark.parametrize("model", NOT_OPENAIS)
def test_other_names_get_no_hint(model):
    assert recommended_model(model) is None
    assert not model_hint(model)


@pytest.mark.parametrize("model", NOTHING_OF_THE_KIND)
def test_kinds_of_models_that_heroku_lacks_are_reported_as_missing(model):
    assert recommended_model(model) is None
    assert "not known to have one of its kind" in model_hint(model)


def test_a_model_that_has_ended_is_refused_with_the_one_to_use(emulator, config_vars):
    emulator.switch(ended_models="reject")
    _warnings._given.clear()
    with (
        pytest.warns(UserWarning, match="Use 'claude-4-5-haiku'"),
        pytest.raises(NotFoundError) as raised,
    ):
        Client().chat(QUESTION, model="claude-3-5-haiku")
    assert raised.value.remedy.endswith(
        "'claude-3-5-haiku' reached its end of life on 2026-06-12: use 'claude-4-5-haiku'."
    )


def test_another_refusal_of_the_same_model_says_nothing_of_its_budget(config_vars):
    with pytest.raises(InvalidRequestError) as raised:
        Client().chat(QUESTION, model="claude-opus-4-8", extra_body={"max_tokens": -1})
    assert "adaptive" not in str(raised.value)


def test_reasoning_models_come_with_the_way_to_have_a_model_think():
    assert "extended_thinking" in model_hint("o3")
    assert "extended_thinking" not in model_hint("gpt-4o")


def test_embedding_models_come_with_the_warning_to_embed_again():
    assert "embed stored texts again" in model_hint("text-embedding-3-small")


def test_the_endpoint_decides_before_the_name():
    assert "'stable-image-ultra'" in model_hint("gpt-4o", "image")
    assert "'cohere-rerank-3-5'" in model_hint("o3", "rerank")
    assert "extended_thinking" not in model_hint("o3", "rerank")


@pytest.fixture(params=["object", "string"])
def refusing(request, emulator, config_vars):
    """An emulator whose refusals come in each of the envelopes."""
    emulator.switch(error_envelope=request.param)
    return emulator


@pytest.fixture(params=["sync", "async"])
def refused(request):
    """Makes a call and returns the error it ends in; the same for both clients."""
    asynchronous = request.param == "async"

    async def made(call):
        outcome = call(AsyncClient() if asynchronous else Client())
        if hasattr(outcome, "__aiter__"):
            return [piece async for piece in outcome]
        return await outcome if asynchronous else list(outcome)

    async def refused(call):
        with pytest.raises(HerokuError) as raised:
            await made(call)
        return raised.value

    return refused


CALLS = {
    "chat": (lambda client: client.chat(QUESTION, model="gpt-4o"), "claude-4-5-sonnet"),
    "stream": (lambda client: client.stream_chat(QUESTION, model="o3-mini"), "claude-4-5-haiku"),
    "embed": (
        lambda client: client.embed(["a"], model="text-embedding-3-small"),
        "cohere-embed-multilingual",
    ),
    "embed-with-a-chat-model": (
        lambda client: client.embed(["a"], model="gpt-4o"),
        "cohere-embed-multilingual",
    ),
    "image": (
        lambda client: client.generate_image("A cat", model="dall-e-3"),
        "stable-image-ultra",
    ),
    "agent": (lambda client: client.run_agent(QUESTION, model="gpt-4.1"), "claude-4-5-sonnet"),
    "agent-stream": (lambda client: client.stream_agent(QUESTION, model="o3"), "claude-4-5-sonnet"),
    "rerank": (lambda client: client.rerank("a", ["b"], model="gpt-4o"), "cohere-rerank-3-5"),
}


@pytest.mark.parametrize(("call", "instead"), CALLS.values(), ids=list(CALLS))
async def test_the_refusal_names_the_model_to_use(call, instead, refusing, refused):
    error = await refused(call)
    assert refusing.journal[-1].status == 404
    assert repr(instead) in str(error)
    assert str(error) == error.message


@pytest.mark.parametrize("status", [400, 403, 404])
async def test_each_refusal_of_a_model_is_completed(status, refusing, refused):
    refusing.script(Fault(status))
    error = await refused(CALLS["chat"][0])
    assert error.status_code == status
    assert str(error).endswith("on Heroku use 'claude-4-5-sonnet'.")


@pytest.mark.parametrize("status", [401, 422, 500])
async def test_failures_that_are_not_about_the_model_are_not(status, refusing, refused):
    refusing.script(Fault(status, times=3, headers={"retry-after": "0"}))
    error = await refused(CALLS["chat"][0])
    assert error.status_code == status
    assert "claude" not in str(error)


async def test_the_firewall_refuses_texts_and_not_models(emulator, config_vars, refused):
    emulator.script(Fault.html403())
    assert "claude" not in str(await refused(CALLS["chat"][0]))


async def test_a_refused_model_of_herokus_gets_no_hint(refusing, refused):
    refusing.script(Fault(404))
    error = await refused(lambda client: client.chat(QUESTION, model="gpt-oss-120b"))
    assert "OpenAI" not in str(error)


async def test_an_id_of_openais_is_sent_as_it_is_and_may_be_answered(emulator, config_vars):
    emulator.switch(unknown_models="accept")
    assert Client().chat(QUESTION, model="gpt-4o").text
    assert emulator.journal[-1].body["model"] == "gpt-4o"
