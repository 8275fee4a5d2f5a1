import copy

import pytest

from heroku_inference import _errors
from heroku_inference._chat.schemas import object_schema
from heroku_inference._chat.tools import (
    is_forced,
    parallel_calls,
    wire_tool_choice,
    wire_tools,
)

PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WIRED = {
    "type": "function",
    "function": {"name": "weather", "description": "The weather.", "parameters": PARAMETERS},
}


@pytest.mark.parametrize(
    "tool",
    [
        WIRED,
        {**WIRED, "function": {**WIRED["function"], "strict": True}, "extras": {"defer": True}},
        WIRED["function"],
        {"type": "function", **WIRED["function"], "strict": None},
        {"name": "weather", "description": "The weather.", "input_schema": PARAMETERS},
        {
            "type": "custom",
            "name": "weather",
            "description": "The weather.",
            "input_schema": PARAMETERS,
            "cache_control": {"type": "ephemeral"},
        },
    ],
)
def test_every_form_of_a_tool_becomes_the_documented_one(tool):
    before = copy.deepcopy(tool)
    assert wire_tools([tool]) == [WIRED]
    assert tool == before


@pytest.mark.parametrize("function", [{"name": "now"}, {"name": "now", "description": ""}])
def test_a_tool_without_words_or_parameters_gets_its_name_and_an_empty_object(function):
    (tool,) = wire_tools([{"type": "function", "function": function}])
    assert tool["function"] == {
        "name": "now",
        "description": "now",
        "parameters": {"type": "object", "properties": {}},
    }


@pytest.mark.parametrize(
    "tool",
    [
        {"type": "mcp", "name": "code_exec_python"},
        {"type": "heroku_tool", "name": "html_to_markdown"},
        {"type": "custom", "custom": {"name": "grammar"}},
        {"type": "custom", "name": "grammar", "format": {"type": "text"}},
        {"type": "function", "function": {}},
        {"type": "function", "function": "weather"},
        {"type": "web_search_20250305", "name": "web_search"},
    ],
)
def test_a_tool_other_than_a_function_is_refused(tool):
    with pytest.raises(_errors.ConfigError, match=r"functions only|models do not have"):
        wire_tools([tool])


def test_the_dialect_is_removed_at_every_depth_but_not_from_names_and_data():
    dialect = "https://json-schema.org/draft/2020-12/schema"
    schema = {
        "$schema": dialect,
        "type": "object",
        "properties": {
            "$schema": {"type": "string", "$schema": dialect, "default": {"$schema": "data"}},
            "many": {"type": "array", "items": {"$schema": dialect, "type": "integer"}},
            "either": {"anyOf": [{"$schema": dialect, "type": "null"}]},
        },
        "$defs": {"x": {"$schema": dialect}},
        "additionalProperties": False,
    }
    before = copy.deepcopy(schema)
    assert object_schema(schema) == {
        "type": "object",
        "properties": {
            "$schema": {"type": "string", "default": {"$schema": "data"}},
            "many": {"type": "array", "items": {"type": "integer"}},
            "either": {"anyOf": [{"type": "null"}]},
        },
        "additionalProperties": False,
    }
    assert schema == before


def test_the_reference_at_the_root_of_a_recursive_schema_is_resolved():
    node = {"type": "object", "properties": {"child": {"$ref": "#/$defs/Node"}}}
    schema = object_schema({"$defs": {"Node": node}, "$ref": "#/$defs/Node"})
    assert schema == {"$defs": {"Node": node}, **node}


def test_a_schema_without_a_type_describes_an_object_unless_it_is_a_choice():
    assert object_schema({"properties": {"a": {}}}) == {"type": "object", "properties": {"a": {}}}
    choice = {"anyOf": [{"type": "object"}, {"type": "string"}]}
    assert object_schema(choice) == choice


@pytest.mark.parametrize(
    ("choice", "wire"),
    [
        (None, None),
        (False, None),
        (True, "required"),
        ("any", "required"),
        ("required", "required"),
        ("auto", "auto"),
        ("none", "none"),
        ("weather", {"type": "function", "function": {"name": "weather"}}),
        (
            {"type": "function", "function": {"name": "weather"}},
            {"type": "function", "function": {"name": "weather"}},
        ),
        (
            {"type": "function", "name": "weather"},
            {"type": "function", "function": {"name": "weather"}},
        ),
        (
            {"type": "tool", "name": "weather"},
            {"type": "function", "function": {"name": "weather"}},
        ),
        ({"type": "any"}, "required"),
        ({"type": "auto"}, "auto"),
        ({"type": "none"}, "none"),
    ],
)
def test_every_form_of_a_tool_choice_is_understood(choice, wire):
    assert wire_tool_choice(choice, [WIRED]) == wire


@pytest.mark.parametrize(
    ("choice", "tools", "said"),
    [
        ("wether", [WIRED], "does not name a tool; there are weather"),
        ("weather", [], "there are no tools"),
        ("any", [], "there are no tools"),
        (True, [], "there are no tools"),
        ({"type": "any"}, [], "there are no tools"),
        (
            {"type": "function", "function": {"name": "nope"}},
            [WIRED],
            "does not name a tool; there are weather",
        ),
        ({"type": "tool", "name": "nope"}, [WIRED], "does not name a tool; there are weather"),
        (["weather"], [WIRED], "unknown form"),
        ({"type": "custom", "custom": {"name": "x"}}, [WIRED], "unknown form"),
        ({"type": "tool"}, [WIRED], "unknown form"),
        ({"type": ["tool"], "name": "weather"}, [WIRED], "unknown form"),
        ({"type": "function", "function": "weather"}, [WIRED], "unknown form"),
    ],
)
def test_a_tool_choice_that_means_nothing_is_refused(choice, tools, said):
    with pytest.raises(ValueError, match=said):
        wire_tool_choice(choice, tools)


@pytest.mark.parametrize(
    ("choice", "forced"),
    [
        ("required", True),
        (WIRED, True),
        ({"type": "any"}, True),
        ("auto", False),
        ("none", False),
        (None, False),
        ({"type": "auto"}, False),
        ({"type": "none"}, False),
    ],
)
def test_a_forced_choice_is_known(choice, forced):
    assert is_forced(choice) is forced


def test_a_tool_is_forced_by_name_even_if_the_name_is_a_word_for_something_else():
    tool = {"type": "function", "function": {**WIRED["function"], "name": "none"}}
    choice = {"type": "tool", "name": "none"}
    assert wire_tool_choice(choice, [tool]) == {"type": "function", "function": {"name": "none"}}


@pytest.mark.parametrize(
    ("choice", "parallel"),
    [
        ({"type": "auto", "disable_parallel_tool_use": True}, False),
        ({"type": "auto", "disable_parallel_tool_use": False}, True),
        ({"type": "auto"}, None),
        ("auto", None),
    ],
)
def test_a_choice_may_say_whether_tools_are_called_in_parallel(choice, parallel):
    assert parallel_calls(choice) is parallel
