"""Conversations in every form that LangChain and its partners have, as they go over the wire.

That none of them is refused is the claim of `test_histories.py`.
"""

import base64
import copy

import pytest
from langchain_core.messages import (
    AIMessage,
    ChatMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)

from langchain_heroku import ChatHeroku
from langchain_heroku.errors import ConfigError
from tests import wire_cases

PIXEL = base64.b64encode(wire_cases.PIXEL).decode()
PIXEL_URL = f"data:image/png;base64,{PIXEL}"
CALL = {"name": "add", "args": {"a": 1}, "id": "1", "type": "tool_call"}
WIRE_CALL = {
    "id": "1",
    "type": "function",
    "function": {"name": "add", "arguments": '{"a": 1}'},
}


@pytest.fixture
def wire(emulator, config_vars):
    """Send messages; returns them as they were sent."""

    def send(*messages):
        ChatHeroku().invoke(list(messages))
        return emulator.journal[-1].body["messages"]

    return send


CALLED = AIMessage("", tool_calls=[CALL])


def test_each_role_has_its_name_on_the_wire(wire):
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
def test_an_image_in_any_form_becomes_a_data_url(wire, block):
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
def test_an_image_by_url_keeps_its_url(wire, block):
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
def test_text_in_any_wrapper_is_text(wire, block):
    assert wire(HumanMessage([block]))[0]["content"] == "words"


@pytest.mark.parametrize(
    "block",
    [
        {"type": "file", "base64": PIXEL, "mime_type": "application/pdf"},
        {"type": "audio", "base64": PIXEL, "mime_type": "audio/wav"},
        {"type": "video", "url": "https://example.com/cat.mp4"},
        {"type": "input_audio", "input_audio": {"data": PIXEL, "format": "wav"}},
        {"type": "image", "file_id": "file-1"},
        {"type": "non_standard", "value": {"type": "guardContent"}},
        {"guardContent": {"text": {"text": "words"}}},
    ],
    ids=["pdf", "audio", "video", "openai audio", "image by id", "foreign", "untyped"],
)
def test_what_heroku_cannot_take_is_refused_by_position_and_type(wire, block):
    with pytest.raises(ConfigError, match=r"messages\[1\].*cannot be sent"):
        wire(SystemMessage("Look."), HumanMessage([block]))


def test_a_base64_image_without_its_type_says_what_it_needs(wire):
    with pytest.raises(ConfigError, match="mime_type"):
        wire(HumanMessage([{"type": "image", "base64": PIXEL}]))


def test_tool_calls_go_back_with_their_arguments_as_json(wire):
    asked, called, *_ = wire(HumanMessage("Add."), CALLED, ToolMessage("3", tool_call_id="1"))
    assert asked == {"role": "user", "content": "Add."}
    assert called == {"role": "assistant", "content": ".", "tool_calls": [WIRE_CALL]}


def test_a_call_with_broken_arguments_goes_back_too_so_that_its_result_has_a_pair(wire):
    broken = {"name": "add", "args": '{"a": ', "id": "2", "error": "no JSON"}
    message = AIMessage("", tool_calls=[CALL], invalid_tool_calls=[broken])
    results = [ToolMessage(text, tool_call_id=text) for text in ("1", "2")]
    calls = wire(HumanMessage("Add."), message, *results)[1]["tool_calls"]
    assert [call["id"] for call in calls] == ["1", "2"]
    assert calls[1]["function"]["arguments"] == '{"value":"{\\"a\\": "}'


def test_a_call_that_stands_in_content_and_in_its_field_goes_back_once(wire):
    content = [
        {"type": "text", "text": "Adding."},
        {"type": "tool_use", "id": "1", "name": "add", "input": {"a": 1}},
    ]
    message = AIMessage(content, tool_calls=[CALL])
    sent = wire(message, ToolMessage("3", tool_call_id="1"))[0]
    assert sent == {"role": "assistant", "content": "Adding.", "tool_calls": [WIRE_CALL]}


def test_a_call_that_only_stands_in_content_goes_back(wire):
    message = AIMessage([{"type": "tool_use", "id": "1", "name": "add", "input": {"a": 1}}])
    assert wire(message, ToolMessage("3", tool_call_id="1"))[0]["tool_calls"] == [WIRE_CALL]


