"""What a model is told of a class: all its fields, also of one that contains itself."""

import asyncio
import json
from typing import Any

import pytest
from langchain_core.tools import StructuredTool
from llama_index.core.prompts import PromptTemplate
from llama_index.core.tools import FunctionTool
from pydantic import BaseModel, ConfigDict, Field, RootModel

from heroku_emulator import CallTools
from tests.adapters.conftest import LangChain, LangChainMessages, every_model

WAYS = ("send", "stream", "asend", "astream")


class Node(BaseModel):
    """A node."""

    name: str
    children: list["Node"] = []


class Place(BaseModel):
    city: str


class Trip(BaseModel):
    """A trip."""

    model_config = ConfigDict(extra="forbid")

    title: str
    start: Place = Field(description="Where it starts.")
    options: dict[str, Any] = {"title": "none"}
    tree: Node | None = None


class Choice(RootModel[Place | Node]):
    """A choice."""


NODE = {
    "description": "A node.",
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "children": {"type": "array", "items": {"$ref": "#/$defs/Node"}, "default": []},
    },
    "required": ["name"],
}
ROOT = {key: NODE[key] for key in ("type", "properties", "required")} | {"$defs": {"Node": NODE}}
PLACE = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TRIP = {
    "type": "object",
    "properties": {
        "title": {"type": "string"},
        "start": {**PLACE, "description": "Where it starts."},
        "options": {
            "type": "object",
            "additionalProperties": True,
            "default": {"title": "none"},
        },
        "tree": {"anyOf": [{"$ref": "#/$defs/Node"}, {"type": "null"}], "default": None},
    },
    "required": ["title", "start"],
    "additionalProperties": False,
    "$defs": {"Node": NODE},
}
CHOICE = {
    "type": "object",
    "properties": {"city": {"type": "string"}, **NODE["properties"]},
    "$defs": {"Node": NODE},
}
FAMILY = {"name": "a", "children": [{"name": "b", "children": [{"name": "c"}]}]}
CASES = {
    "recursive": (Node, ROOT, FAMILY),
    "nested": (Trip, TRIP, {"title": "T", "start": {"city": "Rome"}, "tree": FAMILY}),
}


@every_model
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("case", CASES)
def test_an_answer_has_the_form_of_the_class(emulator, adapter, make, way, case):
    form, schema, arguments = CASES[case]
    emulator.script(CallTools([(form.__name__, arguments)], path=adapter.path))
    answer = structured(adapter, make(), form, way)
    assert answer == form.model_validate(arguments)
    assert sent_schema(emulator, adapter, form) == schema


@every_model
@pytest.mark.parametrize("way", WAYS)
def test_an_answer_may_have_one_of_several_forms(emulator, adapter, make, way):
    emulator.script(CallTools([("Choice", FAMILY)], path=adapter.path))
    answer = structured(adapter, make(), Choice, way)
    assert answer == Choice.model_validate(FAMILY)
    schema = sent_schema(emulator, adapter, None)
    hint = "Give what belongs together: city; or name."
    assert schema.pop("description") in {hint, f"A choice. {hint}"}
    assert schema == CHOICE


@every_model
@pytest.mark.parametrize("case", CASES)
def test_a_tool_whose_arguments_are_a_class_tells_all_fields(emulator, adapter, make, case):
    form, schema, _ = CASES[case]
    offer(adapter, make(), form)
    sent = sent_schema(emulator, adapter, form)
    # LangChain makes another class of the tool's arguments, without its settings.
    sent.pop("additionalProperties", None)
    assert sent == {key: schema[key] for key in schema if key != "additionalProperties"}


@every_model
def test_a_function_that_takes_a_class_tells_all_fields(emulator, adapter, make):
    def plant(tree: Node, depth: int = 1) -> str:
        """Plant a tree."""
        return f"{tree}{depth}"

    if issubclass(adapter, LangChain):
        make().bind_tools([plant]).invoke("Hi")
    else:
        make().chat_with_tools([FunctionTool.from_defaults(plant)], "Hi")
    schema = sent_schema(emulator, adapter, None)
    assert schema["properties"]["tree"] == {"$ref": "#/$defs/Node"}
    assert schema["properties"]["depth"] == {"type": "integer", "default": 1}
    assert schema["$defs"] == {"Node": NODE}


@pytest.mark.parametrize("adapter", [LangChain, LangChainMessages], indirect=True)
def test_a_schema_tells_all_fields(emulator, adapter, make):
    given = {"title": "Node", **Node.model_json_schema()}
    emulator.script(CallTools([("Node", FAMILY)], path=adapter.path))
    assert make().with_structured_output(given).invoke("Hi") == FAMILY
    assert sent_schema(emulator, adapter, Node) == ROOT


@pytest.mark.parametrize("adapter", [LangChain], indirect=True)
@pytest.mark.parametrize("form", [Node, Node.model_json_schema()], ids=["class", "schema"])
def test_langchains_other_methods_tell_all_fields(emulator, make, form):
    if isinstance(form, dict):
        form = {"title": "Node", **form}
    make().with_structured_output(form, method="json_schema", include_raw=True).invoke("Hi")
    (tool,) = emulator.journal[-1].body["tools"]
    schema = tool["function"]["parameters"]
    assert schema.pop("description") == "A node."
    assert schema == ROOT
    make().with_structured_output(form, method="json_mode", include_raw=True).invoke("Hi")
    instruction = emulator.journal[-1].body["messages"][0]["content"]
    assert json.dumps(NODE["properties"]["children"]["items"]) in instruction
    assert "title" not in instruction


def structured(adapter, llm, form, way):
    """An answer in the form of a class; of a stream the last one."""
    if issubclass(adapter, LangChain):
        asking = llm.with_structured_output(form)
        return {
            "send": lambda: asking.invoke("Hi"),
            "stream": lambda: list(asking.stream("Hi"))[-1],
            "asend": lambda: asyncio.run(asking.ainvoke("Hi")),
            "astream": lambda: asyncio.run(last(asking.astream("Hi"))),
        }[way]()
    prompt = PromptTemplate("Hi")

    async def astream():
        return await last(await llm.astream_structured_predict(form, prompt))

    return {
        "send": lambda: llm.structured_predict(form, prompt),
        "stream": lambda: list(llm.stream_structured_predict(form, prompt))[-1],
        "asend": lambda: asyncio.run(llm.astructured_predict(form, prompt)),
        "astream": lambda: asyncio.run(astream()),
    }[way]()


async def last(pieces):
    return [piece async for piece in pieces][-1]


def offer(adapter, llm, form):
    """Have the model answer with a tool whose arguments have the form of a class."""

    def run(**_):
        return "Done."

    described = form.__doc__ or form.__name__
    if issubclass(adapter, LangChain):
        tool = StructuredTool.from_function(
            run, name=form.__name__, description=described, args_schema=form
        )
        llm.bind_tools([tool]).invoke("Hi")
    else:
        tool = FunctionTool.from_defaults(
            run, name=form.__name__, description=described, fn_schema=form
        )
        llm.chat_with_tools([tool], "Hi")


def sent_schema(emulator, adapter, form):
    """The schema of the only tool; a description that the tool has already does not count."""
    (tool,) = emulator.journal.only(adapter.path).body["tools"]
    function = tool.get("function", tool)
    schema = function.get("parameters") or function["input_schema"]
    if form is not None:
        assert schema.pop("description", form.__doc__) == form.__doc__
    return schema
