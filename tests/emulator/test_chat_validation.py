"""Everything that Heroku is known to refuse about a chat request, and what it lets pass."""

import base64

import pytest

HELLO = {"role": "user", "content": "Hello"}
PIXEL = "data:image/png;base64," + base64.b64encode(b"\x89PNG").decode()
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
ONE_OF_TWO = (
    "`temperature` and `top_p` cannot both be specified for this model. Please use only one."
)
TOO_SMALL = "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024"


def called(arguments="{}", *, content="Calling.", call_id="tooluse_1", **call):
    function = {"name": "add", "arguments": arguments}
    entry = {"id": call_id, "type": "function", "function": function} | call
    return {"role": "assistant", "content": content, "tool_calls": [entry]}


def result(content="Three.", call_id="tooluse_1", **fields):
    return {"role": "tool", "tool_call_id": call_id, "content": content} | fields


def tool(**function):
    return {"type": "function", "function": ADD["function"] | function}


def parameters(**schema):
    return tool(parameters={"type": "object", "properties": {}} | schema)


def user(*parts):
    return [{"role": "user", "content": list(parts)}]


def image(url, **fields):
    return user({"type": "image_url", "image_url": {"url": url} | fields})


def assert_refused(answer, message, status=400):
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert error["code"] == status
    assert message in error["message"]


@pytest.mark.parametrize(
    ("messages", "message"),
    [
        (None, "messages is required"),
        ([], "messages is required"),
        ("Hello", "messages is required"),
        (["Hello"], "messages.0 must be an object"),
        ([{"role": "robot", "content": "x"}], "messages.0.role"),
        ([{"content": "x"}], "messages.0.role"),
        ([{"role": "user"}], "content is required"),
        ([{"role": "user", "content": ""}], "content is required"),
        ([{"role": "user", "content": None}], "content is required"),
        ([{"role": "user", "content": []}], "content is required"),
        ([{"role": "user", "content": " \n"}], "is blank"),
        ([{"role": "user", "content": 3}], "must be a string"),
        ([{"role": "system", "content": ""}, HELLO], "content is required"),
        ([{"role": "system", "content": [{"type": "text", "text": "x"}]}, HELLO], "a string"),
        ([HELLO | {"id": "1"}], "unsupported parameter: messages.0.id"),
        ([HELLO, {"role": "assistant", "content": "x", "reasoning": {}}], "messages.1.reasoning"),
        ([HELLO, {"role": "assistant", "content": "x", "function_call": {}}], "function_call"),
        ([HELLO, called(content=""), result()], "content is required"),
        ([HELLO, called(content=None), result()], "content is required"),
        ([HELLO, called(), result("")], "content is required"),
        ([HELLO, called(), result([{"type": "text", "text": "x"}])], "must be a string"),
        ([HELLO, called(), result("[1]")], "error parsing JSON"),
        ([HELLO, called(), result("42")], "error parsing JSON"),
        ([HELLO, called(), result(" true ")], "error parsing JSON"),
        ([HELLO, called(), result("null")], "error parsing JSON"),
        ([HELLO, called(), result(tool_call_id=None)], "tool_call_id is required"),
        ([HELLO, called({}), result()], "arguments must be a string"),
        ([HELLO, called(type="custom"), result()], "type must be function"),
        ([HELLO, called(index=0), result()], "tool_calls.0.index"),
        ([HELLO, called(call_id=""), result()], "id is required"),
        ([HELLO, called() | {"tool_calls": []}], "tool_calls must be a list"),
        ([HELLO, called()], "were found without `tool_result` blocks"),
        ([HELLO, called(), HELLO], "were found without `tool_result` blocks"),
        ([HELLO, called(), result(call_id="other")], "unexpected `tool_use_id`"),
        ([HELLO, called(), result(), result()], "unexpected `tool_use_id`"),
        ([HELLO, result()], "unexpected `tool_use_id`"),
        (
            [HELLO, called() | {"tool_calls": called()["tool_calls"] * 2}, result(), result()],
            "must be unique",
        ),
    ],
)
def test_a_malformed_conversation_is_refused(call, messages, message):
    assert_refused(call.chat(messages=messages), message)


@pytest.mark.parametrize("arguments", ["", "prose", '{"a":', "[1]", "3", "null", '"x"', None])
def test_arguments_in_history_that_are_no_object_make_the_gateway_fail(call, arguments):
    answer = call.chat(messages=[HELLO, called(arguments), result()])
    assert_refused(answer, "Failed to execute chat", 500)


def test_reasoning_tags_in_history_make_the_gateway_fail(call):
    said = {"role": "assistant", "content": "<reasoning>Hm.</reasoning>Yes."}
    assert_refused(call.chat(messages=[HELLO, said, HELLO]), "Failed to execute chat", 500)


@pytest.mark.parametrize(
    "messages",
    [
        [{"role": "developer", "content": "Be kind."}, HELLO | {"name": "ada"}],
        [HELLO, {"role": "assistant", "content": "Hi.", "refusal": None}, HELLO],
        [HELLO, called('{"a": 1}'), result('{"sum": 3}', name="add")],
        [HELLO, called(), result("plain text")],
        [HELLO, called(), result('"quoted"')],
        [HELLO, called(), result("NaN")],
        user({"type": "text", "text": "What is this?"}),
        image(PIXEL, detail="low"),
        image("https://example.com/cat.png"),
    ],
)
def test_a_well_formed_conversation_passes(call, messages):
    assert call.chat(messages=messages).status_code == 200


