"""/v1/messages: which fields, tools and blocks are refused, and which pass."""

import base64

import pytest

from tests.emulator.messages_caller import ADD, SUM, THINKING, Messages, result, text, turn, use

CALLED = turn("assistant", use())
PIXEL = base64.b64encode(b"not looked into").decode()


@pytest.fixture
def ask(call):
    return Messages(call)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"max_tokens": ...}, "max_tokens: Field required"),
        ({"max_tokens": 0}, "max_tokens: Input should be greater than or equal to 1"),
        ({"max_tokens": "9"}, "max_tokens: Input should be a valid integer"),
        ({"messages": ...}, "messages: Field required"),
        ({"messages": []}, "messages: at least one message is required"),
        ({"messages": "Hello"}, "messages: Input should be a valid list"),
        ({"n": 1}, "n: Extra inputs are not permitted"),
        ({"max_completion_tokens": 9}, "max_completion_tokens: Extra inputs are not permitted"),
        ({"temperature": 1.5}, "temperature: range: 0..1"),
        ({"temperature": "hot"}, "temperature: Input should be a valid number"),
        ({"top_p": -1}, "top_p: range: 0..1"),
        ({"top_k": -1}, "top_k: Input should be greater than or equal to 0"),
        ({"temperature": 0.5, "top_p": 0.5}, "cannot both be specified"),
        ({"stream": "yes"}, "stream: Input should be a valid boolean"),
        ({"stop_sequences": "x"}, "stop_sequences: Input should be a valid list"),
        ({"stop_sequences": [" "]}, "each stop sequence must contain non-whitespace"),
        ({"metadata": {"user": "me"}}, "metadata.user: Extra inputs are not permitted"),
        ({"metadata": {"user_id": 3}}, "metadata.user_id: Input should be a valid string"),
        ({"system": 3}, "system: Input should be a valid string or list"),
        ({"system": " "}, "system: text content blocks must contain non-whitespace text"),
        ({"system": [use()]}, "system.0: Input tag 'tool_use'"),
        ({"tools": {}}, "tools: Input should be a valid list"),
        ({"tools": [{"name": "add"}]}, "tools.0.custom.input_schema: Field required"),
        ({"tools": [ADD | {"name": "a b"}]}, "tools.0.custom.name: String should match"),
        ({"tools": [ADD | {"strict": True}]}, "tools.0.custom.strict: Extra inputs"),
        ({"tools": [ADD | {"description": 3}]}, "tools.0.custom.description: Input"),
        ({"tools": [ADD | {"input_schema": {}}]}, "input_schema.type: Field required"),
        ({"tools": [ADD | {"cache_control": {"type": "ephemeral", "ttl": "9h"}}]}, "ttl: Input"),
        ({"tools": [ADD, ADD]}, "tools: Tool names must be unique."),
        ({"tools": [{"type": "web_search_20250305", "name": "x"}]}, "'web_search_20250305'"),
        ({"tool_choice": {"type": "any"}}, "may only be specified while providing `tools`"),
        ({"tool_choice": "any", "tools": [ADD]}, "tool_choice: Input should be a valid dict"),
        ({"tool_choice": {"type": "required"}, "tools": [ADD]}, "tool_choice.type: Input"),
        ({"tool_choice": {"type": "tool", "name": "x"}, "tools": [ADD]}, "Tool 'x' not found"),
        ({"tool_choice": {"type": "none", "name": "x"}}, "tool_choice.none.name: Extra"),
        (
            {"tool_choice": {"type": "auto", "disable_parallel_tool_use": 3}},
            "disable_parallel_tool_use: Input should be a boolean",
        ),
    ],
    ids=str,
)
def test_fields_are_checked(ask, fields, message):
    assert message in ask.refusal(**fields)


@pytest.mark.parametrize("beta", ["mcp_servers", "container", "service_tier", "output_config"])
def test_fields_of_betas_are_dropped_silently(ask, beta):
    assert ask.answer(**{beta: {"any": "thing"}})["stop_reason"] == "end_turn"


