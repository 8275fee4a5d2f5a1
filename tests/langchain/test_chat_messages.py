"""Conversations in every form that LangChain and its partners have, as they go over the wire."""

import copy

import pytest
from langchain_core.messages import (
    AIMessage,
    ChatMessage,
    FunctionMessage,
    HumanMessage,
    RemoveMessage,
    SystemMessage,
    ToolMessage,
)

from langchain_heroku._messages import openai_messages
from langchain_heroku.errors import ConfigError

PIXEL = "iVBORw0KGgo="
PIXEL_URL = f"data:image/png;base64,{PIXEL}"
CALL = {"name": "add", "args": {"a": 1}, "id": "1", "type": "tool_call"}
WIRE_CALL = {
    "id": "1",
    "type": "function",
    "function": {"name": "add", "arguments": '{"a": 1}'},
}


def wire(*messages):
    return openai_messages(messages)


def test_each_role_has_its_name_on_the_wire():
    assert wire(
        SystemMessage("Be brief."),
        SystemMessage("Be kind.", additional_kwargs={"__openai_role__": "developer"}),
        HumanMessage("Hello", name="ada"),
        AIMessage("Hi"),
        ChatMessage(role="user", content="Bye"),
    ) == [
        {"role": "system", "content": "Be brief."},
        {"role": "developer", "content": "Be kind."},
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": "Hi"},
        {"role": "user", "content": "Bye"},
    ]


@pytest.mark.parametrize(
    "block",
    [
        {"type": "image_url", "image_url": {"url": PIXEL_URL}},
        {"type": "image_url", "image_url": PIXEL_URL},
        {"type": "image", "base64": PIXEL, "mime_type": "image/png"},
        {"type": "image", "source_type": "base64", "data": PIXEL, "mime_type": "image/png"},
        {
            "type": "image",
            "source": {"type": "base64", "media_type": "image/png", "data": PIXEL},
        },
    ],
    ids=["openai", "openai string", "v1", "v0", "anthropic"],
)
def test_an_image_in_any_form_becomes_a_data_url(block):
    assert wire(HumanMessage([block]))[0]["content"] == [
        {"type": "image_url", "image_url": {"url": PIXEL_URL}}
    ]


@pytest.mark.parametrize(
    "block",
    [
        {"type": "image", "url": "https://example.com/cat.png"},
        {"type": "image", "source_type": "url", "url": "https://example.com/cat.png"},
        {"type": "image", "source": {"type": "url", "url": "https://example.com/cat.png"}},
    ],
    ids=["v1", "v0", "anthropic"],
)
def test_an_image_by_url_keeps_its_url(block):
    image = wire(HumanMessage([block]))[0]["content"][0]
    assert image == {"type": "image_url", "image_url": {"url": "https://example.com/cat.png"}}


@pytest.mark.parametrize(
    "block",
    [
        {"type": "text", "text": "words", "cache_control": {"type": "ephemeral"}},
        {"type": "text-plain", "text": "words", "mime_type": "text/plain"},
        {"type": "file", "source_type": "text", "text": "words"},
        {"type": "document", "source": {"type": "text", "data": "words"}},
        {"type": "input_text", "text": "words"},
        "words",
    ],
)
def test_text_in_any_wrapper_is_text(block):
    assert wire(HumanMessage([block]))[0]["content"] == [{"type": "text", "text": "words"}]


@pytest.mark.parametrize(
    "block",
    [
        {"type": "file", "base64": PIXEL, "mime_type": "application/pdf"},
        {"type": "audio", "base64": PIXEL, "mime_type": "audio/wav"},
        {"type": "video", "url": "https://example.com/cat.mp4"},
        {"type": "input_audio", "input_audio": {"data": PIXEL, "format": "wav"}},
        {"type": "image", "file_id": "file-1"},
        {"type": "non_standard", "value": {"type": "guardContent"}},
        {"image": {"format": "png"}},
    ],
    ids=["pdf", "audio", "video", "openai audio", "image by id", "foreign", "untyped"],
)
def test_what_heroku_cannot_take_is_refused_by_position_and_type(block):
    with pytest.raises(ConfigError, match=r"messages\[1\].*cannot be sent"):
        wire(SystemMessage("Look."), HumanMessage([block]))


def test_a_base64_image_without_its_type_says_what_it_needs():
    with pytest.raises(ConfigError, match="mime_type"):
        wire(HumanMessage([{"type": "image", "base64": PIXEL}]))


@pytest.mark.parametrize("message", [FunctionMessage("3", name="add"), RemoveMessage(id="1")])
def test_a_message_without_a_role_here_is_refused_by_name(message):
    with pytest.raises(ConfigError, match=type(message).__name__):
        wire(message)


def test_tool_calls_go_back_with_their_arguments_as_json():
    message = AIMessage("", tool_calls=[CALL])
    assert wire(message) == [{"role": "assistant", "content": "", "tool_calls": [WIRE_CALL]}]


def test_a_call_with_broken_arguments_goes_back_too_so_that_its_result_has_a_pair():
    broken = {"name": "add", "args": '{"a": ', "id": "2", "error": "no JSON"}
    message = AIMessage("", tool_calls=[CALL], invalid_tool_calls=[broken])
    calls = wire(message, ToolMessage("no", tool_call_id="2"))[0]["tool_calls"]
    assert [call["id"] for call in calls] == ["1", "2"]
    assert calls[1]["function"]["arguments"] == '{"a": '


