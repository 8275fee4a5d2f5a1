"""/v1/messages: streams, event by event, with every switch."""

import itertools
import json

import httpx
import pytest

from heroku_emulator import CallTools, Cut, ErrorEvent, RawStream, Say
from tests.emulator.messages_caller import ADD, PATH, SUM, THINKING, Messages

EVERYTHING = CallTools(
    [("add", {"a": 1, "b": 2}), ("say", {"text": "grüß 你好"})],
    text="Let me see.",
    reasoning="Two calls are needed.",
    path=PATH,
)


@pytest.fixture
def ask(call):
    return Messages(call)


@pytest.fixture
def stream(ask):
    def events(*history, **fields):
        answer = ask.post(*history, stream=True, **fields)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "text/event-stream"
        return parse_events(answer.text)

    return events


def parse_events(text):
    found = []
    for block in text.strip().split("\n\n"):
        lines = [line for line in block.split("\n") if not line.startswith(":")]
        if lines:
            fields = dict(line.split(":", 1) for line in lines)
            found.append((fields["event"].strip(), json.loads(fields["data"])))
    return found


def rebuilt(events):
    """Returns the message that a client assembles."""
    message, blocks = {}, []
    for name, event in events:
        if name == "message_start":
            message = dict(event["message"])
        elif name == "content_block_start":
            assert event["index"] == len(blocks)
            blocks.append(dict(event["content_block"]))
        elif name == "content_block_delta":
            grow(blocks[event["index"]], event["delta"])
        elif name == "message_delta":
            usage = message["usage"] | event["usage"]
            message |= event["delta"] | {"usage": usage}
    for block in blocks:
        if block["type"] == "tool_use":
            block["input"] = json.loads(block.pop("json"))
    return message | {"content": blocks}


def grow(block, delta):
    match delta["type"]:
        case "text_delta":
            block["text"] += delta["text"]
        case "thinking_delta":
            block["thinking"] += delta["thinking"]
        case "signature_delta":
            block["signature"] += delta["signature"]
        case "input_json_delta":
            block["json"] = block.get("json", "") + delta["partial_json"]
        case other:
            raise AssertionError(other)


def test_the_order_of_events_is_the_documented_one(stream, emulator):
    emulator.script(EVERYTHING)
    events = stream(SUM, tools=[ADD], thinking=THINKING)
    assert all(name == event["type"] for name, event in events)
    order = [key for key, _ in itertools.groupby(name for name, _ in events)]
    block = ["content_block_start", "content_block_delta", "content_block_stop"]
    pinged = [block[0], "ping", *block[1:]]
    assert order == ["message_start", *pinged, *block * 3, "message_delta", "message_stop"]


def test_a_stream_begins_with_an_empty_message_and_ends_with_its_reason(stream):
    events = stream()
    _, start = events[0]
    assert list(start["message"]) == [
        "id",
        "type",
        "role",
        "content",
        "model",
        "stop_reason",
        "stop_sequence",
        "usage",
    ]
    assert (start["message"]["content"], start["message"]["stop_reason"]) == ([], None)
    assert start["message"]["usage"]["input_tokens"] > 0
    assert start["message"]["usage"]["output_tokens"] == 1
    _, delta = events[-2]
    assert delta["delta"] == {"stop_reason": "end_turn", "stop_sequence": None}
    assert list(delta["usage"]) == ["output_tokens"]
    assert events[-1] == ("message_stop", {"type": "message_stop"})


def test_the_last_event_can_repeat_the_input_tokens(stream, emulator):
    emulator.switch(message_delta_usage="all")
    events = stream()
    began, ended = events[0][1]["message"]["usage"], events[-2][1]["usage"]
    assert list(ended) == ["input_tokens", "output_tokens"]
    assert ended["input_tokens"] == began["input_tokens"]


def test_blocks_start_empty_and_grow_by_deltas(stream, emulator):
    emulator.script(EVERYTHING)
    events = stream(SUM, tools=[ADD], thinking=THINKING)
    starts = [event["content_block"] for name, event in events if name == "content_block_start"]
    assert starts[:2] == [
        {"type": "thinking", "thinking": "", "signature": ""},
        {"type": "text", "text": ""},
    ]
    assert [(block["name"], block["input"]) for block in starts[2:]] == [("add", {}), ("say", {})]
    deltas = [event["delta"] for name, event in events if name == "content_block_delta"]
    kinds = [key for key, _ in itertools.groupby(delta["type"] for delta in deltas)]
    assert kinds == ["thinking_delta", "signature_delta", "text_delta", "input_json_delta"]
    assert deltas[-1]["partial_json"] != ""
    assert next(one for one in deltas if "partial_json" in one)["partial_json"] == ""


