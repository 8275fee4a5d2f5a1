"""/v1/messages: thinking that must come back unchanged, and engines without thoughts."""

import pytest

from heroku_emulator import CallTools, Emulator, Say
from heroku_emulator.engine import Answer
from tests.emulator.messages_caller import (
    ADD,
    PATH,
    SUM,
    THINKING,
    Messages,
    result,
    text,
    turn,
    use,
)

CALLED = turn("assistant", use())
ANSWERED = turn("user", result())
ASKED = turn("user", text("And now?"))


@pytest.fixture
def ask(call):
    return Messages(call)


def first_round(ask, **fields):
    """Returns the blocks of a call with thinking, and the message with its result."""
    blocks = ask.answer(SUM, tools=[ADD], thinking=THINKING, **fields)["content"]
    return blocks, turn("user", result(blocks[-1]["id"]))


def test_thinking_comes_first_and_is_signed(ask):
    blocks, _ = first_round(ask)
    assert [block["type"] for block in blocks] == ["thinking", "text", "tool_use"]
    assert list(blocks[0]) == ["type", "thinking", "signature"]
    assert blocks[0]["thinking"] == "The user says: Use add(1, 2)"
    assert "thinking" not in str(ask.answer(SUM, tools=[ADD]))


def test_unchanged_thinking_lets_the_round_go_on(ask):
    blocks, results = first_round(ask)
    answer = ask.answer(SUM, turn("assistant", *blocks), results, tools=[ADD], thinking=THINKING)
    assert answer["content"][-1]["text"] == "add says: 3"


def test_the_signature_outlives_the_emulator(ask, call):
    blocks, results = first_round(ask)
    with Emulator(engine="deterministic", api_key="inf-made-up") as other:
        call.http.headers["x-api-key"] = "inf-made-up"
        try:
            body = {"model": "claude-4-5-sonnet", "max_tokens": 4000, "thinking": THINKING}
            body["messages"] = [SUM, turn("assistant", *blocks), results]
            assert call.http.post(other.url + PATH, json=body).status_code == 200
        finally:
            del call.http.headers["x-api-key"]


def alter(block, **changes):
    return block | changes


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda thinking, *rest: rest,
            "messages.1.content.0.type: Expected `thinking` or `redacted_thinking`, but found",
        ),
        (
            lambda thinking, words, call: (call,),
            "Expected `thinking` or `redacted_thinking`, but found `tool_use`.",
        ),
        (
            lambda thinking, words, call: (words, thinking, call),
            "Expected `thinking` or `redacted_thinking`, but found `text`.",
        ),
        (
            lambda thinking, *rest: (alter(thinking, thinking="Something else"), *rest),
            "messages.1.content.0: Invalid `signature` in `thinking` block",
        ),
        (
            lambda thinking, *rest: (alter(thinking, thinking=""), *rest),
            "messages.1.content.0: Invalid `signature` in `thinking` block",
        ),
        (
            lambda thinking, *rest: (alter(thinking, signature="RXFRQg=="), *rest),
            "messages.1.content.0: Invalid `signature` in `thinking` block",
        ),
        (
            lambda thinking, *rest: (alter(thinking, signature=""), *rest),
            "messages.1.content.0: Invalid `signature` in `thinking` block",
        ),
        (
            lambda thinking, *rest: (alter(thinking, signature="unterschrieben: ü"), *rest),
            "messages.1.content.0: Invalid `signature` in `thinking` block",
        ),
        (
            lambda thinking, *rest: ({"type": "thinking", "thinking": "x"}, *rest),
            "messages.1.content.0.thinking.signature: Field required",
        ),
        (
            lambda thinking, *rest: (alter(thinking, index=0), *rest),
            "messages.1.content.0.thinking.index: Extra inputs are not permitted",
        ),
        (
            lambda thinking, *rest: ({"type": "redacted_thinking", "data": "RXFRQg=="}, *rest),
            "messages.1.content.0: Invalid `data` in `redacted_thinking` block",
        ),
        (
            lambda thinking, *rest: ({"type": "redacted_thinking", "data": "?"}, *rest),
            "messages.1.content.0: Invalid `data` in `redacted_thinking` block",
        ),
    ],
    ids=[
        "stripped",
        "calls only",
        "not first",
        "other text",
        "no text",
        "other signature",
        "empty signature",
        "signature in no base64",
        "no signature",
        "another field",
        "forged redaction",
        "no redaction",
    ],
)
def test_changed_thinking_is_refused(ask, change, message):
    blocks, results = first_round(ask)
    history = [SUM, turn("assistant", *change(*blocks)), results]
    assert message in ask.refusal(*history, tools=[ADD], thinking=THINKING)


def test_redacted_thinking_must_come_back(ask, emulator):
    emulator.switch(messages_thinking="redacted")
    blocks, results = first_round(ask)
    assert list(blocks[0]) == ["type", "data"]
    assert "Use add" not in str(blocks[0])
    history = [SUM, turn("assistant", *blocks), results]
    assert ask.answer(*history, tools=[ADD], thinking=THINKING)
    history[1] = turn("assistant", *blocks[1:])
    assert "Expected `thinking`" in ask.refusal(*history, tools=[ADD], thinking=THINKING)


