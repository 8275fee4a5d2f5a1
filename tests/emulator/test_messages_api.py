"""/v1/messages: access and answers."""

import httpx
import pytest

from tests.emulator.messages_caller import ADD, PATH, SUM, Messages, result, text, turn


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


def test_both_forms_of_the_key_are_accepted(emulator):
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
def test_the_key_in_anthropics_form_opens_nothing_else(emulator, path):
    headers = {"x-api-key": emulator.api_key}
    assert httpx.post(emulator.url + path, json={}, headers=headers).status_code == 401


def test_it_is_for_claude_only(ask, emulator):
    assert "does not support" in ask.refusal(model="nova-pro")
    assert "does not support" in ask.refusal(model="stable-image-ultra")
    assert ask.post(model="claude-9").status_code == 404
    emulator.switch(unknown_models="accept")
    assert ask.answer(model="claude-9")["model"] == "claude-9"


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
    last = ask.answer(SUM, turn("assistant", call), turn("user", result(call["id"])), tools=[ADD])
    assert last["content"][0]["text"] == "add says: 3"


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
def test_the_tool_choice_is_followed(ask, choice, called):
    answer = ask.answer(tools=[ADD], tool_choice=choice)
    assert (answer["stop_reason"] == "tool_use") == called


def test_system_text_reaches_the_engine_in_both_forms(ask):
    rule = "Return a JSON object with 'answer' as key."
    for system in (rule, [text(rule)]):
        assert ask.answer(system=system)["content"][0]["text"].startswith('{"answer"')


def test_usage_can_count_the_cache_apart(ask, emulator):
    whole = ask.answer(system="Be kind.")["usage"]
    assert list(whole) == ["input_tokens", "output_tokens"]
    emulator.switch(usage_details=True)
    cached = emulator.engine.count_tokens("Be kind.")
    marked = text("Be kind.") | {"cache_control": {"type": "ephemeral"}}
    for system, read in (("Be kind.", 0), ([marked], cached)):
        usage = ask.answer(system=system)["usage"]
        assert usage == whole | {
            "input_tokens": whole["input_tokens"] - read,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": read,
        }


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