@pytest.mark.parametrize(
    "switches",
    [
        {},
        {"delta_characters": 1},
        {"delta_characters": 7},
        {"heartbeats": True, "pings": True},
        {"sse_space": False},
        {"split_bytes": 1},
        {"split_bytes": 13, "sse_space": False, "pings": True},
        {"terminator": "message"},
        {"messages_thinking": "omitted"},
        {"messages_thinking": "redacted"},
        {"message_delta_usage": "all"},
    ],
    ids=str,
)
def test_a_stream_says_what_the_plain_answer_says(ask, stream, emulator, switches):
    emulator.switch(**switches)
    emulator.script(EVERYTHING, EVERYTHING)
    events = stream(SUM, tools=[ADD], thinking=THINKING)
    plain = ask.answer(SUM, tools=[ADD], thinking=THINKING)
    streamed = rebuilt(events)
    for message in (plain, streamed):
        message.pop("id")
        for block in message["content"]:
            block.pop("id", None)
    assert streamed == plain
    assert "DONE" not in str(events)


def test_every_event_can_follow_a_ping_and_a_heartbeat(stream, ask, emulator):
    emulator.switch(pings=True, heartbeats=True)
    names = [name for name, _ in stream()]
    assert names[0::2][:3] == ["ping", "ping", "ping"]
    assert ask.post(stream=True).text.startswith(": heartbeat\n\nevent: ping\n")


def test_frames_with_and_without_the_space(ask, emulator):
    assert ask.post(stream=True).text.startswith("event: message_start\ndata: {")
    emulator.switch(sse_space=False)
    assert ask.post(stream=True).text.startswith("event:message_start\ndata:{")


def test_the_journal_counts_the_events(stream, emulator):
    events = stream()
    assert emulator.journal[-1].wait()
    assert emulator.journal[-1].events == len(events)


def test_an_answer_with_only_calls_has_no_text_block(stream, emulator):
    emulator.script(CallTools([("add", {"a": 1})], path=PATH))
    (call,) = rebuilt(stream(SUM, tools=[ADD]))["content"]
    assert (call["type"], call["input"]) == ("tool_use", {"a": 1})


def test_a_cut_breaks_the_stream_off(ask, stream, emulator):
    emulator.script(Cut(after=4, politely=True, path=PATH), Cut(after=4, path=PATH))
    assert [name for name, _ in stream()][-1] == "content_block_delta"
    with pytest.raises(httpx.RemoteProtocolError):
        ask.post(stream=True)


def test_a_cut_or_error_breaks_off_what_the_script_says(stream, emulator):
    emulator.script(Cut(after=99, politely=True, answer=Say("Paris."), path=PATH))
    assert rebuilt(stream())["content"] == [{"type": "text", "text": "Paris."}]


@pytest.mark.parametrize(
    ("form", "envelope", "data"),
    [
        ("object", "heroku", {"error": {"code": 529, "message": "why", "type": "server_error"}}),
        (
            "object",
            "anthropic",
            {"type": "error", "error": {"type": "overloaded_error", "message": "why"}},
        ),
        ("flat", "anthropic", {"code": 529, "message": "why", "type": "server_error"}),
    ],
)
def test_an_error_ends_the_stream_in_either_envelope(stream, emulator, form, envelope, data):
    emulator.switch(messages_error_envelope=envelope)
    emulator.script(ErrorEvent(after=3, form=form, status=529, message="why", path=PATH))
    events = stream()
    assert len(events) == 4
    assert events[-1] == ("error", data)


def test_a_stream_can_be_any_bytes(ask, emulator):
    emulator.script(RawStream(["event: message_start\n", "data: {oops\n\n"], path=PATH))
    assert ask.post(stream=True).text == "event: message_start\ndata: {oops\n\n"


def test_a_refusal_comes_before_the_stream(ask):
    assert "max_tokens" in ask.refusal(stream=True, max_tokens=...)


def test_an_answer_that_was_cut_short_says_so(stream):
    assert rebuilt(stream(max_tokens=2))["stop_reason"] == "max_tokens"
    stopped = rebuilt(stream(stop_sequences=[":"]))
    assert (stopped["stop_reason"], stopped["stop_sequence"]) == ("stop_sequence", ":")
