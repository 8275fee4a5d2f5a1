"""Conversations: which are refused, and which pass."""

import base64

import pytest

HELLO = {"role": "user", "content": "Hello"}
PIXEL = "data:image/png;base64," + base64.b64encode(b"\x89PNG").decode()


def calling(arguments="{}", *, content="Calling.", call_id="tooluse_1", name="add", **call):
    function = {"name": name, "arguments": arguments}
    entry = {"id": call_id, "type": "function", "function": function} | call
    return {"role": "assistant", "content": content, "tool_calls": [entry]}


def result(content="Three.", call_id="tooluse_1", **fields):
    return {"role": "tool", "tool_call_id": call_id, "content": content} | fields


def user(*parts):
    return [{"role": "user", "content": list(parts)}]


def image(url, **fields):
    return user({"type": "image_url", "image_url": {"url": url} | fields})


@pytest.mark.parametrize(
    ("messages", "message"),
    [
        (None, "messages is required"),
        ([], "messages is required"),
        ("Hello", "messages is required"),
        (["Hello"], "messages.0 must be an object"),
        ([{"role": "robot", "content": "x"}], "messages.0.role"),
        ([{"content": "x"}], "messages.0.role"),
        ([{"role": "user"}], "messages[0]: content is required"),
        ([{"role": "user", "content": ""}], "messages[0]: content is required"),
        ([{"role": "user", "content": None}], "messages[0]: content is required"),
        ([{"role": "user", "content": []}], "messages[0]: content is required"),
        ([{"role": "user", "content": " \n"}], "is blank"),
        ([{"role": "user", "content": 3}], "must be a string"),
        ([{"role": "system", "content": ""}, HELLO], "messages[0]: content is required"),
        ([{"role": "system", "content": [{"type": "text", "text": "x"}]}, HELLO], "a string"),
        ([HELLO | {"id": "1"}], "unrecognized request argument: id"),
        ([HELLO, {"role": "assistant", "content": " \t"}, HELLO], "messages.1.content.0 is blank"),
        ([{"role": "system", "content": "\n"}, HELLO], "messages.0.content.0 is blank"),
        ([HELLO, {"role": "assistant", "content": "x", "reasoning": {}}], "argument: reasoning"),
        ([HELLO, {"role": "assistant", "content": "x", "function_call": {}}], "function_call"),
        ([HELLO, calling(content=""), result()], "messages[1]: content is required"),
        ([HELLO, calling(content=None), result()], "messages[1]: content is required"),
        ([HELLO, calling(content=" "), result()], "messages.1.content.0 is blank"),
        ([HELLO, calling(), result("")], "messages[2]: content is required"),
        ([HELLO, calling(), result(" ")], "messages.2.content.0 is blank"),
        ([HELLO, calling(), result([{"type": "text", "text": "x"}])], "must be a string"),
        ([HELLO, calling(), result("[1]")], "error parsing JSON"),
        ([HELLO, calling(), result("42")], "error parsing JSON"),
        ([HELLO, calling(), result(" true ")], "error parsing JSON"),
        ([HELLO, calling(), result("null")], "error parsing JSON"),
        ([HELLO, calling(), result(tool_call_id=None)], "tool_call_id is required"),
        ([HELLO, calling({}), result()], "arguments must be a string"),
        ([HELLO, calling(type="custom"), result()], "type must be function"),
        ([HELLO, calling(call_id=""), result(call_id="")], "tool_calls.0.id is required"),
        ([HELLO, calling(call_id=None), result()], "tool_calls.0.id is required"),
        ([HELLO, calling(), result(call_id="")], "tool_call_id is required"),
        ([HELLO, calling() | {"tool_calls": []}], "tool_calls must be a list"),
        ([HELLO, calling()], "were found without `tool_result` blocks"),
        ([HELLO, calling(), HELLO], "were found without `tool_result` blocks"),
        ([HELLO, calling(), HELLO, result()], "were found without `tool_result` blocks"),
        (
            [HELLO, calling(), calling(call_id="tooluse_2"), result(call_id="tooluse_2")],
            "messages.1: `tool_use` ids were found without",
        ),
        (
            [
                HELLO,
                calling()
                | {
                    "tool_calls": [
                        *calling()["tool_calls"],
                        *calling(call_id="tooluse_2")["tool_calls"],
                    ]
                },
                result(),
            ],
            "immediately after: tooluse_2",
        ),
        ([HELLO, calling(), result(call_id="other")], "unexpected `tool_use_id`"),
        ([HELLO, calling(), result(), result()], "unexpected `tool_use_id`"),
        ([HELLO, result()], "unexpected `tool_use_id`"),
        (
            [HELLO, calling() | {"tool_calls": calling()["tool_calls"] * 2}, result(), result()],
            "must be unique",
        ),
    ],
)
def test_a_malformed_conversation_is_refused(call, messages, message):
    assert message in call.refusal(messages=messages)


