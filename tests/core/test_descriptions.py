"""Words for what the API does not take."""

from __future__ import annotations

import base64

import pytest

from heroku_inference._adapters.history import described

DATA = base64.b64encode(b"a,b\n1,2").decode()


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ("Hi", "Hi"),
        ({"type": "refusal", "refusal": "No."}, "No."),
        ({"type": "text-plain", "text": "Hi", "mime_type": "text/plain"}, "Hi"),
        ({"type": "json", "json": {"a": [1]}}, '{"a":[1]}'),
        (
            {"type": "document", "source": {"type": "text", "media_type": "x", "data": "Hi"}},
            "Hi",
        ),
        (
            {
                "type": "file",
                "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,QUJD"},
            },
            '[file "a.pdf" (application/pdf); its content is not included]',
        ),
        (
            {"type": "document", "title": "T", "source": {"type": "url", "url": "https://x.org/a"}},
            '[document "T" at https://x.org/a; its content is not included]',
        ),
        (
            {
                "type": "document",
                "source": {"type": "content", "content": [{"type": "text", "text": "Hi"}]},
            },
            "Hi",
        ),
        ({"type": "file", "base64": DATA, "mime_type": "text/csv"}, "a,b\n1,2"),
        ({"type": "file", "data": b"a,b", "filename": "t.csv"}, '[file "t.csv"]\na,b'),
        (
            {"type": "file", "data": b"\xff", "mime_type": "text/csv"},
            "[file (text/csv); its content is not included]",
        ),
        ({"type": "file", "base64": "not base64", "mime_type": "text/plain"}, "not base64"),
        (
            {"type": "input_audio", "input_audio": {"data": "QUJD", "format": "wav"}},
            "[input_audio (wav); its content is not included]",
        ),
        ({"type": "audio", "transcript": "Hello", "data": "QUJD"}, "Hello"),
        (
            {"type": "resource_link", "uri": "file:///a", "name": "a", "description": "An a"},
            '[resource_link "a" at file:///a]\nAn a',
        ),
        (
            {
                "type": "resource",
                "resource": {"uri": "file:///a", "mimeType": "image/png", "blob": "QUJD"},
            },
            "[resource (image/png) at file:///a; its content is not included]",
        ),
        (
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,QUJD"}},
            "[image_url (image/png); its content is not included]",
        ),
        (
            {"type": "server_tool_call", "name": "search", "args": {"q": "x"}, "id": "1"},
            '[server_tool_call "search"]\n{"q":"x"}',
        ),
        (
            {
                "type": "web_search_tool_result",
                "content": [
                    {
                        "type": "web_search_result",
                        "title": "T",
                        "url": "https://x.org",
                        "encrypted_content": "E",
                    }
                ],
            },
            '[web_search_result "T" at https://x.org; its content is not included]',
        ),
        (
            {
                "type": "custom_tool_call_output",
                "call_id": "c",
                "output": [{"type": "input_text", "text": "Hi"}],
            },
            "Hi",
        ),
        (
            {"document": {"name": "x", "format": "pdf", "source": {"bytes": b"A"}}},
            '[document "x" (pdf); its content is not included]',
        ),
        (
            {"type": "card", "city": "Oslo", "code": "x" * 300},
            '[card]\n{"city":"Oslo","code":"300 characters of data"}',
        ),
        ({"type": "card", "n": float("nan"), "raw": b"abc"}, '[card]\n{"n":"NaN","raw":"3 bytes"}'),
        ({}, "[content; its content is not included]"),
        ({"type": ["x"]}, "[content; its content is not included]"),
        (42, "42"),
    ],
)
def test_a_part_is_described_in_words(part, words):
    assert described(part) == words


def test_a_part_that_is_nested_without_end_is_described_all_the_same():
    part = {"type": "deep"}
    for _ in range(3000):
        part = {"type": "deep", "content": [part]}
    assert described(part)


def test_an_object_that_is_not_json_is_named():
    assert described({"type": "card", "value": {1, 2}}).startswith("[card]\n")
