"""The results of an agent's tools, without the server's words around them."""

from __future__ import annotations

import json

import pytest

from heroku_inference._agents.tool_results import unwrap

ENVELOPE = '{"content":[{"type":"text","text":"42"}],"isError":false}'
PICTURE = {"type": "image", "data": "aGk=", "mimeType": "image/png"}
RESOURCE = {"type": "resource", "resource": {"uri": "file:///a", "text": "words"}}


def prefixed(result, name="ns/tool"):
    return f"Tool '{name}' returned result: {result}"


PLAIN = {
    "a date": "Fri May 30 17:17:17 UTC 2025",
    "nothing": "",
    "braces": "{ls} and {more}",
    "white space": "  indented\n\n",
    "json": '{"a": 1}',
    "json with content": '{"content": "words"}',
    "json with an empty list": '{"content": []}',
    "json with other keys": '{"content": [{"type": "text", "text": "a"}], "page": 2}',
    "json with other parts": '{"content": ["a", "b"], "isError": false}',
    "half an envelope": ENVELOPE[:-5],
    "two envelopes": ENVELOPE * 2,
    "another tool's words": prefixed("42", "other"),
    "words of its like": prefixed("42", "another-ns/tool"),
    "words of a tool with a longer name": prefixed("42", "ns/the-tool"),
    "its own words": prefixed("42"),
}


@pytest.mark.parametrize("text", PLAIN.values(), ids=PLAIN)
def test_plain_output_stays_as_it_is(text):
    result = unwrap(prefixed(text), "ns/tool")
    assert (result.text, result.content, result.is_error) == (text, [], False)
    assert result.raw == prefixed(text)


@pytest.mark.parametrize("text", [text for text in PLAIN.values() if text != prefixed("42")])
def test_plain_output_without_a_prefix_stays_too(text):
    result = unwrap(text, "ns/tool")
    assert (result.name, result.text, result.raw) == ("ns/tool", text, text)


@pytest.mark.parametrize("content", [["a", 1], [{"a": 1}], {"a": 1}], ids=str)
def test_content_of_another_form_becomes_json(content):
    result = unwrap(content, "ns/tool")
    assert json.loads(result.text) == json.loads(result.raw) == content
    assert result.content == []


@pytest.mark.parametrize("name", ["tool", "a/tool", "it's", "x' returned result: y", "two\nlines"])
def test_the_prefix_is_removed_for_every_tool_name(name):
    assert unwrap(prefixed(ENVELOPE, name), name)[:2] == (name, "42")


@pytest.mark.parametrize("name", [None, "", "tool", "ns/tool"])
def test_the_prefix_may_name_the_tool_otherwise(name):
    assert unwrap(prefixed("42"), name)[:2] == (name or "ns/tool", "42")


def test_an_mcp_result_needs_no_prefix():
    assert unwrap(ENVELOPE, "tool").text == "42"


def test_texts_are_joined_and_other_parts_are_kept():
    parts = [{"type": "text", "text": "a"}, PICTURE, RESOURCE, {"type": "text", "text": "b"}]
    result = unwrap(prefixed(json.dumps({"content": parts})), "ns/tool")
    assert (result.text, result.content) == ("a\nb", parts)


@pytest.mark.parametrize("failed", [True, False])
def test_a_failed_tool_is_an_error(failed):
    said = json.dumps({"content": [{"type": "text", "text": "no"}], "isError": failed})
    assert unwrap(prefixed(said), "ns/tool").is_error is failed


def test_a_failed_tool_is_an_error_in_every_form_the_server_uses():
    said = json.dumps({"content": [], "isError": True, "toolResult": None})
    assert unwrap(prefixed(said), "ns/tool")[1:4] == ("", [], True)


def test_a_result_of_no_parts_is_empty():
    assert unwrap(prefixed('{"content":[],"isError":true}'), "ns/tool")[1:4] == ("", [], True)


def test_structured_content_alone_is_the_text():
    said = '{"content":[],"structuredContent":{"a":1},"isError":false}'
    assert unwrap(prefixed(said), "ns/tool").text == '{"a":1}'


@pytest.mark.parametrize(
    ("content", "text", "parts", "raw"),
    [
        ([{"type": "text", "text": "42"}], "42", 1, '[{"type":"text","text":"42"}]'),
        (None, "", 0, ""),
        ({"a": 1}, '{"a":1}', 0, '{"a":1}'),
    ],
    ids=["parts", "null", "an object"],
)
def test_content_other_than_text_stays(content, text, parts, raw):
    result = unwrap(content, "tool")
    assert (result.text, len(result.content), result.raw) == (text, parts, raw)