def test_thinking_without_its_text_must_come_back(ask, emulator):
    emulator.switch(messages_thinking="omitted")
    blocks, results = first_round(ask)
    assert (blocks[0]["thinking"], len(blocks[0]["signature"])) == ("", 88)
    history = [SUM, turn("assistant", *blocks), results]
    assert ask.answer(*history, tools=[ADD], thinking=THINKING)
    history[1] = turn("assistant", *blocks[1:])
    assert "Expected `thinking`" in ask.refusal(*history, tools=[ADD], thinking=THINKING)


def test_every_call_of_an_open_round_needs_its_thinking(ask, emulator):
    emulator.script(*(CallTools([("add", {"a": 1})], path=PATH) for _ in range(2)))
    first, results = first_round(ask)
    history = [SUM, turn("assistant", *first), results]
    second = ask.answer(*history, tools=[ADD], thinking=THINKING)["content"]
    more = [turn("assistant", *second), turn("user", result(second[-1]["id"]))]
    assert ask.answer(*history, *more, tools=[ADD], thinking=THINKING)
    more[0] = turn("assistant", *second[1:])
    refusal = ask.refusal(*history, *more, tools=[ADD], thinking=THINKING)
    assert refusal.startswith("messages.3.content.0.type: Expected `thinking`")


def test_finished_rounds_can_leave_it_out(ask):
    over = [SUM, CALLED, ANSWERED, turn("assistant", text("It is 3.")), ASKED]
    assert ask.answer(*over, tools=[ADD], thinking=THINKING)["type"] == "message"


def test_without_thinking_blocks_are_optional_but_signatures_must_be_right(ask):
    blocks, results = first_round(ask)
    assert ask.answer(SUM, turn("assistant", *blocks[1:]), results, tools=[ADD])
    assert ask.answer(SUM, turn("assistant", *blocks), results, tools=[ADD])
    forged = [alter(blocks[0], thinking="x"), *blocks[1:]]
    assert "Invalid `signature`" in ask.refusal(SUM, turn("assistant", *forged), results)


def test_a_scripted_thought_is_signed_and_precedes_every_call(ask, emulator):
    emulator.script(
        CallTools([("add", {})], reasoning="Numbers!", path=PATH),
        CallTools([("add", {})], path=PATH),
        CallTools([("add", {})], path=PATH),
    )
    blocks, results = first_round(ask)
    assert blocks[0]["thinking"] == "Numbers!"
    assert first_round(ask)[0][0]["thinking"] == "I should call add."
    assert [block["type"] for block in ask.answer(SUM, tools=[ADD])["content"]] == ["tool_use"]
    assert ask.answer(SUM, turn("assistant", *blocks), results, thinking=THINKING)


class SilentEngine:
    name = "silent"

    def embed(self, texts, input_type):
        raise NotImplementedError

    def rerank(self, query, documents):
        raise NotImplementedError

    def chat(self, request):
        self.asked = request
        return Answer(tool_calls=[("add", {"a": 1})])

    def count_tokens(self, text):
        return len(text)


def test_calls_get_a_thought_if_the_engine_gives_none(call):
    with Emulator(engine=SilentEngine(), api_key="inf-made-up") as emulator:
        body = {"model": "claude-4-5-sonnet", "max_tokens": 4000, "messages": [SUM]}
        headers = {"x-api-key": "inf-made-up"}
        answer = call.http.post(
            emulator.url + PATH, json=body | {"thinking": THINKING}, headers=headers
        )
        assert [block["type"] for block in answer.json()["content"]] == ["thinking", "tool_use"]


def test_engines_get_the_request_in_the_form_of_chat_completions(call):
    engine = SilentEngine()
    with Emulator(engine=engine, api_key="inf-made-up") as emulator:
        body = {"model": "claude-4-5-sonnet", "max_tokens": 9, "tools": [ADD], "system": "Add."}
        body["messages"] = [SUM, CALLED, turn("user", result(content=""), text("So?"))]
        call.http.post(emulator.url + PATH, json=body, headers={"x-api-key": "inf-made-up"})
    function = {"name": "add", "arguments": "{}"}
    assert engine.asked["messages"] == [
        {"role": "system", "content": "Add."},
        SUM,
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [{"id": "toolu_1", "type": "function", "function": function}],
        },
        {"role": "tool", "tool_call_id": "toolu_1", "content": "."},
        {"role": "user", "content": "So?"},
    ]
    (tool,) = engine.asked["tools"]
    assert tool["function"]["parameters"] == ADD["input_schema"]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"thinking": {"type": "on"}},
            "thinking.type: Input should be 'enabled' or 'disabled' or 'adaptive'",
        ),
        ({"thinking": {}}, "thinking.type: Field required"),
        ({"thinking": True}, "thinking: Input should be a valid dictionary"),
        ({"thinking": {"type": "enabled"}}, "thinking.enabled.budget_tokens: Field required"),
        (
            {"thinking": THINKING | {"budget_tokens": 1023}},
            "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024",
        ),
        ({"thinking": THINKING | {"effort": "high"}}, "thinking.enabled.effort: Extra inputs"),
        ({"thinking": {"type": "disabled", "budget_tokens": 1}}, "thinking.disabled.budget"),
        ({"max_tokens": 1024}, "`max_tokens` must be greater than `thinking.budget_tokens`"),
        ({"temperature": 0.5}, "`temperature` may only be set to 1 when thinking is enabled"),
        ({"top_k": 3}, "`top_k` must be unset when thinking is enabled"),
        ({"top_p": 0.9}, "`top_p` must be greater than or equal to 0.95 or unset"),
        ({"top_p": 0}, "`top_p` must be greater than or equal to 0.95 or unset"),
        ({"tool_choice": {"type": "any"}}, "Thinking may not be enabled when tool_choice forces"),
        ({"tool_choice": {"type": "tool", "name": "add"}}, "Thinking may not be enabled when"),
        ({"model": "claude-3-5-haiku"}, "claude-3-5-haiku does not support thinking"),
    ],
    ids=str,
)
def test_the_rules_of_thinking(ask, fields, message):
    assert message in ask.refusal(**{"thinking": THINKING, "tools": [ADD]} | fields)


