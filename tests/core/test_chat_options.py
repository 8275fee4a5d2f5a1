"""A model's settings and a call's arguments become options of one call."""

from __future__ import annotations

import pytest

from heroku_inference._adapters.chat_options import asks_to_think, chat_options


def test_later_layers_win_and_earlier_ones_stay_as_they_are():
    first, second = {"temperature": 0.1, "top_k": 5}, {"temperature": 0.9}
    assert chat_options(first, second) == {"temperature": 0.9, "top_k": 5}
    assert (first, second) == ({"temperature": 0.1, "top_k": 5}, {"temperature": 0.9})


def test_the_two_names_of_the_output_limit_are_one_option():
    assert chat_options({"max_tokens": 1}, {"max_completion_tokens": 2}) == {
        "max_completion_tokens": 2
    }
    assert chat_options({"max_completion_tokens": 2}, {"max_tokens": 1}) == {"max_tokens": 1}


def test_extra_bodies_are_merged_to_any_depth_and_win_over_unknown_names():
    options = chat_options(
        {"field": 0, "extra_body": {"field": 1, "deep": {"a": 1, "deeper": {"b": 2}}}},
        {"extra_body": {"deep": {"deeper": {"c": 3}}, "list": [1]}},
        {"extra_body": None},
    )
    assert options == {
        "extra_body": {"field": 1, "deep": {"a": 1, "deeper": {"b": 2, "c": 3}}, "list": [1]}
    }


def test_what_heroku_ignores_is_left_out_with_a_warning():
    with pytest.warns(UserWarning, match="seed not sent"):
        assert chat_options({"seed": 1}, {"quux": 2}) == {"extra_body": {"quux": 2}}


@pytest.mark.parametrize(
    ("options", "model", "thinks"),
    [
        ({}, "claude-4-5-sonnet", False),
        ({"extended_thinking": True}, "claude-4-5-sonnet", True),
        ({"extended_thinking": {"budget_tokens": 2000}}, "claude-4-5-sonnet", True),
        ({"extended_thinking": {"enabled": False}}, "claude-4-5-sonnet", False),
        ({"extra_body": {"extended_thinking": {"enabled": True}}}, "claude-4-5-sonnet", True),
        ({"reasoning_effort": "low"}, "claude-4-5-sonnet", True),
        ({"reasoning_effort": "low"}, "gpt-oss-120b", False),
        ({"reasoning_effort": "low", "extended_thinking": False}, "claude-4-5-sonnet", False),
    ],
)
def test_thinking_that_rules_out_a_forced_tool_is_reported(options, model, thinks):
    assert asks_to_think(options, model) is thinks
