"""What is made of values that are of another type than their field."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from heroku_inference import InvalidResponseError
from heroku_inference._agents.reading import AgentReader
from heroku_inference._agents.tool_results import unwrap
from heroku_inference._anthropic.reading import MessageStream, read_message
from heroku_inference._chat.reading import chat_result
from heroku_inference._chat.request import ChatRequest
from heroku_inference._values import Reply, Usage
from heroku_inference._wire_types import count, identifier, moment, reason, usage_of

NO_COUNTS = [True, "5", -1, 1.5, float("inf"), 10**100, [], {}, None]


@pytest.mark.parametrize("value", NO_COUNTS, ids=str)
def test_a_wrong_count_is_unknown(value):
    assert count(value) is None


@pytest.mark.parametrize(
    ("value", "text"),
    [("a", "a"), (5, "5"), (1.5, "1.5"), ("", None), (True, None), ([], None), ({"a": 1}, None)],
)
def test_a_numeric_id_is_text(value, text):
    assert identifier(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [("stop", "stop"), ("", None), (None, None), (5, "5"), (["a"], '["a"]')]
)
def test_a_reason_is_text_whatever_it_was(value, text):
    assert reason(value) == text


def test_a_date_that_is_none_is_unknown():
    assert moment("2025-05-01T00:00:00Z") == datetime(2025, 5, 1, tzinfo=UTC)
    assert [moment(value) for value in ("soon", "", 5, None, [])] == [None] * 5


@pytest.mark.parametrize(
    ("prompt", "completion", "total", "usage"),
    [
        (4, 2, 6, Usage(4, 2, 6)),
        (4, 2, None, Usage(4, 2, 6)),
        (4, 2, "6", Usage(4, 2, 6)),
        ("4", 2, 6, Usage(4, 2, 6)),
        (4, [2], 6, Usage(4, 2, 6)),
        (None, None, 6, Usage(0, 0, 6)),
        (4, None, 4, Usage(4, 0, 4)),
        ("4", 7, 6, None),
        ("4", "2", 6, None),
        ("4", 2, "6", None),
        (0, 0, 0, None),
        (None, None, None, None),
    ],
    ids=repr,
)
def test_a_wrong_count_of_tokens_follows_from_the_others(prompt, completion, total, usage):
    counts = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": total}
    assert usage_of(counts) == usage


@pytest.mark.parametrize("counts", [5, "6", [4, 2], True, None], ids=repr)
def test_a_usage_that_is_no_object_is_unknown(counts):
    assert usage_of(counts) is None


def reply(value):
    return Reply(200, {}, json.dumps(value).encode())


CALL = {"id": "c1", "function": {"name": "add", "arguments": "{}"}}


@pytest.mark.parametrize(
    ("choices", "what"),
    [
        (5, "choices is not a list"),
        ({"a": 1}, "choices is not a list"),
        ([5], "choices.0 is not an object"),
        ([None], "choices.0 is not an object"),
        ([{}], "choices.0.message is missing"),
        ([{"message": "Hello"}], "choices.0.message is not an object"),
        ([{"message": {"content": 5}}], "choices.0.message.content is not text"),
        ([{"message": {"content": 0}}], "choices.0.message.content is not text"),
        ([{"message": {"content": {"text": "Hello"}}}], "choices.0.message.content is not text"),
        ([{"message": {"content": [5]}}], "choices.0.message.content.0 is not an object"),
        (
            [{"message": {"content": [{"text": "a"}, {"text": 5}]}}],
            "choices.0.message.content.1.text is not text",
        ),
        ([{"message": {"refusal": ["no"]}}], "choices.0.message.refusal is not text"),
        ([{"message": {"tool_calls": {"a": 1}}}], "choices.0.message.tool_calls is not a list"),
        (
            [{"message": {"tool_calls": [CALL, "add"]}}],
            "choices.0.message.tool_calls.1 is not an object",
        ),
        (
            [{"message": {"tool_calls": [{"function": "add"}]}}],
            "choices.0.message.tool_calls.0.function is not an object",
        ),
        (
            [{"message": {"tool_calls": [{"function": {"name": 5}}]}}],
            "choices.0.message.tool_calls.0.function.name is not text",
        ),
        ([{"delta": {"content": "a"}}, {"delta": 5}], "choices.1.delta is not an object"),
    ],
    ids=str,
)
def test_wrong_content_of_a_chat_is_told_with_its_path(choices, what):
    with pytest.raises(InvalidResponseError, match=f"cannot be used: {what}"):
        chat_result(reply({"choices": choices}), ChatRequest({}))
    if what != "choices.0.message is missing":
        agent = AgentReader(Reply(200))
        with pytest.raises(InvalidResponseError, match=f"cannot be used: {what}"):
            agent.read("message", json.dumps({"choices": choices}).encode())


def test_thoughts_of_another_type_are_kept_as_they_are():
    for thoughts in (5, ["Hm."], {"thinking": ["Hm."]}, {"steps": 1}):
        message = {"content": "Hello", "reasoning": thoughts}
        result = chat_result(reply({"choices": [{"message": message}]}), ChatRequest({}))
        assert (result.text, json.loads(result.reasoning)) == ("Hello", thoughts)


def test_what_an_answer_says_of_itself_has_its_types():
    frame = {"id": 5, "model": ["m"], "created": "now", "system_fingerprint": 7}
    frame["choices"] = [{"message": {"content": "Hello"}, "finish_reason": {"type": "stop"}}]
    result = chat_result(reply(frame), ChatRequest({}))
    assert (result.id, result.model, result.created) == ("5", None, None)
    assert (result.system_fingerprint, result.finish_reason) == ("7", '{"type":"stop"}')


def test_a_body_is_decoded_once():
    answer = reply({"choices": [{"message": {"content": "Hello"}}]})
    result = chat_result(answer, ChatRequest({}))
    assert result.reply is not None
    assert result.reply.json() is answer.json()


@pytest.mark.parametrize(
    ("part", "text"),
    [
        ({"type": "text", "text": 5}, '{"type":"text","text":5}'),
        ({"type": "image", "data": None}, '{"type":"image","data":null}'),
        ({"type": "resource", "resource": "a"}, '{"type":"resource","resource":"a"}'),
        (
            {"type": "resource", "resource": {"uri": 5}},
            '{"type":"resource","resource":{"uri":5}}',
        ),
    ],
    ids=str,
)
def test_a_part_of_a_tools_result_that_makes_no_sense_is_text(part, text):
    good = {"type": "text", "text": "seen"}
    said = unwrap(json.dumps({"content": [good, part], "isError": True}), "t")
    assert said.content == [good, {"type": "text", "text": text}]
    assert said.text == f"seen\n{text}"
    assert said.is_error
    assert unwrap([good, part], "t").content == said.content


def test_a_result_that_is_nested_too_deep_is_text():
    deep = '{"content": [], "isError": false, "a": ' + "[" * 120 + "]" * 120 + "}"
    assert unwrap(deep, "t").text == deep


def test_a_message_has_its_types():
    content = [
        {"type": "thinking", "thinking": "Hm.", "signature": 5},
        {"type": "text", "text": "Hello", "citations": [{"type": "search_result_location"}, 5]},
        {"type": "text", "text": None, "citations": "none"},
        {"type": "tool_use", "id": 7, "name": "add", "input": None},
        {"type": "tool_use", "name": "add", "input": ["a"]},
    ]
    usage = {
        "input_tokens": "4",
        "output_tokens": 2,
        "service_tier": "standard",
        "cache_creation": {"ephemeral_5m_input_tokens": 0},
        "output_tokens_details": {"thinking_tokens": -1},
    }
    body = {"id": 5, "model": None, "stop_reason": ["a"], "usage": usage, "content": content}
    message = read_message(reply(body)).json()
    cited = {"cited_text": "", "source": "", "title": None}
    places = {"start_block_index": 0, "end_block_index": 0, "search_result_index": 0}
    nothing = {"type": "unknown", "cited_text": ""}
    assert message == {
        "id": "5",
        "type": "message",
        "role": "assistant",
        "model": "",
        "stop_reason": '["a"]',
        "stop_sequence": None,
        "usage": {
            "input_tokens": None,
            "output_tokens": 2,
            "service_tier": "standard",
            "cache_creation": None,
            "output_tokens_details": {"thinking_tokens": None},
        },
        "content": [
            {"type": "thinking", "thinking": "Hm.", "signature": "5"},
            {
                "type": "text",
                "text": "Hello",
                "citations": [{"type": "search_result_location", **cited, **places}, nothing],
            },
            {"type": "text", "text": "", "citations": None},
            {"type": "tool_use", "id": "7", "name": "add", "input": {}},
            {"type": "tool_use", "id": "toolu_4", "name": "add", "input": '["a"]'},
        ],
    }


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("Hello", "content is not a list"),
        ([5], "content.0 is not an object"),
        ([{"text": "a"}], "content.0.type is not text"),
        ([{"type": "text", "text": 5}], "content.0.text is not text"),
        ([{"type": "tool_use", "name": None}], "content.0.name is not text"),
    ],
    ids=str,
)
def test_wrong_content_of_a_message_is_told_with_its_path(content, what):
    with pytest.raises(InvalidResponseError, match=f"cannot be used: {what}"):
        read_message(reply({"content": content}))


@pytest.mark.parametrize(
    ("event", "what"),
    [
        ({"type": "message_start"}, "message is not an object"),
        ({"type": "message_start", "message": {"content": 5}}, "message.content is not a list"),
        ({"type": "content_block_start", "index": "0"}, "index is not a number"),
        ({"type": "content_block_start", "index": 0}, "content_block is not an object"),
        (
            {
                "type": "content_block_start",
                "index": 0,
                "content_block": {"type": "text", "text": 5},
            },
            "content_block.text is not text",
        ),
        (
            {"type": "content_block_start", "index": 7, "content_block": {"type": "text"}},
            "index is not the number of a new block",
        ),
        ({"type": "content_block_stop", "index": 8}, "index is not that of a block"),
        ({"type": "content_block_delta", "index": 7, "delta": 5}, "delta is not an object"),
        (
            {"type": "content_block_delta", "index": 7, "delta": {"type": "text_delta", "text": 5}},
            "delta.text is not text",
        ),
        ({"type": "message_delta"}, "delta is not an object"),
    ],
    ids=str,
)
def test_a_wrong_event_of_a_message_is_told_with_its_path(event, what):
    stream = MessageStream(Reply(200))
    begun = {"type": "content_block_start", "index": 7, "content_block": {"type": "text"}}
    stream.read(None, json.dumps(begun).encode())
    with pytest.raises(InvalidResponseError, match=f"cannot be used: {what}"):
        stream.read(None, json.dumps(event).encode())


def test_the_name_of_an_event_tells_its_type():
    (written,) = MessageStream(Reply(200)).read("message_stop", b"{}")
    assert b'"type": "message_stop"' in written
