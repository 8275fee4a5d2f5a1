"""Ways to ask and to answer that once went wrong."""

import pytest
from langchain_core.messages import AIMessage, HumanMessage

from langchain_heroku import ChatHeroku
from langchain_heroku.errors import ConfigError

pytestmark = pytest.mark.usefixtures("config_vars")


def generations(llm, **options):
    return llm.generate([[HumanMessage("Hello")]], **options).generations[0]


def test_the_number_of_answers_counts_wherever_it_is_set(emulator):
    assert len(generations(ChatHeroku(model_kwargs={"n": 2}))) == 2
    assert len(generations(ChatHeroku(model_kwargs={"n": 2}, n=3))) == 3
    assert len(generations(ChatHeroku(n=3), n=1)) == 1
    assert len(emulator.journal) == 6
    assert not any("n" in entry.body for entry in emulator.journal)


@pytest.mark.parametrize("number", [0, -1, "2", True])
def test_no_answers_are_refused_and_not_taken_for_one(emulator, number):
    for ask in (ChatHeroku().invoke, lambda *given, **o: list(ChatHeroku().stream(*given, **o))):
        with pytest.raises(ConfigError, match="n must be a whole number from 1"):
            ask("Hello", n=number)
    assert len(emulator.journal) == 0


@pytest.mark.parametrize("call_id", [None, "tooluse_1"], ids=str)
def test_a_broken_call_without_a_name_goes_back_as_words(emulator, call_id):
    broken = {"type": "invalid_tool_call", "id": call_id, "name": None, "args": '{"a', "error": ""}
    talk = [HumanMessage("Add."), AIMessage("I add.", invalid_tool_calls=[broken])]
    ChatHeroku().invoke([*talk, HumanMessage("Go on.")])
    assistant = emulator.journal[-1].body["messages"][1]
    assert assistant == {"role": "assistant", "content": 'I add.\n{"a'}


JOKE = {"type": "object", "properties": {"setup": {"type": "string"}}, "required": ["setup"]}


@pytest.mark.parametrize("method", ["function_calling", "json_schema", "json_mode"])
def test_a_schema_in_openais_wrapper_is_taken(emulator, method):
    wrapped = {"type": "json_schema", "json_schema": {"name": "joke", "schema": JOKE}}
    answer = ChatHeroku().with_structured_output(wrapped, method=method).invoke("A joke?")
    assert isinstance(answer["setup"], str)
    if method == "function_calling":
        assert emulator.journal[-1].body["tools"][0]["function"]["name"] == "joke"


def test_a_wrapper_without_a_schema_says_what_it_needs():
    with pytest.raises(ConfigError, match='"schema"'):
        ChatHeroku().with_structured_output({"type": "json_schema", "json_schema": {"name": "x"}})