ADAPTIVE = {"type": "adaptive"}
NO_BUDGET = (
    '"thinking.type.enabled" is not supported for this model. Use "thinking.type.adaptive" and '
    '"output_config.effort" to control thinking behavior.'
)


@pytest.mark.parametrize(
    ("model", "budget", "adaptive"),
    [
        ("claude-3-7-sonnet", True, False),
        ("claude-4-5-sonnet", True, False),
        ("claude-opus-4-5", True, False),
        ("claude-sonnet-4-6", True, True),
        ("claude-opus-4-6", True, True),
        ("claude-opus-4-7", False, True),
        ("claude-opus-4-8", False, True),
    ],
)
def test_the_model_decides_how_to_ask_for_thinking(ask, model, budget, adaptive):
    with_budget = {"model": model, "thinking": THINKING}
    without = {"model": model, "thinking": ADAPTIVE, "output_config": {"effort": "high"}}
    if budget:
        assert ask.answer(**with_budget)["content"][0]["type"] == "thinking"
    else:
        assert ask.refusal(**with_budget) == NO_BUDGET
    if adaptive:
        assert ask.answer(**without)["content"][0]["type"] == "thinking"
    else:
        assert ask.refusal(**without) == "adaptive thinking is not supported on this model"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"thinking": ADAPTIVE | {"budget_tokens": 1024}},
            "thinking.adaptive.budget_tokens: Extra",
        ),
        ({"thinking": ADAPTIVE | {"effort": "high"}}, "thinking.adaptive.effort: Extra inputs"),
        ({"thinking": ADAPTIVE | {"display": "none"}}, "thinking.adaptive.display: Input should"),
        ({"output_config": {"effort": "huge"}}, "output_config.effort: Input should be 'low'"),
        ({"tool_choice": {"type": "any"}}, "Thinking may not be enabled when tool_choice forces"),
        ({"model": "claude-sonnet-4-6", "temperature": 0.5}, "`temperature` may only be set to 1"),
    ],
    ids=str,
)
def test_adaptive_thinking_has_its_rules(ask, fields, message):
    defaults = {"model": "claude-opus-4-8", "thinking": ADAPTIVE, "tools": [ADD]}
    assert message in ask.refusal(**defaults | fields)


def test_adaptive_thinking_can_be_shown_or_omitted_and_need_not_come_back(ask):
    fields = {"model": "claude-opus-4-8", "tools": [ADD]}
    for display, text_is_shown in (("summarized", True), ("omitted", False)):
        thinking = ADAPTIVE | {"display": display}
        thought, *others = ask.answer(SUM, thinking=thinking, **fields)["content"]
        assert (thought["type"], bool(thought["thinking"])) == ("thinking", text_is_shown)
        results = turn("user", result(others[-1]["id"]))
        for blocks in (others, [thought, *others]):
            history = [SUM, turn("assistant", *blocks), results]
            assert ask.answer(*history, thinking=thinking, **fields)


@pytest.mark.parametrize("fields", [{"temperature": 1}, {"top_p": 0.95}, {"max_tokens": 1025}])
def test_allowed_fields_pass_beside_thinking(ask, fields):
    assert ask.answer(thinking=THINKING, **fields)["content"][0]["type"] == "thinking"


def test_thinking_excludes_a_prefilled_answer(ask):
    begun = turn("assistant", text("Let me"))
    assert "not supported" in ask.refusal(SUM, begun, thinking=THINKING)


def test_thinking_cannot_be_the_last_block(ask, emulator):
    emulator.script(Say("x", reasoning="Hm.", path=PATH))
    thought = ask.answer()["content"][0]
    refusal = ask.refusal(SUM, turn("assistant", thought), SUM)
    assert refusal == "messages.1: The final block in an assistant message cannot be `thinking`."
