"""/v1/messages: who gets in, what comes back, and what is refused of fields, tools and blocks."""

import base64

import httpx
import pytest

from heroku_emulator import CallTools, Cut, Emulator, ErrorEvent, Fault, RawBody, Reset, Say
from tests.emulator.messages_caller import (
    ADD,
    PATH,
    SUM,
    THINKING,
    Messages,
    result,
    said,
    text,
    use,
)

CALLED = said("assistant", use())
PIXEL = base64.b64encode(b"not looked into").decode()


@pytest.fixture
def ask(call):
    return Messages(call)


def test_the_documented_request_gets_an_answer_of_the_documented_form(call, sample):
    answer = call.post(PATH, sample("messages_request.json")).json()
    form = sample("messages_answer.json")
    assert list(answer) == list(form)
    assert list(answer["usage"]) == list(form["usage"])
    assert answer["content"] == [
        {"type": "text", "text": "You said: Hello, what should I build today?"}
    ]
    assert (answer["type"], answer["role"]) == ("message", "assistant")
    assert answer["model"] == "claude-4-sonnet"
    assert (answer["stop_reason"], answer["stop_sequence"]) == ("end_turn", None)
    assert answer["id"].startswith("msg_")
    assert all(count > 0 for count in answer["usage"].values())


def test_both_forms_of_the_key_open_it_and_no_other(emulator):
    for headers, status in [
        ({"x-api-key": emulator.api_key}, 200),
        ({"authorization": f"Bearer {emulator.api_key}"}, 200),
        ({"x-api-key": "inf-wrong"}, 401),
        ({}, 401),
    ]:
        body = {"model": "claude-4-5-sonnet", "max_tokens": 9, "messages": [SUM]}
        answer = httpx.post(emulator.url + PATH, json=body, headers=headers)
        assert answer.status_code == status, headers
    assert emulator.api_key not in repr(emulator.journal)


@pytest.mark.parametrize(
    "path", ["/v1/chat/completions", "/v1/embeddings", "/v1/rerank", "/v1/images/generations"]
)
def test_the_form_of_anthropic_opens_nothing_else(emulator, path):
    headers = {"x-api-key": emulator.api_key}
    assert httpx.post(emulator.url + path, json={}, headers=headers).status_code == 401


def test_it_is_for_claude_alone(ask, emulator):
    assert "does not support" in ask.refusal(model="nova-pro")
    assert "does not support" in ask.refusal(model="stable-image-ultra")
    assert ask.post(model="claude-9").status_code == 404
    emulator.switch(unknown_models="accept")
    assert ask.answer(model="claude-9")["model"] == "claude-9"


def test_a_key_of_one_model_opens_that_one():
    with Emulator(engine="deterministic", plan={"model": "claude-4-5-haiku"}) as emulator:
        headers = {"x-api-key": emulator.api_key}
        body = {"model": "claude-4-5-haiku", "max_tokens": 9, "messages": [SUM]}
        assert httpx.post(emulator.url + PATH, json=body, headers=headers).status_code == 200
        body["model"] = "claude-4-5-sonnet"
        assert httpx.post(emulator.url + PATH, json=body, headers=headers).status_code == 403


def test_the_version_header_is_optional_and_limits_are_counted(ask):
    headers = ask.post().headers
    assert headers["x-ratelimit-remaining-requests"] == "149"
    assert headers["x-ratelimit-remaining-tokens"] != "800000"
    assert headers["x-request-id"]


def test_a_call_is_a_block_with_parsed_input(ask):
    answer = ask.answer(SUM, tools=[ADD])
    words, call = answer["content"]
    assert words["type"] == "text"
    assert call | {"id": ""} == {
        "type": "tool_use",
        "id": "",
        "name": "add",
        "input": {"a": 1, "b": 2},
    }
    assert call["id"].startswith("toolu_")
    assert answer["stop_reason"] == "tool_use"
    told = ask.answer(SUM, said("assistant", call), said("user", result(call["id"])), tools=[ADD])
    assert told["content"][0]["text"] == "add says: 3"


@pytest.mark.parametrize(
    ("choice", "called"),
    [
        (None, False),
        ({"type": "auto"}, False),
        ({"type": "none"}, False),
        ({"type": "any"}, True),
        ({"type": "any", "disable_parallel_tool_use": True}, True),
        ({"type": "tool", "name": "add"}, True),
    ],
    ids=str,
)
def test_the_tool_choice_is_heeded(ask, choice, called):
    answer = ask.answer(tools=[ADD], tool_choice=choice)
    assert (answer["stop_reason"] == "tool_use") == called


def test_system_text_reaches_the_engine_in_both_forms(ask):
    rule = "Return a JSON object with 'answer' as key."
    for system in (rule, [text(rule)]):
        assert ask.answer(system=system)["content"][0]["text"].startswith('{"answer"')


def test_stop_sequences_end_the_text_and_are_named(ask):
    answer = ask.answer(stop_sequences=["nothing", "Hel", ": "])
    assert answer["content"] == [text("You said")]
    assert (answer["stop_reason"], answer["stop_sequence"]) == ("stop_sequence", ": ")


def test_max_tokens_cut_the_text(ask, emulator):
    for form in ("length", "max_tokens"):
        emulator.switch(length_reason=form)
        answer = ask.answer(max_tokens=2)
        assert answer["stop_reason"] == "max_tokens"
        assert answer["usage"]["output_tokens"] <= 2
    both = ask.answer(max_tokens=1, stop_sequences=["Hello"])
    assert (both["stop_reason"], both["stop_sequence"]) == ("max_tokens", None)


