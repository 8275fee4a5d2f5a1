"""Filling schemas with values from a prompt."""

import jsonschema
import pytest

from heroku_emulator.built_in.arguments import arguments_for, positional_arguments

NODE = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "next": {"$ref": "#/$defs/node"}},
    "required": ["name", "next"],
}
ROOM = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}


@pytest.mark.parametrize(
    ("schema", "prompt", "value"),
    [
        ({"const": "x"}, "", "x"),
        ({"enum": ["celsius", "kelvin"]}, "In Kelvin, please.", "kelvin"),
        ({"enum": ["celsius", "kelvin"]}, "Hello", "celsius"),
        ({"type": "integer"}, "I have 3.5 or 4 cats", 4),
        ({"type": "number"}, "I have -3.5 or 4 cats", -3.5),
        ({"type": "integer", "minimum": 10}, "3 or 12", 12),
        ({"type": "integer", "minimum": 10}, "3", 11),
        ({"type": "integer", "exclusiveMinimum": -1000, "exclusiveMaximum": 1000}, "", 1),
        ({"type": "integer", "maximum": -5}, "", -5),
        ({"type": "integer", "multipleOf": 5, "minimum": 7}, "9", 15),
        ({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}, "", 0.5),
        ({"type": "number", "minimum": 0.2, "maximum": 0.4}, "", 0.4),
        ({"type": "number", "exclusiveMinimum": 0.25, "exclusiveMaximum": 0.75}, "", 0.5),
        ({"type": "boolean"}, "Turn it on", True),
        ({"type": "boolean"}, "Do not turn it on", False),
        ({"type": "null"}, "x", None),
        ({"type": ["null", "integer"]}, "7", 7),
        ({"type": ["null"]}, "7", None),
        ({}, "anything", "anything"),
        ({"type": "string"}, 'say "hello there" now', "hello there"),
        ({"type": "string"}, "call it '你好啊集团' (Hello)", "你好啊集团"),
        ({"type": "string"}, "「東京」へ行く", "東京"),
        ({"type": "string"}, "I don't know that it's so", "I don't know that it's so"),
        ({"type": "string"}, "fly to New York and Rome", "New York"),
        ({"type": "string"}, "must I fly to Rome", "Rome"),
        ({"type": "string", "format": "date"}, "x", "2026-01-31"),
        ({"type": "string", "minLength": 5}, "abc", "abc.."),
        ({"type": "string", "maxLength": 2}, "abc", "ab"),
        ({"type": "string", "pattern": "^[a-z]+$"}, "1 X abc", "abc"),
        ({"type": "string", "pattern": "^[A-Z]{2}$"}, "code 'DE'", "DE"),
        ({"type": "array", "items": {"type": "integer"}}, "add 1, 2 and 3", [1, 2, 3]),
        ({"type": "array"}, 'both "a" and "b"', ["a", "b"]),
        ({"type": "array", "items": {"type": "string"}, "maxItems": 1}, "'a' 'b'", ["a"]),
        ({"type": "array", "items": {"type": "boolean"}, "minItems": 2}, "x", [True, True]),
        ({"type": "array", "items": {"enum": ["x"]}}, "x", ["x"]),
        ({"type": "array", "prefixItems": [{"type": "integer"}, {"const": 2}]}, "9", [9, 2]),
        ({"anyOf": [{"type": "null"}, {"type": "integer"}]}, "4", 4),
        ({"oneOf": [{"type": "null"}]}, "4", None),
        ({"allOf": [{"type": "integer"}, {"minimum": 3}]}, "2 or 5", 5),
        (ROOM, "Room 9", {"n": 9}),
        ({"$ref": "#/$defs/room"}, "Room 9", {"n": 9}),
        ({"type": "object"}, "x", {}),
    ],
    ids=str,
)
def test_a_value_fits_its_schema_and_comes_from_the_prompt(schema, prompt, value):
    whole = {"type": "object", "properties": {"v": schema}, "required": ["v"]}
    whole["$defs"] = {"room": ROOM}
    written = arguments_for(whole, prompt)
    assert written == {"v": value}
    assert type(written["v"]) is type(value)
    jsonschema.validate(written, whole)


def test_each_piece_of_the_prompt_is_used_once():
    text = {"type": "string"}
    schema = {"type": "object", "properties": {"origin": text, "goal": text, "why": text}}
    schema["required"] = ["origin", "goal", "why"]
    prompt = "fly from Oslo to Rome"
    assert arguments_for(schema, prompt) == {"origin": "Oslo", "goal": "Rome", "why": prompt}


def test_the_first_word_of_a_sentence_is_a_name_only_for_a_name_property():
    schema = {"properties": {"name": {"type": "string"}}, "required": ["name"]}
    assert arguments_for(schema, "Ada is here.") == {"name": "Ada"}


def test_optional_properties_are_left_out_unless_the_prompt_mentions_them():
    schema = {
        "type": "object",
        "properties": {"city": {"type": "string"}, "max_price": {"type": "integer"}},
        "required": ["city"],
    }
    assert arguments_for(schema, "to Rome for 90") == {"city": "Rome"}
    assert arguments_for(schema, "to Rome, max price 90") == {"city": "Rome", "max_price": 90}


def test_a_recursive_schema_ends():
    optional = {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]}
    endless = NODE | {"properties": NODE["properties"] | {"next": optional}}
    tree = {
        "type": "object",
        "properties": {"children": {"type": "array", "items": {"$ref": "#/$defs/tree"}}},
        "required": ["children"],
    }
    for schema in (endless | {"$defs": {"node": endless}}, tree | {"$defs": {"tree": tree}}):
        jsonschema.validate(arguments_for(schema, "x"), schema)
    assert (
        arguments_for({"$ref": "#/$defs/loop", "$defs": {"loop": {"$ref": "#/$defs/loop"}}}, "")
        == {}
    )


@pytest.mark.parametrize("schema", [None, {}, {"$ref": "#/nowhere/at/all"}, {"type": "string"}])
def test_without_an_object_schema_there_are_no_arguments(schema):
    assert arguments_for(schema, "x") == {}


def test_written_arguments_are_read_as_python():
    schema = {"type": "object", "properties": {"a": {}, "b": {}}, "required": ["a"]}
    assert positional_arguments(schema, "[1], b={'x': None}", "") == {"a": [1], "b": {"x": None}}
    assert positional_arguments(schema, "1", "") == {"a": 1}
    assert positional_arguments(None, "", "x") == {}
    assert positional_arguments(schema, "**x", "'y'") == {"a": "y"}
