"""Streams: the default form, compared with the published one, and every switch."""

import itertools
import json
import time

import httpx
import pytest

from heroku_emulator import CallTools, RawStream, Say

TOOLS = CallTools([("add", {"a": 1, "b": 2}), ("say", {"text": "grüß 你好"})], text="Let me see.")


def deltas(chunks, name):
    return [
        choice["delta"][name]
        for chunk in chunks
        for choice in chunk["choices"]
        if name in choice.get("delta", {})
    ]


def tool_deltas(chunks):
    return [delta for calls in deltas(chunks, "tool_calls") for delta in calls]


def test_a_chunk_has_the_documented_keys_in_order(call):
    first = call.chunks()[0]
    assert list(first) == [
        "id",
        "object",
        "created",
        "model",
        "system_fingerprint",
        "choices",
        "usage",
    ]
    assert first["object"] == "chat.completion.chunk"
    assert first["choices"] == [
        {"index": 0, "delta": {"role": "assistant", "content": "You "}, "finish_reason": None}
    ]
    assert first["usage"] is None


def test_the_order_is_text_finish_usage_done(call):
    events = call.events()
    *texts, finish, usage = [json.loads(data) for _, data in events[:-1]]
    assert "".join(deltas(texts, "content")) == "You said: Hello"
    assert finish["choices"][0] == {"index": 0, "delta": {}, "finish_reason": "stop"}
    assert finish["usage"] is None
    assert usage["choices"][0] == {"index": 0, "delta": {}, "finish_reason": None}
    assert usage["usage"]["total_tokens"] > 0
    assert events[-1] == ("done", "[DONE]")
    assert {event for event, _ in events[:-1]} == {"message"}


def test_all_chunks_share_one_id(call):
    assert len({(chunk["id"], chunk["created"]) for chunk in call.chunks()}) == 1


def test_a_tool_call_streams_like_the_probed_one(emulator, call, sample):
    lines = sample("chat_tool_call.sse").splitlines()
    data = [line.removeprefix("data: ") for line in lines if line.startswith("data")]
    assert data[-1] == "[DONE]"
    probed = [json.loads(text)["choices"][0]["delta"]["tool_calls"][0] for text in data[:-1]]
    emulator.switch(delta_characters=5, terminator="message")
    emulator.script(CallTools([("respond", {"answer": "42"})], ids=["tooluse_1"]))
    events = call.events()
    streamed = tool_deltas(call_chunks(events))
    assert streamed[:2] == probed[:2]
    joined = "".join(delta["function"]["arguments"] for delta in streamed)
    assert joined == "".join(delta["function"]["arguments"] for delta in probed)
    assert all(delta.keys() == probed[1].keys() for delta in streamed[1:])
    assert events[-1] == ("message", "[DONE]")


def call_chunks(events):
    return [json.loads(data) for _, data in events if data != "[DONE]"]


def test_an_opening_carries_id_and_name_and_arguments_repeat_an_empty_name(emulator, call):
    emulator.script(TOOLS)
    opening, *rest = tool_deltas(call.chunks())
    assert opening["type"] == "function"
    assert opening["function"] == {"name": "add", "arguments": ""}
    assert rest[0] == {"index": 0, "function": {"name": "", "arguments": '{"a":1,"b":2}'}}


@pytest.mark.parametrize(
    ("switches", "indices"),
    [
        ({}, [0, 0, 1, 1, 1]),
        ({"tool_index": "drift"}, [1, 0, 2, 0, 0]),
        ({"tool_index": "absent"}, [None] * 5),
        ({"interleave_tool_calls": True}, [0, 1, 0, 1, 1]),
    ],
)
def test_indices_of_parallel_calls(emulator, call, switches, indices):
    emulator.switch(**switches)
    emulator.script(TOOLS)
    assert [delta.get("index") for delta in tool_deltas(call.chunks())] == indices


def test_without_text_a_drifting_index_starts_at_0(emulator, call):
    emulator.switch(tool_index="drift")
    emulator.script(CallTools([("add", {})]))
    assert [delta["index"] for delta in tool_deltas(call.chunks())] == [0, 0]


