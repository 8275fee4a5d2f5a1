"""What of langchain-core is built upon though it is not public, and what happens without it."""

import copy
import inspect

import pytest
from langchain_core.language_models import BaseChatModel

from langchain_heroku import ChatHeroku


def given(**arguments):
    here = {"model": "claude-4-5-sonnet", "api_key": "inf-test-key", "base_url": "https://x.test"}
    return ChatHeroku(**here, **arguments)


@pytest.mark.parametrize(
    "name", ["_add_version", "_check_profile_keys", "_resolve_model_profile", "_serialized"]
)
def test_core_still_has_the_internals_that_are_built_upon(name):
    assert hasattr(BaseChatModel, name)


@pytest.mark.parametrize(
    ("name", "ours"),
    [("_add_version", "_set_heroku_version"), ("_check_profile_keys", "_check_profile_keys")],
)
def test_a_langchain_core_without_its_private_names_works(monkeypatch, name, ours):
    llm = given(profile={"max_input_tokens": 5})
    owner = next(cls for cls in BaseChatModel.__mro__ if name in vars(cls))
    monkeypatch.delattr(owner, name)
    assert getattr(llm, ours)() is llm


def test_our_version_is_reported_beside_cores():
    assert {"heroku-inference", "langchain-core"} <= given().metadata["lc_versions"].keys()


def test_a_changed_object_is_not_taken_for_what_it_was():
    llm = given(temperature=0.1)
    before = llm._serialized
    llm.temperature = 0.2
    assert llm._serialized != before
    assert copy.copy(llm)._serialized == llm._serialized


@pytest.mark.parametrize("name", ["_generate", "_agenerate"])
def test_the_signature_that_core_requires_is_present_and_true(name):
    method = getattr(ChatHeroku, name)
    kept = method.__signature__
    assert inspect.signature(getattr(given(), name)).parameters.keys() == {
        "messages",
        "stop",
        "run_manager",
        "kwargs",
    }
    assert kept is inspect.signature(method)