@pytest.mark.parametrize(
    "part",
    [
        {"type": "input_audio", "input_audio": {"data": "", "format": "wav"}},
        {"type": "file", "file": {"file_data": ""}},
        {"type": "image", "url": "https://example.com/cat.png"},
        {"type": "text", "text": "x", "cache_control": {}},
        {"type": "text", "text": ""},
        {"type": "image_url", "image_url": "https://example.com/cat.png"},
        {"type": "image_url", "image_url": {}},
        "text",
    ],
)
def test_parts_other_than_text_and_images_are_refused(call, part):
    assert call.chat(messages=user(part)).status_code == 400


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/cat.png",
        "http://127.0.0.1/cat.png",
        "cat.png",
        "data:image/png;base64,",
        "data:image/png;base64,***",
        "data:text/plain;base64,aGk=",
    ],
)
def test_an_image_that_cannot_be_fetched_is_refused_as_captured(call, sample, url):
    answer = call.chat(messages=image(url))
    assert (answer.status_code, answer.json()) == (422, sample("error_422_image.json"))


def test_https_images_can_be_switched_off(emulator, call):
    emulator.switch(image_urls="unreachable")
    assert call.chat(messages=image("https://example.com/cat.png")).status_code == 422
    assert call.chat(messages=image(PIXEL)).status_code == 200


def test_a_model_without_vision_takes_no_images(call):
    answer = call.chat(model="gpt-oss-120b", messages=image(PIXEL))
    assert_refused(answer, "does not support image input")


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
        ({"stream_options": {"x": 1}}, "stream_options.x"),
        ({"stream_options": True}, "stream_options must be an object"),
        ({"modalities": ["audio"]}, "modalities"),
        ({"reasoning_effort": "extreme"}, "reasoning_effort must be one of low, medium, high"),
        ({"parallel_tool_calls": 1}, "parallel_tool_calls must be a boolean"),
        ({"allow_ignored_params": "yes"}, "allow_ignored_params must be a boolean"),
        ({"seed": 1}, "unsupported parameter: seed"),
        ({"functions": []}, "unsupported parameter: functions"),
        ({"seed": 1, "allow_ignored_params": False}, "unsupported parameter: seed"),
        ({"temperature": 0.5, "top_p": 0.5}, RETURNED + ONE_OF_TWO),
    ],
)
def test_a_bad_field_is_refused(call, fields, message):
    assert_refused(call.chat(**fields), message)


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
        {"seed": 1, "allow_ignored_params": True},
    ],
)
def test_good_and_ignored_fields_pass(call, fields):
    assert call.chat(**fields).status_code == 200


def test_unknown_fields_pass_where_that_is_the_default(emulator, call):
    emulator.switch(allow_ignored_params=True)
    assert call.chat(seed=1).status_code == 200
    assert call.chat(seed=1, allow_ignored_params=False).status_code == 400


@pytest.mark.parametrize(
    ("tools", "message"),
    [
        ({}, "tools must be a list"),
        (["add"], "tools.0 must be an object"),
        ([{"type": "custom", "custom": {}}], "tools.0.type must be function"),
        ([ADD | {"strict": True}], "unsupported parameter: tools.0.strict"),
        ([tool(strict=True)], "unsupported parameter: tools.0.function.strict"),
        ([tool(name="")], "name is required"),
        ([tool(name="name space/tool")], "must match ^[a-zA-Z0-9_-]{1,64}$"),
        ([tool(name="x" * 65)], "must match"),
        ([tool(description="")], "description is required"),
        ([tool(description=None)], "description is required"),
        ([tool(parameters=[])], "parameters must be an object"),
        ([tool(parameters={})], "parameters.type must be object"),
        ([parameters(**{"$schema": "https://json-schema.org/draft-07/schema"})], "Bad Request"),
        ([parameters(properties={"a": {"$schema": "x"}})], "Bad Request"),
        ([parameters(anyOf=[{"$schema": "x"}])], "Bad Request"),
    ],
)
def test_a_malformed_tool_is_refused(call, tools, message):
    assert_refused(call.chat(tools=tools), message)


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
        ({"type": "function"}, "tool_choice.function must be an object"),
        ({"type": "function", "function": {"name": "other"}}, "unknown tool: other"),
        ({"type": "function", "function": {"name": "add", "x": 1}}, "tool_choice.function.x"),
    ],
)
def test_a_malformed_tool_choice_is_refused(call, choice, message):
    assert_refused(call.chat(tools=[ADD], tool_choice=choice), message)


def test_a_tool_choice_without_tools_is_refused(call):
    assert_refused(call.chat(tool_choice="required"), "tool_choice requires tools")
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
        (thinking(x=1), "extended_thinking.x"),
        (thinking("2000"), "budget_tokens must be an integer"),
        (thinking(include_reasoning="yes"), "include_reasoning must be a boolean"),
        ({"extended_thinking": {"budget_tokens": 2000}}, "extended_thinking.enabled is required"),
        ({"extended_thinking": True}, "extended_thinking must be an object"),
    ],
)
def test_the_rules_of_thinking(call, fields, message):
    assert_refused(call.chat(**fields), message)


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


def test_thinking_refuses_a_history_with_tool_calls_in_the_captured_words(call, sample):
    answer = call.chat(messages=[HELLO, called(), result()], **thinking())
    assert answer.json()["error"] == sample("error_400_thinking_history.json")


def test_validation_can_be_switched_off(emulator, call):
    emulator.switch(strict=False)
    answer = call.chat(temperature=2, messages=[HELLO, called(content=None), result("[]")], x=1)
    assert answer.status_code == 200