def test_a_call_that_stands_in_content_and_in_its_field_goes_back_once():
    content = [
        {"type": "text", "text": "Adding."},
        {"type": "tool_use", "id": "1", "name": "add", "input": {"a": 1}},
    ]
    message = AIMessage(content, tool_calls=[CALL])
    assert wire(message) == [{"role": "assistant", "content": "Adding.", "tool_calls": [WIRE_CALL]}]


def test_a_call_that_only_stands_in_content_goes_back():
    message = AIMessage([{"type": "tool_use", "id": "1", "name": "add", "input": {"a": 1}}])
    assert wire(message)[0]["tool_calls"] == [WIRE_CALL]


@pytest.mark.parametrize(
    "message",
    [
        AIMessage("", tool_calls=[{**CALL, "args": {"a": object()}}]),
        AIMessage([{"type": "tool_use", "id": "1", "name": "add", "input": {"a": object()}}]),
    ],
)
def test_arguments_that_are_no_json_are_refused_by_position_and_name(message):
    with pytest.raises(ConfigError, match=r"messages\[1\]: .*'add' cannot be written as JSON"):
        wire(HumanMessage("Add."), message)


def test_thoughts_of_whichever_provider_stay_here():
    content = [
        {"type": "thinking", "thinking": "hm", "signature": "s"},
        {"type": "redacted_thinking", "data": "x"},
        {"type": "reasoning", "reasoning": "hm"},
        {"type": "text", "text": "Four."},
        {"type": "server_tool_call", "name": "search", "args": {}, "id": "s"},
    ]
    content.append(" Really.")
    message = AIMessage(content, additional_kwargs={"reasoning_content": "hm"})
    assert wire(message) == [{"role": "assistant", "content": "Four. Really."}]


def test_a_refusal_is_sent_back_as_text():
    message = AIMessage("", additional_kwargs={"refusal": "I won't."})
    assert wire(message)[0]["content"] == "I won't."


def test_an_image_the_model_made_cannot_go_back():
    with pytest.raises(ConfigError, match="assistant"):
        wire(AIMessage([{"type": "image", "base64": PIXEL, "mime_type": "image/png"}]))


@pytest.mark.parametrize(
    ("content", "status", "expected"),
    [
        ("3", "success", "3"),
        ([{"type": "text", "text": "3"}, "4"], "success", "3\n4"),
        ("no such city", "error", "Error: no such city"),
        ("Error: no such city", "error", "Error: no such city"),
        ("", "error", "Error"),
    ],
)
def test_a_failed_tool_says_so_in_its_text(content, status, expected):
    message = ToolMessage(content, tool_call_id="1", status=status, artifact={"big": "data"})
    assert wire(message) == [{"role": "tool", "content": expected, "tool_call_id": "1"}]


def test_images_from_tools_are_shown_by_the_user_after_all_results():
    block = {"type": "image", "base64": PIXEL, "mime_type": "image/png"}
    talk = [
        ToolMessage([block], tool_call_id="1", name="draw"),
        ToolMessage(["Done.", block], tool_call_id="2"),
        ToolMessage("noon", tool_call_id="3"),
        HumanMessage("Well?"),
    ]
    shown = {"type": "image_url", "image_url": {"url": PIXEL_URL}}
    assert openai_messages(talk) == [
        {
            "role": "tool",
            "content": "The image is shown in the next message.",
            "tool_call_id": "1",
        },
        {"role": "tool", "content": "Done.", "tool_call_id": "2"},
        {"role": "tool", "content": "noon", "tool_call_id": "3"},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "Result of 1:"},
                shown,
                {"type": "text", "text": "Result of 2:"},
                shown,
            ],
        },
        {"role": "user", "content": "Well?"},
    ]
    assert openai_messages(talk[:1])[-1]["role"] == "user"


def test_an_image_from_the_system_is_refused_and_says_where_it_can_go():
    block = {"type": "image", "base64": PIXEL, "mime_type": "image/png"}
    with pytest.raises(ConfigError, match="HumanMessage"):
        wire(SystemMessage([block]))


def test_tool_results_in_a_message_of_the_user_become_messages_of_the_tool():
    content = [
        {
            "type": "tool_result",
            "tool_use_id": "1",
            "content": [{"type": "text", "text": "green"}],
            "is_error": False,
        },
        {"type": "text", "text": "Which colour?"},
    ]
    assert wire(HumanMessage(content)) == [
        {"role": "tool", "content": "green", "tool_call_id": "1"},
        {"role": "user", "content": [{"type": "text", "text": "Which colour?"}]},
    ]
    assert len(wire(HumanMessage(content[:1]))) == 1


def test_messages_passed_in_are_not_changed():
    messages = [
        HumanMessage([{"type": "image", "base64": PIXEL, "mime_type": "image/png"}]),
        AIMessage([{"type": "text", "text": "a"}], tool_calls=[CALL]),
    ]
    before = copy.deepcopy(messages)
    wire(*messages)
    assert messages == before
