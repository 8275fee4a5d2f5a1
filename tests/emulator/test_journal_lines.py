"""The journal as text."""

import pytest

from heroku_emulator.journal import Journal
from heroku_emulator.journal_lines import line_of

USER = {"role": "user", "content": "What is a\n dyno?"}
CALL = {"id": "1", "type": "function", "function": {"name": "add", "arguments": "{}"}}


def chat(*messages, **fields):
    return {"model": "claude-4-5-sonnet", "messages": list(messages)} | fields


@pytest.mark.parametrize(
    ("body", "line"),
    [
        (chat(USER), 'claude-4-5-sonnet, user: "What is a dyno?"'),
        (chat(USER, stream=True), 'claude-4-5-sonnet, streamed, user: "What is a dyno?"'),
        (
            chat(USER, {"role": "assistant", "content": "", "tool_calls": [CALL, CALL]}),
            "claude-4-5-sonnet, 2 messages, the last from assistant: calls add, add",
        ),
        (
            chat({"role": "assistant", "content": "Let me see.", "tool_calls": [CALL]}),
            'claude-4-5-sonnet, assistant: "Let me see." and calls add',
        ),
        (
            chat({"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "image"}]}),
            'claude-4-5-sonnet, user: "a [image]"',
        ),
        (
            chat({"role": "user", "content": [{"type": "tool_result", "content": "42"}]}),
            'claude-4-5-sonnet, user: "42"',
        ),
        ({"model": "e", "input": ["a", "b", "c"]}, 'e, "a" and 2 more'),
        ({"model": "e", "input": "a"}, 'e, "a"'),
        ({"model": "r", "query": "q", "documents": ["a", "b"]}, 'r, "q" over 2 documents'),
        ({"model": "i", "prompt": "a dyno"}, 'i, "a dyno"'),
        ({"model": "i", "prompt": "x" * 200}, f'i, "{"x" * 79}…"'),
        ({"model": "i", "other": 1}, "i, {'other': 1}"),
        ({"model": "i"}, "i"),
        ({}, ""),
        (None, ""),
        ("{", '"{"'),
        ([1, None], '"1"'),
        (chat(), "claude-4-5-sonnet, {'messages': []}"),
        (chat("Hi", 1), 'claude-4-5-sonnet, 2 messages, the last from "1"'),
        (chat({"tool_calls": [1, {"function": 2}]}), "claude-4-5-sonnet, : calls ?, ?"),
        (chat({"role": "user"}), "claude-4-5-sonnet, user: nothing"),
        ({"query": None, "documents": 1}, '"" over 0 documents'),
    ],
    ids=[
        "one-message",
        "streamed",
        "tool-calls",
        "text-and-tool-call",
        "parts",
        "tool-result-part",
        "texts",
        "text",
        "rerank",
        "prompt",
        "long",
        "unknown",
        "model-only",
        "empty",
        "no-body",
        "no-json",
        "a-list",
        "no-messages",
        "no-message-objects",
        "no-call-objects",
        "no-content",
        "wrong-types",
    ],
)
def test_any_body_is_described_in_one_line(body, line):
    assert line_of(body) == line


def test_a_request_is_listed_with_its_outcome(emulator, call):
    call.chat()
    call.chat(stream=True)
    call.http.post("/v1/rerank", content=b"{")
    call.http.get("/available-models")
    events = emulator.journal[1].events
    assert events > 2
    streamed = 'claude-4-5-sonnet, streamed, user: "Hello"'
    assert str(emulator.journal).split("\n") == [
        '   1. POST /v1/chat/completions -> 200: claude-4-5-sonnet, user: "Hello"',
        f"   2. POST /v1/chat/completions -> 200, {events} events: {streamed}",
        '   3. POST /v1/rerank -> 400: "{"',
        "   4. GET /available-models -> 200",
    ]
    assert str(Journal()) == "  (none)"


def test_only_the_last_of_many_requests_are_listed():
    journal = Journal()
    for number in range(30):
        journal.record("POST", "/v1/x", {}, {"model": str(number)}, 0)
    lines = str(journal).split("\n")
    assert lines[0].strip() == "(10 before these)"
    assert lines[1] == "  11. POST /v1/x -> no answer: 10"
    assert len(lines) == 21


def test_only_returns_the_single_request_or_lists_all(emulator, call):
    with pytest.raises(AssertionError, match=r"Expected one request, got 0\. .*\n  \(none\)"):
        emulator.journal.only()
    call.chat()
    assert emulator.journal.only() is emulator.journal[0]
    call.embed("x")
    assert emulator.journal.only("/v1/embeddings").body["input"] == "x"
    with pytest.raises(AssertionError, match=r"(?s)one request, got 2.*1\. POST.*2\. POST"):
        emulator.journal.only()
    with pytest.raises(AssertionError, match=r"one request to /v1/rerank, got 0"):
        emulator.journal.only("/v1/rerank")
