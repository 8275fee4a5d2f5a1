"""Tools in every form, and every way to choose among them, as the server sees them."""

import json

import pytest
from langchain_core.runnables import RunnableBinding
from langchain_core.tools import tool
from pydantic import BaseModel, Field
from pydantic.v1 import BaseModel as V1BaseModel
from typing_extensions import TypedDict

from heroku_emulator import CallTools
from langchain_heroku import ChatHeroku, errors

pytestmark = pytest.mark.usefixtures("config_vars")


@tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@tool
def now() -> str:
    """Tell the time."""
    return "noon"


class Add(BaseModel):
    """Add two numbers."""

    a: int = Field(description="the first")
    b: int


class AddV1(V1BaseModel):
    """Add two numbers."""

    a: int
    b: int


class AddDict(TypedDict):
    """Add two numbers."""

    a: int
    b: int


def plain_add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


PARAMETERS = {
    "type": "object",
    "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
    "required": ["a", "b"],
}
OPENAI = {"name": "add", "description": "Add two numbers.", "parameters": PARAMETERS}
FORMS = {
    "tool": add,
    "function": plain_add,
    "pydantic": Add,
    "pydantic v1": AddV1,
    "typed dict": AddDict,
    "openai": {"type": "function", "function": {**OPENAI, "strict": True}},
    "openai function": OPENAI,
    "json schema": {"title": "add", "description": "Add two numbers.", **PARAMETERS},
    "anthropic": {
        "name": "add",
        "description": "Add two numbers.",
        "input_schema": PARAMETERS,
        "cache_control": {"type": "ephemeral"},
    },
}


@pytest.fixture
def llm():
    return ChatHeroku(model="claude-4-5-sonnet")


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_a_tool_in_any_form_reaches_the_server_and_is_called(emulator, llm, form):
    answer = llm.bind_tools([form], tool_choice="any").invoke("Add 1 and 2.")
    (sent,) = emulator.journal[-1].body["tools"]
    assert sent["type"] == "function"
    assert sent["function"].keys() == {"name", "description", "parameters"}
    assert sent["function"]["description"] == "Add two numbers."
    assert set(sent["function"]["parameters"]["properties"]) == {"a", "b"}
    assert answer.tool_calls[0]["name"] == sent["function"]["name"]


FORCED = {"type": "function", "function": {"name": "add"}}


@pytest.mark.parametrize(
    ("choice", "sent"),
    [
        (None, None),
        (False, None),
        ("auto", "auto"),
        ("none", "none"),
        ("any", "required"),
        ("required", "required"),
        (True, "required"),
        ("add", FORCED),
        (FORCED, FORCED),
        ({"type": "tool", "name": "add"}, FORCED),
        ({"type": "any"}, "required"),
    ],
    ids=str,
)
def test_every_way_to_choose_has_its_word_on_the_wire(emulator, llm, choice, sent):
    bound = llm.bind_tools([add, now], tool_choice=choice)
    assert isinstance(bound, RunnableBinding)
    bound.invoke("Add 1 and 2.")
    assert emulator.journal[-1].body.get("tool_choice") == sent


def test_a_choice_that_names_no_tool_is_refused_at_once(llm):
    with pytest.raises(errors.ConfigError, match=r"'subtract'.*add, now"):
        llm.bind_tools([add, now], tool_choice="subtract")


def test_tools_of_other_endpoints_are_refused_at_once(llm):
    with pytest.raises(errors.ConfigError, match="mcp"):
        llm.bind_tools([{"type": "mcp", "name": "x"}])


def test_strictness_is_accepted_and_not_sent(emulator, llm):
    llm.bind_tools([add], strict=True).invoke("Add 1 and 2.")
    assert "strict" not in json.dumps(emulator.journal[-1].body)


def test_parallel_calls_can_be_forbidden(emulator, llm):
    llm.bind_tools([add], parallel_tool_calls=False).invoke("Add 1 and 2.")
    assert emulator.journal[-1].body["parallel_tool_calls"] is False


def test_parallel_calls_can_be_forbidden_as_anthropic_says_it(emulator, llm):
    choice = {"type": "any", "disable_parallel_tool_use": True}
    llm.bind_tools([add], tool_choice=choice).invoke("Add 1 and 2.")
    assert emulator.journal[-1].body["parallel_tool_calls"] is False


def test_arguments_that_are_no_json_object_make_an_invalid_call(emulator, llm):
    emulator.script(CallTools([("add", '{"a": 1,'), ("add", "[1]"), ("now", "")]))
    answer = llm.bind_tools([add, now], tool_call_retries=0).invoke("Add 1 and 2.")
    assert [call["args"] for call in answer.invalid_tool_calls] == ['{"a": 1,', "[1]"]
    assert all(call["error"] for call in answer.invalid_tool_calls)
    assert [call["args"] for call in answer.tool_calls] == [{}]
