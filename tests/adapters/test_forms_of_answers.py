"""Forms of answers and arguments that frameworks stumble on: generics, roots, recursion."""

from __future__ import annotations

import asyncio
import copy
import pickle
import warnings
from typing import Generic, TypeVar

import httpx
import pytest
from llama_index.core.llms import ChatMessage
from llama_index.core.tools import FunctionTool
from pydantic import BaseModel, RootModel
from typing_extensions import TypedDict

from heroku_emulator import CallTools
from heroku_inference import ConfigError
from langchain_heroku import ChatHeroku, ChatHerokuMessages, HerokuEmbeddings, HerokuRerank
from tests.adapters.conftest import LangChain, LangChainMessages, every_model
from tests.adapters.test_schemas_of_classes import WAYS, Node, Place, structured

Value = TypeVar("Value")
every_way = pytest.mark.parametrize("way", WAYS)
both_of_langchain = pytest.mark.parametrize(
    "adapter", [LangChain, LangChainMessages], indirect=True
)


class Answer(BaseModel, Generic[Value]):
    """An answer."""

    value: Value


class Home(RootModel[Place]):
    """A home."""


class Homes(RootModel[list[Place]]):
    """Homes."""


class Either(RootModel[Place | Node]):
    """One or the other."""


class Tree(TypedDict):
    """A tree."""

    name: str
    branches: list[Tree]


TREE = {"name": "a", "branches": [{"name": "b", "branches": []}]}
PLACE = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
CITY = {"city": "Rome"}
CLASSES = {
    "generic": (Answer[int], "Answer_int_", {"value": 5}),
    "generic of a class": (Answer[Place], "Answer_Place_", {"value": CITY}),
    "root": (Home, "Home", CITY),
    "root of a choice": (Either, "Either", CITY),
    "recursive": (Node, "Node", {"name": "a", "children": [{"name": "b"}]}),
}
SCHEMAS = {
    "choice": (
        {"title": "Either", "anyOf": [PLACE, {"type": "object", "properties": {}}]},
        "Either",
    ),
    "reference": ({"title": "Home", "$ref": "#/$defs/Place", "$defs": {"Place": PLACE}}, "Home"),
    "reference without title": ({"$ref": "#/$defs/Place", "$defs": {"Place": PLACE}}, "Place"),
    "no title": (PLACE, "answer"),
}
FORMS = {"class": Place, "schema": {"title": "Place", **PLACE}, "typed dict": Tree}
NOT_OBJECTS = {
    "list": {"title": "Homes", "type": "array", "items": PLACE},
    "choice with a text": {"title": "Either", "anyOf": [PLACE, {"type": "string"}]},
    "reference to a list": {
        "title": "Homes",
        "$ref": "#/$defs/Homes",
        "$defs": {"Homes": {"type": "array", "items": PLACE}},
    },
}


def sent_tool(emulator, adapter):
    (tool,) = emulator.journal.only(adapter.path).body["tools"]
    return tool.get("function", tool)


@every_model
@every_way
@pytest.mark.parametrize("case", CLASSES)
def test_a_class_is_the_form_of_an_answer(emulator, adapter, make, way, case):
    form, name, arguments = CLASSES[case]
    emulator.script(CallTools([(name, arguments)], path=adapter.path))
    assert structured(adapter, make(), form, way) == form.model_validate(arguments)
    assert sent_tool(emulator, adapter)["name"] == name


@both_of_langchain
@every_way
@pytest.mark.parametrize("case", SCHEMAS)
def test_a_schema_is_the_form_of_an_answer(emulator, adapter, make, way, case):
    form, name = SCHEMAS[case]
    emulator.script(CallTools([(name, CITY)], path=adapter.path))
    given = copy.deepcopy(form)
    assert structured(adapter, make(), form, way) == CITY
    assert form == given
    assert sent_tool(emulator, adapter)["name"] == name


@both_of_langchain
@every_way
def test_a_typed_dict_may_contain_itself(emulator, adapter, make, way):
    emulator.script(CallTools([("Tree", TREE)], path=adapter.path))
    assert structured(adapter, make(), Tree, way) == TREE
    tool = sent_tool(emulator, adapter)
    assert tool["description"] == "A tree."
    schema = tool.get("parameters") or tool["input_schema"]
    assert schema["properties"]["branches"] == {"type": "array", "items": {"$ref": "#/$defs/Tree"}}


@both_of_langchain
def test_a_typed_dict_that_contains_itself_may_be_a_tool(emulator, adapter, make):
    make().bind_tools([Tree]).invoke("Hi")
    assert sent_tool(emulator, adapter)["name"] == "Tree"


@pytest.mark.parametrize("adapter", [LangChain], indirect=True)
@every_way
@pytest.mark.parametrize("method", ["json_schema", "json_mode"])
@pytest.mark.parametrize("case", SCHEMAS)
def test_other_methods_take_it_too(emulator, make, way, method, case):
    form, _ = SCHEMAS[case]
    asking = make().with_structured_output(form, method=method)
    answer = {
        "send": lambda: asking.invoke("Hi"),
        "stream": lambda: list(asking.stream("Hi"))[-1],
        "asend": lambda: asyncio.run(asking.ainvoke("Hi")),
        "astream": lambda: asyncio.run(_last(asking)),
    }[way]()
    assert isinstance(answer, dict)


