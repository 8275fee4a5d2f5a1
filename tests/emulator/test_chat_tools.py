"""Tools, tool choice and thinking: which requests are refused, and which pass."""

import pytest

HELLO = {"role": "user", "content": "Hello"}
ADD = {
    "type": "function",
    "function": {
        "name": "add",
        "description": "Adds two numbers.",
        "parameters": {"type": "object", "properties": {"a": {"type": "integer"}}},
    },
}

RETURNED = "ValidationException: The model returned the following errors: "
CONSULT = (
    " Please consult our documentation at "
    "https://docs.claude.com/en/docs/build-with-claude/extended-thinking"
)
TOO_SMALL = "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024"


def tool(**function):
    return {"type": "function", "function": ADD["function"] | function}


def parameters(**schema):
    return tool(parameters={"type": "object", "properties": {}} | schema)


@pytest.mark.parametrize(
    ("tools", "message"),
    [
        ({}, "tools must be a list"),
        (["add"], "tools.0 must be an object"),
        ([{"type": "custom", "custom": {}}], "tools.0.type must be function"),
        ([tool(name="")], "name is required"),
        ([tool(name="name space/tool")], "must match ^[a-zA-Z0-9_-]{1,64}$"),
        ([tool(name="x" * 65)], "must match"),
        ([tool(description="")], "description is required"),
        ([tool(description=None)], "description is required"),
        ([tool(parameters=[])], "parameters must be an object"),
        ([tool(parameters={})], "parameters.type must be object"),
        (
            [parameters(**{"$schema": "https://json-schema.org/draft-07/schema"})],
            "unrecognized request argument: $schema",
        ),
        (
            [parameters(properties={"a": {"$schema": "x"}})],
            "unrecognized request argument: $schema",
        ),
        ([parameters(anyOf=[{"$schema": "x"}])], "unrecognized request argument: $schema"),
    ],
)
def test_a_malformed_tool_is_refused(call, tools, message):
    assert message in call.refusal(tools=tools)


@pytest.mark.parametrize(
    "entry",
    [
        ADD,
        tool(parameters=None),
        parameters(properties={"$schema": {"type": "string"}}),
        parameters(properties={"a": {"default": {"$schema": "x"}}}),
    ],
)
def test_a_well_formed_tool_passes(call, entry):
    assert call.chat(tools=[entry]).status_code == 200


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ("any", "tool_choice must be one of"),
        (True, "tool_choice must be one of"),
        ({"type": "custom"}, "tool_choice must be one of"),
        ("required ", "tool_choice must be one of"),
        ({"type": "function"}, "tool_choice.function must be an object"),
        ({"type": "function", "function": {"name": "other"}}, "unknown tool: other"),
    ],
)
def test_a_malformed_tool_choice_is_refused(call, choice, message):
    assert message in call.refusal(tools=[ADD], tool_choice=choice)


def test_a_tool_choice_without_tools_is_refused(call):
    assert "tool_choice requires tools" in call.refusal(tool_choice="required")
    assert call.chat(tool_choice="auto").status_code == 200


def thinking(budget=2000, **fields):
    return {"extended_thinking": {"enabled": True, "budget_tokens": budget} | fields}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            thinking(1023),
            RETURNED + TOO_SMALL,
        ),
        (thinking() | {"max_tokens": 2000}, "`max_tokens` must be greater than"),
        (
            thinking() | {"temperature": 0.5},
            RETURNED + "`temperature` may only be set to 1 when thinking is enabled." + CONSULT,
        ),
        ({"reasoning_effort": "low", "temperature": 0}, "`temperature` may only be set to 1"),
        (thinking() | {"top_p": 0.9}, "`top_p` must be unset"),
        (thinking() | {"top_k": 9}, "`top_k` must be unset"),
        (thinking() | {"tools": [ADD], "tool_choice": "required"}, "forces tool use"),
        (thinking() | {"model": "nova-pro"}, "does not support thinking"),
        (thinking("2000"), "budget_tokens must be an integer"),
        (thinking(include_reasoning="yes"), "include_reasoning must be a boolean"),
        ({"extended_thinking": {"budget_tokens": 2000}}, "extended_thinking.enabled is required"),
        ({"extended_thinking": True}, "extended_thinking must be an object"),
    ],
)
def test_the_rules_of_thinking(call, fields, message):
    assert message in call.refusal(**fields)


@pytest.mark.parametrize(
    "fields",
    [
        thinking() | {"max_tokens": 2001, "temperature": 1, "tools": [ADD], "tool_choice": "auto"},
        {"extended_thinking": {"enabled": True}},
        {"extended_thinking": {"enabled": False, "budget_tokens": 1}, "temperature": 0.5},
        thinking() | {"model": "claude-3-7-sonnet"},
    ],
)
def test_good_thinking_passes(call, fields):
    assert call.chat(**fields).status_code == 200


@pytest.mark.parametrize("model", ["claude-opus-4-7", "claude-opus-4-8"])
def test_from_opus_4_7_on_thinking_takes_an_effort_and_no_budget(call, model):
    words = '"thinking.type.enabled" is not supported for this model.'
    for fields in (thinking(), {"extended_thinking": {"enabled": True}}):
        assert words in call.refusal(model=model, **fields)
    assert call.chat(model=model, reasoning_effort="high").status_code == 200
    assert call.chat(model=model, extended_thinking={"enabled": False}).status_code == 200
    assert call.chat(model="claude-opus-4-6", **thinking()).status_code == 200


def test_thinking_refuses_a_history_with_tool_calls_in_the_captured_words(call, sample):
    function = {"name": "add", "arguments": "{}"}
    calls = [{"id": "1", "type": "function", "function": function}]
    called = {"role": "assistant", "content": "Calling.", "tool_calls": calls}
    result = {"role": "tool", "tool_call_id": "1", "content": "Three."}
    answer = call.chat(messages=[HELLO, called, result], **thinking())
    assert answer.json()["error"] == sample("error_400_thinking_history.json")


@pytest.mark.parametrize(
    "choice",
    ["none", "auto", "required", {"type": "function", "function": {"name": "add"}}],
    ids=str,
)
def test_a_well_formed_tool_choice_is_followed(call, choice):
    message = call.message(tools=[ADD], tool_choice=choice)
    assert ("tool_calls" in message) is (choice not in ("none", "auto"))