@pytest.mark.parametrize(("disabled", "calls"), [(None, 2), (False, 2), (True, 1)])
def test_calls_come_side_by_side_unless_that_is_disabled(ask, disabled, calls):
    choice = {"type": "auto", "disable_parallel_tool_use": disabled}
    both = {"role": "user", "content": "Use add(1, 2) and add(3, 4)"}
    answer = ask.answer(both, tools=[ADD], tool_choice=choice)
    assert len([block for block in answer["content"] if block["type"] == "tool_use"]) == calls


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
def test_fields_of_betas_are_dropped_without_a_word(ask, beta):
    assert ask.answer(**{beta: {"any": "thing"}})["stop_reason"] == "end_turn"


def test_everything_documented_may_be_said_at_once(ask):
    cached = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}
    picture = {"type": "base64", "media_type": "image/png", "data": PIXEL}
    answer = ask.answer(
        said("user", {"type": "image", "source": picture}, text("What is it?") | cached),
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


def test_what_is_left_out_and_what_is_null_are_the_same(ask):
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
    assert message in ask.refusal(said("user", block))


def test_a_model_that_is_blind_refuses_pictures(ask):
    block = {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}}
    assert "image input" in ask.refusal(said("user", block), model="claude-3-5-haiku")


def test_addresses_are_believed_or_out_of_reach(ask, emulator):
    block = {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}}
    shown = said("user", block, text("Hello"))
    assert ask.answer(shown)["content"] == [text("You said: Hello")]
    emulator.switch(image_urls="unreachable")
    assert ask.post(shown).status_code == 422
    nested = said("user", result(content=[block]))
    assert ask.post(SUM, CALLED, nested).status_code == 422


def test_documents_in_plain_text_are_read(ask):
    source = {"type": "text", "media_type": "text/plain", "data": "Paris is the capital."}
    document = {"type": "document", "source": source, "title": "France"}
    answer = ask.answer(said("user", document, text("Hello")))
    assert "Paris is the capital." in answer["content"][0]["text"]


def test_four_places_may_end_a_cached_prefix_and_no_more(ask):
    cached = text("x") | {"cache_control": {"type": "ephemeral"}}
    four = said("user", *[cached] * 4)
    assert ask.answer(four)["type"] == "message"
    assert "Found 5" in ask.refusal(four, system=[cached])


def test_a_script_answers_exactly_as_it_says(ask, emulator):
    emulator.script(
        Say("Paris.", reasoning="Easy.", finish_reason="length", path=PATH),
        CallTools([("add", {"a": 1}), ("add", "{bad")], ids=["one", "two"], path=PATH),
        Say("", finish_reason="", path=PATH),
        RawBody({"any": "thing"}, path=PATH),
    )
    thought = ask.answer()
    assert [block["type"] for block in thought["content"]] == ["thinking", "text"]
    assert thought["content"][0]["thinking"] == "Easy."
    assert thought["stop_reason"] == "max_tokens"
    called = ask.answer()["content"]
    assert [block["id"] for block in called] == ["one", "two"]
    assert [block["input"] for block in called] == [{"a": 1}, "{bad"]
    ended = ask.answer()
    assert (ended["content"], ended["stop_reason"]) == ([], None)
    assert ask.answer() == {"any": "thing"}


def test_scripts_for_chat_leave_it_alone(ask, emulator):
    emulator.script(Say("for chat"))
    assert ask.answer()["content"] == [text("You said: Hello")]
    assert len(emulator.remaining_script) == 1


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "invalid_request_error"),
        (401, "authentication_error"),
        (403, "permission_error"),
        (404, "not_found_error"),
        (408, "timeout_error"),
        (413, "request_too_large"),
        (429, "rate_limit_error"),
        (500, "api_error"),
        (529, "overloaded_error"),
    ],
)
def test_errors_come_in_both_envelopes(ask, emulator, status, kind):
    emulator.script(Fault(status, "why", times=2))
    assert ask.post().json()["error"]["code"] == status
    emulator.switch(messages_error_envelope="anthropic")
    answer = ask.post()
    assert answer.status_code == status
    assert answer.json() == {"type": "error", "error": {"type": kind, "message": "why"}}


def test_the_envelope_of_anthropic_is_for_this_path_alone(ask, call, emulator):
    emulator.switch(messages_error_envelope="anthropic", error_envelope="string")
    assert ask.post(max_tokens=...).json()["type"] == "error"
    assert isinstance(call.chat(messages=[]).json()["error"], str)
    emulator.script(Fault(500, error_type="odd"))
    assert ask.post().json()["error"]["type"] == "odd"


def test_faults_of_the_connection_work_here_too(ask, emulator):
    emulator.script(Reset(path=PATH), Cut(path=PATH), ErrorEvent(status=529, path=PATH))
    for _ in range(2):
        with pytest.raises(httpx.TransportError):
            ask.post()
    assert ask.post().status_code == 529
    assert len(emulator.remaining_script) == 0


def test_without_strictness_odd_requests_are_answered(ask, emulator):
    emulator.switch(strict=False)
    assert ask.answer(n=2, temperature=0.3, top_p=0.3, thinking=THINKING | {"more": 1})