def test_the_name_need_not_be_repeated(emulator, call):
    emulator.switch(repeat_empty_name=False)
    emulator.script(TOOLS)
    assert tool_deltas(call.chunks())[1]["function"] == {"arguments": '{"a":1,"b":2}'}


FORMS = [
    {},
    {"sse_space": False},
    {"terminator": "message"},
    {"terminator": "none"},
    {"heartbeats": True},
    {"pings": True},
    {"middle_finish_reason": "empty"},
    {"middle_finish_reason": "absent"},
    {"middle_usage": "empty"},
    {"middle_usage": "zeros"},
    {"middle_usage": "absent"},
    {"usage": "empty_choices"},
    {"usage": "finish_chunk"},
    {"role_on_every_chunk": True},
    {"choice_index": False},
    {"delta_characters": 1},
    {"empty_content": "null"},
    {"empty_content": "absent"},
    *({"split_bytes": size} for size in (1, 2, 3, 7, 1000, 100_000)),
]


@pytest.mark.parametrize("switches", FORMS, ids=str)
def test_every_form_says_the_same(emulator, call, switches):
    answer = CallTools(TOOLS.calls, text="Größe: 你好 🎉\n\nok", reasoning="Hm, so.")
    emulator.switch(**switches)
    emulator.script(answer)
    chunks = [chunk for chunk in call.chunks() if "choices" in chunk]
    assert "".join(text for text in deltas(chunks, "content") if text) == answer.text
    reasoning = deltas(chunks, "reasoning")
    assert "".join(piece["thinking"] for piece in reasoning) == answer.reasoning
    arguments = [delta["function"]["arguments"] for delta in tool_deltas(chunks)]
    assert "".join(arguments) == '{"a":1,"b":2}{"text":"grüß 你好"}'
    reasons = [choice.get("finish_reason") for chunk in chunks for choice in chunk["choices"]]
    assert [reason for reason in reasons if reason] == ["tool_calls"]
    usages = [chunk["usage"] for chunk in chunks if (chunk.get("usage") or {}).get("total_tokens")]
    assert len(usages) == 1


def test_framing_without_spaces_is_byte_for_byte_the_documented_one(emulator, call):
    emulator.switch(sse_space=False)
    text = call.chat(stream=True).text
    assert text.startswith('event:message\ndata:{"id":"chatcmpl-')
    assert text.endswith("event:done\ndata:[DONE]\n\n")


def test_framing_with_spaces(call):
    text = call.chat(stream=True).text
    assert text.startswith('event: message\ndata: {"id":"chatcmpl-')
    assert text.endswith("event: done\ndata: [DONE]\n\n")


def test_a_stream_can_end_without_done(emulator, call):
    emulator.switch(terminator="none")
    assert "[DONE]" not in call.chat(stream=True).text


def test_heartbeats_are_comments_and_pings_are_frames(emulator, call):
    emulator.switch(heartbeats=True, pings=True)
    text = call.chat(stream=True).text
    assert text.startswith(': heartbeat\n\nevent: message\ndata: {"type":"ping"}\n\nevent: message')


def test_usage_can_come_with_the_finish_or_with_empty_choices_or_not_at_all(emulator, call):
    emulator.switch(usage="finish_chunk")
    last = call.chunks()[-1]
    assert last["usage"]["total_tokens"] > 0
    assert last["choices"][0]["finish_reason"] == "stop"
    emulator.switch(usage="empty_choices")
    last = call.chunks()[-1]
    assert (last["choices"], last["usage"]["total_tokens"] > 0) == ([], True)
    emulator.switch(usage="none")
    assert all(chunk["usage"] is None for chunk in call.chunks())


@pytest.mark.parametrize("options", [None, {}, {"include_usage": False}], ids=str)
def test_streams_carry_usage_only_if_asked(emulator, call, options):
    unasked = call.chunks(stream_options=options)
    assert all(chunk["usage"] is None for chunk in unasked)
    assert unasked[-1]["choices"][0]["finish_reason"] == "stop"
    assert len(call.chunks()) == len(unasked) + 1
    emulator.switch(stream_usage="always")
    assert call.chunks(stream_options=options)[-1]["usage"]["total_tokens"] > 0


