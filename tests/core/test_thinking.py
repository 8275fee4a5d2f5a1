import warnings

import pytest

from heroku_inference import _errors
from heroku_inference._chat.request import chat_request
from heroku_inference._chat.thinking import apply_thinking_rules, call_instruction, thinks

HI = [{"role": "user", "content": "Hi"}]
AFTER_A_TOOL = [
    *HI,
    {
        "role": "assistant",
        "content": "Let me see.",
        "tool_calls": [{"id": "c", "function": {"name": "now", "arguments": "{}"}}],
    },
    {"role": "tool", "tool_call_id": "c", "content": "noon"},
]
TOOL = {"type": "function", "function": {"name": "now"}}


def body_of(messages=HI, *, model="claude-4-5-sonnet", **options):
    return chat_request(messages, model=model, **options).body


@pytest.mark.parametrize(
    ("thinking", "limits", "sent"),
    [
        (True, {}, {"enabled": True, "budget_tokens": 2048, "include_reasoning": True}),
        (
            True,
            {"max_tokens": 3000},
            {"enabled": True, "budget_tokens": 1500, "include_reasoning": True},
        ),
        (
            True,
            {"max_completion_tokens": 1100},
            {"enabled": True, "budget_tokens": 1024, "include_reasoning": True},
        ),
        (
            True,
            {"max_tokens": 64000},
            {"enabled": True, "budget_tokens": 2048, "include_reasoning": True},
        ),
        (1024, {}, {"enabled": True, "budget_tokens": 1024, "include_reasoning": True}),
        (
            {"budget_tokens": 3000},
            {"max_tokens": 3001},
            {"enabled": True, "budget_tokens": 3000},
        ),
        ({"enabled": False}, {}, {"enabled": False}),
        ({"enabled": False, "budget_tokens": 1}, {}, {"enabled": False, "budget_tokens": 1}),
        ({"enabled": True, "display": "x"}, {}, {"enabled": True, "display": "x"}),
        ({"type": "adaptive"}, {}, {"type": "adaptive"}),
        ({"type": "adaptive", "effort": "low"}, {}, {"type": "adaptive", "effort": "low"}),
        ({"type": "disabled"}, {}, {"type": "disabled"}),
        ({"type": ["enabled"]}, {}, {"type": ["enabled"]}),  # for the API to judge
    ],
)
def test_every_form_of_thinking_becomes_herokus_object(thinking, limits, sent):
    assert body_of(extended_thinking=thinking, **limits)["extended_thinking"] == sent
    assert (
        body_of(extra_body={"extended_thinking": thinking}, **limits)["extended_thinking"] == sent
    )


@pytest.mark.parametrize("thinking", [None, False])
def test_disabled_thinking_is_not_sent(thinking):
    assert "extended_thinking" not in body_of(extended_thinking=thinking)


def test_disabled_thinking_conflicts_with_a_reasoning_effort():
    body = body_of(extended_thinking=False, reasoning_effort="low", temperature=0.5)
    assert body["extended_thinking"] == {"enabled": False}
    assert (body["reasoning_effort"], body["temperature"]) == ("low", 0.5)


def test_the_callers_mapping_stays_untouched():
    thinking = {"budget_tokens": 2000}
    body_of(extended_thinking=thinking)
    assert thinking == {"budget_tokens": 2000}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"extended_thinking": 1023}, "too small"),
        ({"extended_thinking": 0}, "too small"),
        ({"extended_thinking": {"budget_tokens": 500}}, "too small"),
        ({"extra_body": {"extended_thinking": {"enabled": True, "budget_tokens": 1}}}, "too small"),
        (
            {"extended_thinking": 2000, "max_tokens": 2000},
            r"Raise the limit \(max_tokens\) above 2000",
        ),
        ({"extended_thinking": 2000, "max_completion_tokens": 1500}, "Raise the limit"),
        ({"extended_thinking": True, "max_tokens": 1024}, "Raise the limit"),
        ({"extended_thinking": 2000, "extra_body": {"max_tokens": 100}}, "Raise the limit"),
        ({"extended_thinking": "yes"}, "a budget in tokens"),
    ],
)
def test_a_budget_that_cannot_work_is_refused(options, said):
    with pytest.raises(_errors.ConfigError, match=said):
        body_of(**options)