@pytest.mark.parametrize("name", ["add numbers", "mcp/add", "größe", "add.one", "add\n"])
def test_names_of_tools_in_history_are_checked(call, name):
    refusal = call.refusal(messages=[HELLO, calling(name=name), result()])
    assert refusal.startswith("Failed to execute chat: ValidationException: 1 validation error")
    assert f"Value '{name}' at 'messages.2." in refusal
    assert "regular expression pattern" in refusal


def test_names_of_tools_in_history_have_64_letters_at_most(call):
    assert call.chat(messages=[HELLO, calling(name="a" * 64), result()]).status_code == 200
    refusal = call.refusal(messages=[HELLO, calling(name="a" * 65), result()])
    assert refusal.startswith("Failed to execute chat: ValidationException: 1 validation error")
    assert refusal.endswith("Member must have length less than or equal to 64")


@pytest.mark.parametrize("arguments", ["", "prose", '{"a":', "[1]", "3", "null", '"x"', None])
def test_arguments_in_history_that_are_not_an_object_make_the_gateway_fail(call, arguments):
    messages = [HELLO, calling(arguments), result()]
    assert "Failed to execute chat" in call.refusal(500, messages=messages)


def test_reasoning_tags_in_history_make_the_gateway_fail(call):
    turn = {"role": "assistant", "content": "<reasoning>Hm.</reasoning>Yes."}
    assert "Failed to execute chat" in call.refusal(500, messages=[HELLO, turn, HELLO])


@pytest.mark.parametrize(
    "messages",
    [
        [{"role": "developer", "content": "Be kind."}, HELLO | {"name": "ada"}],
        [HELLO, {"role": "assistant", "content": "Hi.", "refusal": None}, HELLO],
        [HELLO, calling('{"a": 1}'), result('{"sum": 3}', name="add")],
        [HELLO, calling(), result("plain text")],
        [HELLO, calling(), result('"quoted"')],
        [HELLO, calling(), result("NaN")],
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
        "cat.png",
        "data:image/png;base64,",
        "data:image/png;base64,***",
        "data:text/plain;base64,aGk=",
    ],
)
def test_an_image_that_cannot_be_fetched_is_refused_in_the_captured_words(call, sample, url):
    answer = call.chat(messages=image(url))
    assert (answer.status_code, answer.json()) == (422, sample("error_422_image.json"))


def test_https_images_can_be_switched_off(emulator, call):
    emulator.switch(image_urls="unreachable")
    assert call.chat(messages=image("https://example.com/cat.png")).status_code == 422
    assert call.chat(messages=image(PIXEL)).status_code == 200


def test_a_model_without_vision_takes_no_images(call):
    refusal = call.refusal(model="gpt-oss-120b", messages=image(PIXEL))
    assert "does not support image input" in refusal


def test_a_history_with_tools_can_be_refused_without_tools(emulator, call):
    function = {"name": "add", "description": "Adds.", "parameters": {"type": "object"}}
    tools = [{"type": "function", "function": function}]
    messages = [HELLO, calling(), result(), HELLO]
    assert call.chat(messages=messages).status_code == 200
    emulator.switch(bare_tool_history="reject")
    for fields in ({}, {"tools": None}, {"tools": []}):
        assert "The toolConfig field must be defined" in call.refusal(messages=messages, **fields)
    assert call.chat(messages=messages, tools=tools, tool_choice="none").status_code == 200
    assert call.chat(messages=[HELLO]).status_code == 200


def test_validation_can_be_switched_off(emulator, call):
    emulator.switch(strict=False)
    answer = call.chat(temperature=2, messages=[HELLO, calling(content=None), result("[]")], x=1)
    assert answer.status_code == 200
