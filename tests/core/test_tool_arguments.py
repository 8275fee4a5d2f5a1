import pytest

from heroku_inference._chat.calls_in_text import arguments_in_text
from heroku_inference._chat.tool_arguments import (
    ObjectScanner,
    arguments_for_history,
    arguments_text,
    parse_arguments,
)


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ('{"b": 1, "a": [2]}', '{"b": 1, "a": [2]}'),
        ({"b": 1, "a": "é"}, '{"b":1,"a":"é"}'),
        (None, "{}"),
        ("", "{}"),
        (" \n", "{}"),
        (" { } ", "{}"),
        ("42", '{"value":42}'),
        ("true", '{"value":true}'),
        ("null", '{"value":null}'),
        ('"text"', '{"value":"text"}'),
        ("[1,2]", '{"value":[1,2]}'),
        ('{"a": 1', '{"value":"{\\"a\\": 1"}'),
        ("some prose", '{"value":"some prose"}'),
        ('{"a": NaN}', '{"value":"{\\"a\\": NaN}"}'),
        ('{"a": "x\n\ty"}', '{"a": "x\\n\\ty"}'),
        ('{"a": "x\n", "b": NaN}', '{"value":"{\\"a\\": \\"x\\n\\", \\"b\\": NaN}"}'),
        ('{"a": "x\n', '{"value":"{\\"a\\": \\"x\\n"}'),
    ],
)
def test_arguments_of_the_history_are_always_an_object(written, sent):
    assert arguments_for_history(written) == sent


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("", {}),
        ("  ", {}),
        ("null", {}),
        ("{}", {}),
        ('{"a": "\\ud83d"}', {"a": "\ufffd"}),
        ('{"a": {"b": null}}', {"a": {"b": None}}),
        ('{"a": "one\ntwo\tthree\x00\\ud83d"}', {"a": "one\ntwo\tthree\x00\ufffd"}),
    ],
)
def test_arguments_are_parsed_and_empty_text_means_no_arguments(text, arguments):
    assert parse_arguments(text) == arguments


@pytest.mark.parametrize("text", ["[1]", "1", '"a"', '{"a"', "prose", '{"a": "x\n', '{"a": "x\ny"'])
def test_arguments_that_are_no_object_raise_a_value_error(text):
    with pytest.raises(ValueError, match=r"not a JSON object|line \d column|Unterminated string"):
        parse_arguments(text)


class Text(str):
    __slots__ = ()


@pytest.mark.parametrize(
    ("value", "text"),
    [("as it is ", "as it is "), (None, ""), ({"a": [1]}, '{"a":[1]}'), (Text("{}"), "{}")],
)
def test_arguments_become_text(value, text):
    assert arguments_text(value) == text


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("{}", True),
        ('{"a": {}} ', True),
        ('{"a": {}', False),
        ("", False),
        ("[]", False),
        ('"}', False),
        ('{"a": "}', False),
        ('{"a": "{"}', True),
        ('{"a": "\\"}', False),
        ('{"a": "\\\\"}', True),
        ("{}{", False),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 100])
def test_a_complete_object_is_distinguished_from_any_prefix_of_it(text, whole, size):
    scanner = ObjectScanner()
    for start in range(0, len(text), size):
        scanner.read(text[start : start + size])
    assert scanner.complete is whole


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ('{"a": 1}', {"a": 1}),
        (' {"a": "x\ny"}\n', {"a": "x\ny"}),
        ('```json\n{"a": {"b": 1}}\n```', {"a": {"b": 1}}),
        ('Here it is:\n```\n{"a": 1}\n```\nDone.', {"a": 1}),
        ('{"b": 1}', None),
        ('Here: {"a": 1}', None),
        ('{"a": 1', None),
        ('```json\n{"a": 1\n```', None),
        ("[1]", None),
        ("null", None),
        ("", None),
    ],
)
def test_a_call_that_was_written_as_text_is_found(text, arguments):
    assert arguments_in_text(text, ["a"]) == arguments


def test_words_are_not_a_call_without_arguments():
    assert arguments_in_text("  ") is None
    assert arguments_in_text("{}") == {}
