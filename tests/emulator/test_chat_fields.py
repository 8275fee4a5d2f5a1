"""Fields of a chat request: refused values, ignored fields, unknown fields."""

import pytest

RETURNED = "ValidationException: The model returned the following errors: "
ONE_OF_TWO = (
    "`temperature` and `top_p` cannot both be specified for this model. Please use only one."
)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"temperature": 1.1}, "temperature must be between 0 and 1"),
        ({"temperature": "hot"}, "temperature must be a number"),
        ({"temperature": True}, "temperature must be a number"),
        ({"top_p": -0.1}, "top_p must be between 0 and 1"),
        ({"max_tokens": 0}, "max_tokens must be at least 1"),
        ({"max_tokens": 1.5}, "max_tokens must be an integer"),
        ({"max_completion_tokens": True}, "max_completion_tokens must be an integer"),
        ({"stop": "x"}, "stop must be an array of strings"),
        ({"stop": [""]}, "stop must be an array of strings"),
        ({"stream": "yes"}, "stream must be a boolean"),
        ({"stream_options": True}, "stream_options must be an object"),
        ({"modalities": ["audio"]}, "modalities"),
        ({"reasoning_effort": "extreme"}, "reasoning_effort must be one of low, medium, high"),
        ({"parallel_tool_calls": 1}, "parallel_tool_calls must be a boolean"),
        (
            {"tools": [{"type": "function", "function": {"name": "a", "strict": "yes"}}]},
            "strict must be a boolean",
        ),
        ({"allow_ignored_params": "yes"}, "allow_ignored_params must be a boolean"),
        ({"functions": []}, "unrecognized request argument: functions"),
        ({"seeds": 1, "allow_ignored_params": False}, "unrecognized request argument: seeds"),
        ({"temperature": 0.5, "top_p": 0.5}, RETURNED + ONE_OF_TWO),
    ],
)
def test_a_bad_field_is_refused(call, fields, message):
    assert message in call.refusal(**fields)


@pytest.mark.parametrize("model", ["claude-opus-4-7", "claude-opus-4-8", "claude-4-8-opus"])
@pytest.mark.parametrize("field", ["temperature", "top_p", "top_k"])
def test_sampling_parameters_are_refused_from_opus_4_7_on(call, model, field):
    words = f"`{field}` is deprecated for this model."
    assert call.refusal(model=model, **{field: 1}) == RETURNED + words
    message = {"model": model, "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}
    answers = [call.post("/v1/messages", message | {field: 1}), call.post("/v1/messages", message)]
    assert [answer.status_code for answer in answers] == [400, 200]
    assert answers[0].json()["error"]["message"] == RETURNED + words
    if field != "top_k":
        assert call.agents(model=model, **{field: 1}).json()["error"]["message"].endswith(words)


@pytest.mark.parametrize(
    "fields",
    [
        {"temperature": 1, "max_tokens": 10, "stop": ["x"], "stream_options": {}},
        {"top_p": 0, "top_k": 5, "parallel_tool_calls": False, "modalities": ["text"]},
        {"stop": None, "tools": None, "extended_thinking": None, "temperature": None},
        {"model": "claude-4-sonnet", "temperature": 0.5, "top_p": 0.5},
        {"model": "nova-pro", "reasoning_effort": "high", "temperature": 0.5},
        {"n": 2, "frequency_penalty": 1, "presence_penalty": 1, "logit_bias": {}, "store": True},
        {"logprobs": True, "metadata": {}, "service_tier": "auto", "verbosity": "low"},
        {"user": "ada", "tool_options": {}},
        {"seed": 1},
        {"seeds": 1, "allow_ignored_params": True},
    ],
)
def test_good_and_ignored_fields_pass(call, fields):
    assert call.chat(**fields).status_code == 200


def test_unknown_fields_pass_if_the_switch_ignores_them(emulator, call):
    emulator.switch(allow_ignored_params=True)
    assert call.chat(seeds=1).status_code == 200
    assert call.chat(seeds=1, allow_ignored_params=False).status_code == 400


def test_seed_is_ignored_or_refused(emulator, call):
    assert call.message(seed=1) == call.message(seed=2)
    emulator.switch(seed="rejected")
    assert call.refusal(seed=1) == "unrecognized request argument: seed"
    assert call.chat().status_code == 200


def test_strict_tools_are_accepted_or_refused(emulator, call):
    tools = [{"type": "function", "function": function(strict=True)}]
    assert call.chat(tools=tools).status_code == 200
    emulator.switch(strict_tools="rejected")
    assert call.refusal(tools=tools) == "unrecognized request argument: strict"


CALL = {"id": "a", "type": "function", "function": {"name": "add", "arguments": "{}"}}


def function(**fields):
    return {"name": "add", "description": "Adds.", "parameters": {"type": "object"}, **fields}


def conversation(**fields):
    """Returns a turn with a tool; the fields belong to the assistant's message."""
    return [
        {"role": "user", "content": "Add."},
        {"role": "assistant", "content": "I add.", "tool_calls": [CALL], **fields},
        {"role": "tool", "content": "Three.", "tool_call_id": "a"},
    ]


PICTURE = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
NAMED = {"type": "function", "function": {"name": "add", "x": 1}}
NESTED = {
    "tools.0.strict": {"tools": [{"type": "function", "function": function(), "strict": True}]},
    "tools.0.function.x": {"tools": [{"type": "function", "function": function(x=True)}]},
    "tool_choice.x": {"tool_choice": {"type": "function", "function": {"name": "add"}, "x": 1}},
    "tool_choice.function.x": {"tool_choice": NAMED},
    "messages.1.provider_specific_fields": {"messages": conversation(provider_specific_fields={})},
    "messages.1.tool_calls.0.index": {"messages": conversation(tool_calls=[CALL | {"index": 0}])},
    "messages.1.tool_calls.0.function.x": {
        "messages": conversation(tool_calls=[CALL | {"function": CALL["function"] | {"x": 1}}])
    },
    "messages.0.content.0.cache_control": {
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "Hi", "cache_control": {}}]}
        ]
    },
    "messages.0.content.0.x": {"messages": [{"role": "user", "content": [PICTURE | {"x": 1}]}]},
    "messages.0.content.0.image_url.x": {
        "messages": [
            {
                "role": "user",
                "content": [PICTURE | {"image_url": {**PICTURE["image_url"], "x": 1}}],
            }
        ]
    },
    "stream_options.x": {"stream_options": {"x": 1}},
    "extended_thinking.x": {"extended_thinking": {"enabled": True, "x": 1}},
}


@pytest.mark.parametrize("field", NESTED)
def test_unknown_fields_are_refused_or_ignored_at_any_depth(emulator, call, field):
    fields = NESTED[field]
    if "tool_choice" in field:
        fields = fields | {"tools": [{"type": "function", "function": function()}]}
    name = field.rsplit(".", 1)[-1]
    words = f"unrecognized request argument: {name}"
    assert call.refusal(**fields) == words
    assert call.chat(**fields, allow_ignored_params=True).status_code == 200
    emulator.switch(allow_ignored_params=True)
    assert call.chat(**fields).status_code == 200
    assert call.refusal(**fields, allow_ignored_params=False) == words


def test_ignored_fields_leave_the_other_checks_in_place(emulator, call):
    emulator.switch(allow_ignored_params=True)
    nameless = {"type": "function", "function": function(name="", x=True)}
    assert "tools.0.function.name is required" in call.refusal(tools=[nameless])
