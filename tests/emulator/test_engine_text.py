"""How the reader splits text: sentences, headings, tables, numbered passages; and schemas."""

from __future__ import annotations

import pytest

from heroku_emulator.engines.passages import Passage, reading_task
from heroku_emulator.engines.schema import is_valid
from heroku_emulator.engines.sentences import Sentence, sentences


def texts(text: str) -> list[str]:
    return [sentence.text for sentence in sentences(text)]


def test_hard_wrapped_lines_are_one_sentence():
    assert texts("One request takes\nat most 96 texts. Split\nthe rest.") == [
        "One request takes at most 96 texts.",
        "Split the rest.",
    ]


def test_a_sentence_has_its_heading_and_headings_are_not_sentences():
    assert sentences("# Limits\n\nThere are two.\n\n## More\n\nAnd one.") == [
        Sentence("There are two.", "Limits"),
        Sentence("And one.", "More"),
    ]


def test_code_is_not_read():
    assert texts("Run this:\n\n```bash\nrm -rf.  Really. No.\n```\n\nThen wait.") == [
        "Run this:",
        "Then wait.",
    ]


def test_list_items_are_sentences_of_their_own():
    assert texts("1. Set the key.\n2. Start the\n   app.\n- And go") == [
        "Set the key.",
        "Start the app.",
        "And go",
    ]


def test_table_rows_are_read_with_their_column_names():
    table = "| Model | Limit | Region |\n| --- | --- | --- |\n| nova-pro | 150 | us |"
    assert texts(table) == ["Model nova-pro (Limit: 150; Region: us)."]


def test_rows_without_a_header_lose_nothing():
    assert texts("| nova-pro | 150 |\n| nova-lite | 160 |") == ["nova-pro, 150", "nova-lite, 160"]


def test_titles_in_text_from_a_pdf_are_headings():
    page = "Plans\nA key opens every model.\nMoving on\n1. Make a new one.\nLimits\nThere are some."
    assert sentences(page) == [
        Sentence("A key opens every model.", "Plans"),
        Sentence("Make a new one.", "Moving on"),
        Sentence("There are some.", "Limits"),
    ]


def test_abbreviations_do_not_end_sentences():
    assert texts("Use a model, e.g. Claude. See Dr. Who.") == [
        "Use a model, e.g. Claude.",
        "See Dr. Who.",
    ]


def conversation(*messages: tuple[str, str]) -> list[dict[str, str]]:
    return [{"role": role, "content": content} for role, content in messages]


def test_numbered_passages_are_separated_from_instructions():
    task = reading_task(
        conversation(
            ("system", "Answer from the sources.\n\n[1] a.md\n\nSky.\n\n[2] b.md\n\nSea."),
            ("user", "What is blue?"),
        )
    )
    assert task.question == "What is blue?"
    assert task.passages == [Passage("a.md\n\nSky.", "1"), Passage("b.md\n\nSea.", "2")]


@pytest.mark.parametrize(
    "message",
    [
        "Context: The sky is blue.\n\nQuestion: What is blue?",
        "Use the context.\n\nContext:\nThe sky is blue.\n\nWhat is blue?",
        "<context>The sky is blue.\n\nQuestion: What is blue?",
    ],
)
def test_question_and_context_are_separated(message):
    task = reading_task(conversation(("user", message)))
    assert task.question == "What is blue?"
    assert [passage.text for passage in task.passages] == ["The sky is blue."]


def test_images_have_no_text_and_do_no_harm():
    parts = [{"type": "text", "text": "What is it?"}, {"type": "image_url", "image_url": {}}]
    assert reading_task([{"role": "user", "content": parts}]).question == "What is it?"


def test_without_a_user_message_there_is_no_question():
    assert reading_task(conversation(("system", "Be brief."))).question == ""


VALID = [
    ({"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}}}, {"a": 1}),
    ({"type": "integer"}, 2.0),
    ({"type": ["string", "null"]}, None),
    ({"enum": ["a", 1]}, 1),
    ({"const": 3}, 3),
    ({"anyOf": [{"type": "string"}, {"type": "integer"}]}, 1),
    ({"allOf": [{"type": "string"}, {"minLength": 2}]}, "ab"),
    ({"type": "array", "items": {"type": "string"}, "maxItems": 2}, ["a", "b"]),
    ({"$ref": "#/$defs/city", "$defs": {"city": {"type": "string"}}}, "Rome"),
    ({"type": "number", "minimum": 0, "exclusiveMaximum": 1}, 0),
    ({}, "anything"),
]
INVALID = [
    ({"type": "object", "required": ["a"]}, {}),
    ({"type": "object", "properties": {"a": {"type": "integer"}}}, {"a": "1"}),
    ({"type": "object", "additionalProperties": False}, {"a": 1}),
    ({"type": "integer"}, True),
    ({"type": "integer"}, 1.5),
    ({"enum": ["a"]}, "b"),
    ({"const": 3}, 4),
    ({"anyOf": [{"type": "string"}, {"type": "integer"}]}, 1.5),
    ({"allOf": [{"type": "string"}, {"minLength": 2}]}, "a"),
    ({"type": "array", "items": {"type": "string"}}, ["a", 1]),
    ({"type": "array", "minItems": 1}, []),
    ({"type": "string", "pattern": "^a"}, "b"),
    ({"type": "number", "exclusiveMaximum": 1}, 1),
    ({"$ref": "#/$defs/city", "$defs": {"city": {"type": "string"}}}, 1),
]


@pytest.mark.parametrize(("schema", "value"), VALID)
def test_a_value_that_satisfies_a_schema_is_valid(schema, value):
    assert is_valid(value, schema)


@pytest.mark.parametrize(("schema", "value"), INVALID)
def test_a_value_that_breaks_a_schema_is_invalid(schema, value):
    assert not is_valid(value, schema)