async def _last(asking):
    return [piece async for piece in asking.astream("Hi")][-1]


@every_model
@every_way
def test_a_class_of_a_list_is_no_form_of_an_answer(emulator, adapter, make, way):
    with pytest.raises(ConfigError, match="does not describe an object at its root"):
        structured(adapter, make(), Homes, way)
    assert len(emulator.journal) == 0


@both_of_langchain
@pytest.mark.parametrize("form", [Homes, *NOT_OBJECTS.values()], ids=["class", *NOT_OBJECTS])
def test_a_list_is_no_tool(emulator, adapter, make, form):
    with pytest.raises(ConfigError, match=r"does not describe an object.* Make the value a field"):
        make().bind_tools([form])
    with pytest.raises(ConfigError, match="does not describe an object"):
        make().with_structured_output(form)
    assert len(emulator.journal) == 0


@pytest.mark.parametrize("adapter", [LangChain], indirect=True)
@pytest.mark.parametrize("method", ["json_schema", "json_mode"])
@pytest.mark.parametrize("form", [Homes, *NOT_OBJECTS.values()], ids=["class", *NOT_OBJECTS])
def test_a_list_is_no_answer_of_other_methods(emulator, make, method, form):
    with pytest.raises(ConfigError, match="does not describe an object"):
        make().with_structured_output(form, method=method).invoke("Hi")
    assert len(emulator.journal) == 0


@pytest.mark.parametrize("adapter", every_model.args[1][1::2], indirect=True)
@every_way
def test_a_list_is_no_tool_of_llama_index(emulator, adapter, make, way):
    tool = FunctionTool.from_defaults(print, name="homes", description="d", fn_schema=Homes)
    llm = make()
    options = llm._prepare_chat_with_tools([tool])
    options.pop("messages")
    with pytest.raises(ConfigError, match="'homes' does not describe an object at its root"):
        getattr(adapter, way)(llm, [ChatMessage("Hi")], **options)
    assert len(emulator.journal) == 0


@both_of_langchain
@pytest.mark.parametrize("form", [list[Place], Place | Node, 5], ids=["list", "choice", "number"])
def test_types_are_no_forms_of_answers(adapter, make, form):
    for call in (make().with_structured_output, lambda form: make().bind_tools([form])):
        with pytest.raises(ConfigError):
            call(form)


@both_of_langchain
@pytest.mark.parametrize("thinks", [False, True], ids=["", "thinking"])
@pytest.mark.parametrize("used", [False, True], ids=["before use", "after use"])
@pytest.mark.parametrize("include_raw", [False, True], ids=["", "raw"])
@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_chain_can_be_copied(emulator, adapter, make, form, include_raw, used, thinks):
    llm = make(extended_thinking=2000) if thinks else make()
    check_copies(llm.with_structured_output(form, include_raw=include_raw), emulator, used)


@pytest.mark.parametrize("adapter", [LangChain], indirect=True)
@pytest.mark.parametrize("used", [False, True], ids=["before use", "after use"])
@pytest.mark.parametrize("method", ["json_schema", "json_mode"])
@pytest.mark.parametrize("tools", [[], [Node]], ids=["", "tools"])
def test_a_chain_of_another_method_can_be_copied(emulator, make, method, tools, used):
    options = {"tools": tools} if tools else {}
    check_copies(make().with_structured_output(Place, method=method, **options), emulator, used)


def check_copies(chain, emulator, used):
    if used:
        try_out(chain)
    for twin in (pickle.loads(pickle.dumps(chain)), copy.deepcopy(chain)):
        assert try_out(twin) == try_out(chain)
        first, second = emulator.journal[-2:]
        assert first.body == second.body


def try_out(chain):
    try:
        return str(type(chain.invoke("Hi")))
    except ValueError as error:  # a model that thinks may answer in words
        return str(type(error))


@pytest.mark.parametrize("adapter", every_model.args[1][1::2], indirect=True)
@pytest.mark.parametrize("used", [False, True], ids=["before use", "after use"])
def test_a_structured_llm_can_be_copied(emulator, adapter, make, used):
    llm = make().as_structured_llm(Place)
    emulator.script(CallTools([("Place", CITY)], path=adapter.path, times=3))
    if used:
        llm.complete("Hi")
    for twin in (pickle.loads(pickle.dumps(llm)), copy.deepcopy(llm)):
        assert twin.complete("Hi").raw == Place(city="Rome")


@pytest.mark.parametrize("kind", [ChatHeroku, ChatHerokuMessages, HerokuEmbeddings, HerokuRerank])
def test_a_pickle_leaves_out_a_client_and_says_so(config_vars, kind):
    with httpx.Client() as client:
        thing = kind(http_client=client)
        with pytest.warns(UserWarning, match="http_client left out of the pickle"):
            pickled = pickle.dumps(thing)
        assert thing.http_client is client
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert pickle.loads(pickled).http_client is None
        pickle.dumps(kind())