def test_thoughts_of_whichever_provider_stay_here(wire):
    content = [
        {"type": "thinking", "thinking": "hm", "signature": "s"},
        {"type": "redacted_thinking", "data": "x"},
        {"type": "reasoning", "reasoning": "hm"},
        {"type": "reasoning_content", "reasoning_content": {"text": "hm"}},
        {"type": "text", "text": "Four."},
        " Really.",
    ]
    message = AIMessage(content, additional_kwargs={"reasoning_content": "hm"})
    assert wire(message) == [{"role": "assistant", "content": "Four. Really."}]


def test_a_refusal_is_sent_back_as_text(wire):
    message = AIMessage("", additional_kwargs={"refusal": "I won't."})
    assert wire(message)[0]["content"] == "I won't."


@pytest.mark.filterwarnings("ignore:The conversation was repaired")
def test_an_image_of_the_model_is_shown_by_the_user(wire):
    image = {"type": "image", "base64": PIXEL, "mime_type": "image/png"}
    drawn, shown = wire(AIMessage([{"type": "text", "text": "A dot."}, image]))
    assert drawn == {"role": "assistant", "content": "A dot."}
    assert shown["role"] == "user"
    assert shown["content"][-1] == {"type": "image_url", "image_url": {"url": PIXEL_URL}}


@pytest.mark.parametrize(
    ("content", "status", "expected"),
    [
        ("three", "success", "three"),
        ([{"type": "text", "text": "3"}, "4"], "success", "3\n4"),
        ("no such city", "error", "Error: no such city"),
        ("Error: no such city", "error", "Error: no such city"),
        ("", "error", "Error"),
    ],
)
def test_a_failed_tool_says_so_in_its_text(wire, content, status, expected):
    message = ToolMessage(content, tool_call_id="1", status=status, artifact={"big": "data"})
    sent = wire(CALLED, message)[1]
    assert sent == {"role": "tool", "content": expected, "tool_call_id": "1"}


def test_images_from_tools_are_shown_by_the_user_after_all_results(wire):
    block = {"type": "image", "base64": PIXEL, "mime_type": "image/png"}
    talk = [
        AIMessage("", tool_calls=[{**CALL, "id": number} for number in "123"]),
        ToolMessage([block], tool_call_id="1", name="draw"),
        ToolMessage(["Done.", block], tool_call_id="2"),
        ToolMessage("noon", tool_call_id="3"),
        HumanMessage("Well?"),
    ]
    shown = {"type": "image_url", "image_url": {"url": PIXEL_URL}}
    assert wire(*talk)[1:] == [
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
    assert wire(*talk[:4])[-1]["role"] == "user"


@pytest.mark.filterwarnings("ignore:The conversation was repaired")
def test_an_image_of_the_system_is_shown_by_the_user(wire):
    block = {"type": "image", "base64": PIXEL, "mime_type": "image/png"}
    system, shown, asked = wire(SystemMessage(["Look.", block]), HumanMessage("Well?"))
    assert system == {"role": "system", "content": "Look."}
    assert shown["role"] == "user"
    assert shown["content"][-1] == {"type": "image_url", "image_url": {"url": PIXEL_URL}}
    assert asked == {"role": "user", "content": "Well?"}


def test_tool_results_in_a_message_of_the_user_become_messages_of_the_tool(wire):
    content = [
        {
            "type": "tool_result",
            "tool_use_id": "1",
            "content": [{"type": "text", "text": "green"}],
            "is_error": False,
        },
        {"type": "text", "text": "Which colour?"},
    ]
    assert wire(CALLED, HumanMessage(content))[1:] == [
        {"role": "tool", "content": "green", "tool_call_id": "1"},
        {"role": "user", "content": "Which colour?"},
    ]
    assert len(wire(CALLED, HumanMessage(content[:1]))) == 2


def test_messages_passed_in_are_not_changed(wire):
    messages = [
        HumanMessage([{"type": "image", "base64": PIXEL, "mime_type": "image/png"}]),
        AIMessage([{"type": "text", "text": "a"}], tool_calls=[CALL]),
        ToolMessage([{"type": "text", "text": "3"}], tool_call_id="1"),
    ]
    before = copy.deepcopy(messages)
    wire(*messages)
    assert messages == before