@pytest.mark.parametrize(
    ("switches", "reason", "usage"),
    [
        ({}, None, None),
        ({"middle_finish_reason": "empty", "middle_usage": "empty"}, "", {}),
        ({"middle_finish_reason": "absent", "middle_usage": "absent"}, ..., ...),
    ],
)
def test_chunks_in_the_middle_have_the_switched_form(emulator, call, switches, reason, usage):
    emulator.switch(**switches)
    first = call.chunks()[0]
    assert first["choices"][0].get("finish_reason", ...) == reason
    assert first.get("usage", ...) == usage


def test_a_whole_message_can_come_at_once(emulator, call):
    emulator.switch(whole_message=True)
    emulator.script(TOOLS)
    message, finish, _ = call.chunks()
    assert message["choices"][0]["message"]["content"] == "Let me see."
    assert len(message["choices"][0]["message"]["tool_calls"]) == 2
    assert finish["choices"][0]["finish_reason"] == "tool_calls"


@pytest.mark.parametrize(
    ("form", "delta"),
    [
        ("object", {"reasoning": {"thinking": "Hm."}}),
        ("string", {"reasoning": "Hm."}),
        ("reasoning_content", {"reasoning_content": "Hm."}),
    ],
)
def test_reasoning_streams_before_the_text(emulator, call, form, delta):
    emulator.switch(reasoning_form=form)
    emulator.script(Say("Yes.", reasoning="Hm."))
    first, second = (chunk["choices"][0]["delta"] for chunk in call.chunks()[:2])
    assert first == {"role": "assistant", "content": ""} | delta
    assert second == {"content": "Yes."}


def test_no_piece_is_larger_than_split_bytes(emulator, call):
    emulator.switch(split_bytes=7, pace=0.001)
    with call.http.stream("POST", "/v1/chat/completions", json=body(stream=True)) as answer:
        assert answer.headers["transfer-encoding"] == "chunked"
        sizes = [len(piece) for piece in answer.iter_raw()]
    assert len(sizes) > 20


def body(**fields):
    messages = [{"role": "user", "content": "Hello"}]
    return {"model": "claude-4-5-sonnet", "messages": messages} | fields


def arrival_times(call, **fields):
    began = time.monotonic()
    with call.http.stream("POST", "/v1/chat/completions", json=body(stream=True)) as answer:
        return [time.monotonic() - began for line in answer.iter_lines() if "data" in line]


def test_frames_arrive_one_by_one_at_the_pace_that_is_set(emulator, call):
    emulator.switch(pace=0.03)
    times = arrival_times(call)
    assert times[-1] - times[0] >= 0.03 * (len(times) - 1) * 0.8


def test_a_silent_gap_falls_where_it_is_set(emulator, call):
    emulator.switch(gap_after=2, gap_seconds=0.3)
    times = arrival_times(call)
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert gaps[1] == max(gaps) >= 0.25


def test_a_client_that_leaves_is_noticed(emulator, call):
    emulator.switch(pace=0.2)
    with httpx.stream(
        "POST",
        emulator.url + "/v1/chat/completions",
        json=body(stream=True),
        headers={"authorization": f"Bearer {emulator.api_key}"},
    ) as answer:
        next(answer.iter_lines())
    entry = emulator.journal[-1]
    assert entry.wait()
    assert entry.client_left
    assert 0 < entry.events < 6


def test_the_journal_counts_the_frames(emulator, call):
    events = call.events()
    assert emulator.journal[-1].wait()
    assert emulator.journal[-1].events == len(events)
    assert not emulator.journal[-1].client_left


@pytest.mark.parametrize(
    "parts", [b"data: x\n\n", "data: x\n\n", [b"data", ": x\n\n"]], ids=["bytes", "text", "list"]
)
def test_raw_streams_are_sent_unchanged(emulator, call, parts):
    emulator.script(RawStream(parts))
    answer = call.chat(stream=True)
    assert (answer.content, answer.headers["content-type"]) == (
        b"data: x\n\n",
        "text/event-stream",
    )


def test_an_answer_without_anything_still_finishes(emulator, call):
    emulator.script(Say(""))
    finish, _ = call.chunks()
    assert finish["choices"][0]["finish_reason"] == "stop"
