"""Answers that are not streamed, compared with the published ones."""

import json
import re
import time
from email.utils import parsedate_to_datetime

import pytest

from heroku_emulator import CallTools, Say


def test_an_answer_has_the_shape_and_key_order_of_the_captured_one(emulator, call, sample):
    captured = sample("chat_claude_3_7_sonnet.json")
    emulator.script(Say(captured["choices"][0]["message"]["content"]))
    answer = call.chat(
        model="claude-3-7-sonnet",
        messages=[{"role": "user", "content": "What is the capital of France?"}],
        stream=False,
    )
    ours = answer.json()
    for name in ("id", "created", "system_fingerprint", "usage"):
        assert type(ours[name]) is type(captured[name])
        ours[name] = captured[name]
    assert json.dumps(ours) == json.dumps(captured)  # the order of keys included


def test_json_is_compact(call):
    answer = call.chat()
    assert answer.text == json.dumps(answer.json(), separators=(",", ":"), ensure_ascii=False)


def test_headers_are_the_captured_ones(call):
    headers = call.chat().headers
    assert headers["content-type"] == "application/json"
    assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert headers["strict-transport-security"] == "max-age=63072000"
    assert headers["x-request-id"]


def test_the_date_moves(call):
    dates = [call.chat().headers["date"]]
    time.sleep(1.1)
    dates += [call.chat().headers["date"], call.http.get("/nowhere").headers["date"]]
    first, second, third = map(parsedate_to_datetime, dates)
    assert first < second <= third
    assert abs(time.time() - third.timestamp()) < 5


def test_the_id_embeds_the_time_and_the_fingerprint_stays(call):
    answer = call.chat().json()
    embedded = re.fullmatch(r"chatcmpl-([0-9a-f]{16})([0-9a-f]{5})", answer["id"])
    assert int(embedded[1], 16) // 10**9 == answer["created"]
    assert int(embedded[2], 16) < 100_000
    assert re.fullmatch(r"heroku-inf-[0-9a-z]{1,7}", answer["system_fingerprint"])
    assert call.chat().json()["system_fingerprint"] == answer["system_fingerprint"]


@pytest.mark.parametrize(
    ("name", "calls_first"),
    [("chat_tool_call.json", True), ("chat_text_and_tool_call.json", False)],
)
def test_a_tool_call_has_the_shape_of_the_captured_one(emulator, call, sample, name, calls_first):
    captured = sample(name)["choices"][0]
    function = captured["message"]["tool_calls"][0]["function"]
    emulator.switch(tool_calls_first=calls_first)
    emulator.script(
        CallTools(
            [(function["name"], json.loads(function["arguments"]))],
            text=captured["message"]["content"],
            ids=[captured["message"]["tool_calls"][0]["id"]],
        )
    )
    assert json.dumps(call.chat().json()["choices"][0]) == json.dumps(captured)


def test_generated_call_ids_look_like_bedrocks(emulator, call):
    emulator.script(CallTools([("add", {})]))
    (made,) = call.message()["tool_calls"]
    assert re.fullmatch(r"tooluse_[\w-]{22}", made["id"])


@pytest.mark.parametrize(
    ("switches", "fields"),
    [
        ({}, {"reasoning": {"thinking": "Hm."}}),
        ({"reasoning_form": "string"}, {"reasoning": "Hm."}),
        ({"reasoning_form": "reasoning_content"}, {"reasoning_content": "Hm."}),
    ],
)
def test_reasoning_has_the_switched_form(emulator, call, switches, fields):
    emulator.switch(**switches)
    emulator.script(Say("Yes.", reasoning="Hm."))
    assert fields.items() <= call.message().items()


@pytest.mark.parametrize(
    ("position", "fields"),
    [("empty", {"content": ""}), ("null", {"content": None}), ("absent", {})],
)
def test_content_can_be_missing_beside_tool_calls(emulator, call, position, fields):
    emulator.switch(empty_content=position)
    emulator.script(CallTools([("add", {})]))
    message = call.message()
    assert {name: message[name] for name in message if name == "content"} == fields


def test_arguments_given_as_text_are_sent_unchanged(emulator, call):
    emulator.script(CallTools([("add", '{"a":')]))
    assert call.message()["tool_calls"][0]["function"]["arguments"] == '{"a":'


def test_usage_adds_up(call):
    usage = call.chat().json()["usage"]
    assert list(usage) == ["prompt_tokens", "completion_tokens", "total_tokens"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    assert min(usage.values()) > 0


def test_usage_can_have_details(emulator, call):
    emulator.switch(usage_details=True)
    messages = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hello"}]
    thinking = {"enabled": True, "budget_tokens": 1024}
    answer = call.chat(messages=messages, extended_thinking=thinking).json()
    cached = emulator.engine.count_tokens("Be kind.")
    usage = answer["usage"]
    assert usage["prompt_tokens_details"] == {"cached_tokens": cached}
    assert 0 < usage["completion_tokens_details"]["reasoning_tokens"] < usage["completion_tokens"]
    assert "reasoning" not in answer["choices"][0]["message"]
    assert call.chunks(messages=messages, extended_thinking=thinking)[-1]["usage"] == usage
    assert call.chat().json()["usage"]["prompt_tokens_details"] == {"cached_tokens": 0}


def test_stop_sequences_end_the_text(call):
    answer = call.chat(
        messages=[{"role": "user", "content": "one two three"}], stop=["three", "two"]
    ).json()["choices"][0]
    assert answer["message"]["content"] == "You said: one "
    assert answer["finish_reason"] == "stop"


@pytest.mark.parametrize("field", ["max_tokens", "max_completion_tokens"])
@pytest.mark.parametrize("reason", ["length", "max_tokens"])
def test_the_token_limit_ends_the_text(emulator, call, field, reason):
    emulator.switch(length_reason=reason)
    answer = call.chat(**{field: 3}).json()
    assert answer["choices"][0]["finish_reason"] == reason
    assert answer["choices"][0]["message"]["content"].strip() == "You said:"
    assert answer["usage"]["completion_tokens"] == 3


def test_a_finish_reason_can_be_scripted(emulator, call):
    emulator.script(Say("No.", finish_reason="content_filter"))
    assert call.chat().json()["choices"][0]["finish_reason"] == "content_filter"


def test_reasoning_is_shown_only_on_request(call):
    thinking = {"enabled": True, "budget_tokens": 1024}
    assert "reasoning" not in call.message(extended_thinking=thinking)
    assert "reasoning" not in call.message(reasoning_effort="low")
    shown = call.message(extended_thinking=thinking | {"include_reasoning": True})
    assert shown["reasoning"]["thinking"]


def test_reasoning_uses_up_the_token_limit(call):
    thinking = {"enabled": True, "budget_tokens": 1024, "include_reasoning": True}
    long = {"role": "user", "content": "word " * 1100}
    answer = call.chat(messages=[long], extended_thinking=thinking, max_tokens=1025).json()
    assert answer["choices"][0]["message"]["content"] == ""
    assert answer["choices"][0]["finish_reason"] == "length"


def test_response_format_is_ignored_honoured_or_rejected(emulator, call):
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    wanted = {"type": "json_schema", "json_schema": {"name": "n", "schema": schema}}
    assert call.message(response_format=wanted)["content"] == "You said: Hello"
    emulator.switch(response_format="honoured")
    assert json.loads(call.message(response_format=wanted)["content"]) == {"n": 1}
    emulator.switch(response_format="rejected")
    assert call.chat(response_format=wanted).status_code == 400