@pytest.mark.parametrize(
    "thinking",
    [
        {"extended_thinking": True},
        {"extra_body": {"extended_thinking": {"enabled": True}}},
        {"reasoning_effort": "low"},
        {"reasoning_effort": "low", "model": "claude-sonnet-4-6"},
    ],
)
class TestWhileClaudeThinks:
    def test_sampling_parameters_are_not_sent(self, thinking):
        with pytest.warns(UserWarning, match="temperature, top_p, top_k not sent"):
            body = body_of(temperature=0.2, top_p=0.9, top_k=5, **thinking)
        assert body.keys().isdisjoint({"temperature", "top_p", "top_k"})

    def test_the_temperature_that_thinking_implies_goes_silently(self, thinking):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert "temperature" not in body_of(temperature=1.0, **thinking)

    @pytest.mark.parametrize("choice", ["required", "any", True, "now", TOOL])
    def test_a_forced_tool_choice_becomes_auto(self, thinking, choice):
        with pytest.warns(UserWarning, match="tool_choice became 'auto'") as caught:
            body = body_of(tools=[TOOL], tool_choice=choice, **thinking)
        assert body["tool_choice"] == "auto"
        told = {"role": "system", "content": call_instruction(["now"])}
        assert body["messages"] == [told, *HI]
        assert caught[0].filename == __file__

    def test_a_required_call_is_asked_for_by_the_names_of_all_tools(self, thinking):
        other = {"type": "function", "function": {"name": "add"}}
        system = {"role": "system", "content": "Be brief."}
        with pytest.warns(UserWarning, match="told to"):
            body = body_of([system, *HI], tools=[TOOL, other], tool_choice="any", **thinking)
        told = "Answer only by calling one of the tools `now`, `add`, never as text."
        assert body["messages"] == [{**system, "content": f"Be brief.\n\n{told}"}, *HI]

    @pytest.mark.parametrize("choice", ["auto", "none"])
    def test_a_free_tool_choice_stays(self, thinking, choice):
        body = body_of(tools=[TOOL], tool_choice=choice, **thinking)
        assert (body["tool_choice"], body["messages"]) == (choice, HI)

    def test_a_history_with_tool_calls_turns_thinking_off_and_keeps_the_rest(self, thinking):
        with pytest.warns(UserWarning, match="Thinking is off for this call") as caught:
            body = body_of(
                AFTER_A_TOOL, temperature=0.2, tools=[TOOL], tool_choice="now", **thinking
            )
        remedy = "ChatHerokuMessages (LangChain) or HerokuMessages (LlamaIndex)"
        assert remedy in str(caught[0].message)
        assert "heroku-inference[anthropic]" in str(caught[0].message)
        assert body.keys().isdisjoint({"extended_thinking", "reasoning_effort"})
        assert body["temperature"] == 0.2
        assert body["tool_choice"] == {"type": "function", "function": {"name": "now"}}


@pytest.mark.parametrize(
    "thinking",
    [
        {},
        {"extended_thinking": {"enabled": False}},
        {"extended_thinking": {"type": "disabled"}},
        {"model": "gpt-oss-120b", "reasoning_effort": "high"},
        {"model": "not-claude-9", "reasoning_effort": "high"},
    ],
)
def test_without_claudes_thinking_nothing_is_changed(thinking):
    given = {"temperature": 0.2, "top_p": 0.5, "tool_choice": "required", "tools": [TOOL]}
    body = body_of(AFTER_A_TOOL, **given, **thinking)
    assert (body["temperature"], body["top_p"], body["tool_choice"]) == (0.2, 0.5, "required")
    assert body.get("reasoning_effort") == thinking.get("reasoning_effort")


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        ({"budget_token": 2000}, "Did you mean 'budget_tokens'"),
        ({"include_thinking": True}, "Did you mean 'include_reasoning'"),
        ({"zzz": 1}, "Keys are enabled, budget_tokens, include_reasoning, type, display, effort"),
    ],
)
def test_an_unknown_key_is_refused_and_the_nearest_named(choice, said):
    with pytest.raises(_errors.ConfigError, match=said):
        body_of(extended_thinking=choice)


def test_extra_body_says_what_it_likes():
    wanted = {"enabled": True, "new_key": 1}
    body = body_of(extra_body={"extended_thinking": wanted})
    assert body["extended_thinking"] == wanted


def test_adaptive_thinking_stays_on_beside_tool_calls_and_forces_none():
    with pytest.warns(UserWarning, match="tool_choice became 'auto'"):
        body = body_of(
            AFTER_A_TOOL, tools=[TOOL], tool_choice="now", extended_thinking={"type": "adaptive"}
        )
    assert body["extended_thinking"] == {"type": "adaptive"}


def test_a_limit_other_than_a_number_is_left_to_the_server():
    body = {"model": "m", "messages": HI, "max_tokens": "many", "extended_thinking": 2000}
    apply_thinking_rules(body)
    assert thinks(body)