def test_all_documented_fields_can_be_combined(ask):
    cached = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}
    picture = {"type": "base64", "media_type": "image/png", "data": PIXEL}
    answer = ask.answer(
        turn("user", {"type": "image", "source": picture}, text("What is it?") | cached),
        system=[text("Be brief.") | cached],
        tools=[ADD | cached | {"type": "custom"}],
        tool_choice={"type": "auto"},
        top_k=3,
        temperature=0,
        stop_sequences=["never"],
        metadata={"user_id": "someone"},
        stream=False,
        thinking={"type": "disabled"},
    )
    assert answer["content"] == [text("You said: What is it?")]


def test_null_means_left_out(ask):
    nothing = dict.fromkeys(("system", "tools", "tool_choice", "thinking", "metadata", "stream"))
    assert ask.answer(**nothing)["stop_reason"] == "end_turn"


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ({"type": "video"}, "messages.0.content.0: Input tag 'video' found"),
        ({"text": "x"}, "messages.0.content.0.type: Field required"),
        ("x", "messages.0.content.0: Input should be a valid dictionary"),
        (use(), "messages.0.content.0: Input tag 'tool_use' found"),
        ({"type": "text"}, "messages.0.content.0.text.text: Field required"),
        (text("x") | {"name": "y"}, "messages.0.content.0.text.name: Extra inputs"),
        (text("x") | {"cache_control": {"type": "longer"}}, "cache_control.type: Input"),
        (
            text("x") | {"cache_control": {"type": "ephemeral", "ttl": "9h"}},
            "cache_control.ttl: Input should be '5m' or '1h'",
        ),
        (text("") | {"cache_control": {"type": "ephemeral"}}, "cannot be set for empty text"),
        ({"type": "image"}, "messages.0.content.0.image.source: Field required"),
        (
            {"type": "image", "source": {"type": "file", "file_id": "x"}},
            "messages.0.content.0.image.source.type: Input should be 'base64' or 'url'",
        ),
        (
            {"type": "image", "source": {"type": "base64", "media_type": "x", "data": PIXEL}},
            "messages.0.content.0.image.source.media_type: Input should be 'image/jpeg'",
        ),
        (
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "?"}},
            "messages.0.content.0.image.source.base64: invalid base64 data",
        ),
        (
            {"type": "document", "source": {"type": "url", "url": "https://x.y", "data": PIXEL}},
            "messages.0.content.0.document.source.data: Extra inputs are not permitted",
        ),
    ],
    ids=str,
)
def test_blocks_are_checked(ask, block, message):
    assert message in ask.refusal(turn("user", block))


def test_a_model_without_vision_refuses_images(ask):
    block = {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}}
    assert "image input" in ask.refusal(turn("user", block), model="claude-3-5-haiku")


def test_image_urls_are_accepted_or_unreachable(ask, emulator):
    block = {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}}
    shown = turn("user", block, text("Hello"))
    assert ask.answer(shown)["content"] == [text("You said: Hello")]
    emulator.switch(image_urls="unreachable")
    assert ask.post(shown).status_code == 422
    nested = turn("user", result(content=[block]))
    assert ask.post(SUM, CALLED, nested).status_code == 422


def test_documents_in_plain_text_are_read(ask):
    source = {"type": "text", "media_type": "text/plain", "data": "Paris is the capital."}
    document = {"type": "document", "source": source, "title": "France"}
    answer = ask.answer(turn("user", document, text("Hello")))
    assert "Paris is the capital." in answer["content"][0]["text"]


def test_at_most_four_blocks_have_cache_control(ask):
    cached = text("x") | {"cache_control": {"type": "ephemeral"}}
    four = turn("user", *[cached] * 4)
    assert ask.answer(four)["type"] == "message"
    assert "Found 5" in ask.refusal(four, system=[cached])


def test_without_strictness_odd_requests_are_answered(ask, emulator):
    emulator.switch(strict=False)
    assert ask.answer(n=2, temperature=0.3, top_p=0.3, thinking=THINKING | {"more": 1})
