"""What LangChain learns about each model."""

from __future__ import annotations

from typing import get_type_hints

import pytest
from langchain_core.language_models.model_profile import ModelProfile

from heroku_inference._catalogue import KNOWN_MODELS
from langchain_heroku.profiles import profile_of

CHAT_MODELS = [facts.model_id for facts in KNOWN_MODELS.values() if facts.kind == "chat"]
KEYS_OF_1_6 = set(get_type_hints(ModelProfile)) - {
    "mid_conversation_system_messages",
    "mid_conversation_tools",
}


@pytest.mark.parametrize("model", [*CHAT_MODELS, "a-model-of-next-year"])
def test_only_keys_that_langchain_knows_are_used_and_nothing_unproven_is_claimed(model):
    profile = profile_of(model)
    assert set(profile) <= KEYS_OF_1_6
    assert profile["structured_output"] is False
    assert None not in profile.values()


def test_a_known_model():
    profile = profile_of("claude-4-5-sonnet")
    assert profile["max_input_tokens"] == 200_000
    assert profile["image_inputs"] is profile["image_url_inputs"] is True
    assert profile["tool_calling"] is profile["tool_choice"] is True
    assert profile["reasoning_output"] is True
    assert profile["reasoning_effort_levels"] == ["low", "medium", "high"]
    assert profile["status"] == "active"
    assert "max_output_tokens" not in profile


def test_a_model_on_its_way_out():
    profile = profile_of("claude-3-5-haiku")
    assert profile["status"] == "deprecated"
    assert profile["max_output_tokens"] == 4096
    assert profile["reasoning_output"] is False
    assert "reasoning_effort_levels" not in profile


def test_a_model_whose_deprecation_has_no_date_yet():
    assert profile_of("claude-4-sonnet")["status"] == "deprecated"


@pytest.mark.parametrize(
    ("model", "takes"),
    [("claude-opus-4-8", False), ("claude-4-7-opus", False), ("claude-sonnet-4-6", True)],
)
def test_a_profile_says_whether_the_model_takes_a_temperature(model, takes):
    profile = profile_of(model)
    assert profile["temperature"] is takes
    assert profile["reasoning_output"] is True


@pytest.mark.parametrize("model", ["a-model-of-next-year", "cohere-embed-multilingual"])
def test_of_another_model_only_what_holds_for_the_api(model):
    profile = profile_of(model)
    assert profile["text_inputs"] is True
    assert not {"max_input_tokens", "tool_calling", "status"} & set(profile)


def test_a_profile_is_the_callers_own():
    profile_of("claude-4-5-sonnet").clear()
    profile_of("claude-4-5-sonnet")["reasoning_effort_levels"].append("extreme")
    assert profile_of("claude-4-5-sonnet")["reasoning_effort_levels"] == ["low", "medium", "high"]
