"""Heroku's agent in chains, with callbacks, and what is sent of it."""

import pytest
from langchain.agents import create_agent
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import HumanMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate

from heroku_emulator import CallTools, Say
from heroku_inference import agent_tools
from langchain_heroku import ChatHeroku, ChatHerokuAgent
from tests.langchain.agent_runs import (
    BLOCKS,
    PATH,
    RUN,
    WAYS,
    astream_chunks,
    stream_chunks,
    without_index,
)

pytestmark = pytest.mark.usefixtures("config_vars")


@pytest.fixture
def agent():
    return ChatHerokuAgent(tools=[agent_tools.code_exec_python()])


@pytest.fixture(params=WAYS.values(), ids=WAYS.keys())
def ask(request):
    """An agent's message, by each way to have it run."""
    return lambda agent, question="How much is six times seven?", **options: request.param(
        agent, question, **options
    )


# Chains


def test_a_chain_ends_with_the_answer(emulator, agent):
    chain = ChatPromptTemplate.from_template("How much is {sum}?") | agent | StrOutputParser()
    emulator.script(*RUN)
    assert chain.invoke({"sum": "6*7"}) == "It is 42."
    emulator.script(*RUN)
    assert "".join(chain.stream({"sum": "6*7"})) == "It is 42."
    assert emulator.journal[-1].body["messages"] == [
        {"role": "user", "content": "How much is 6*7?"}
    ]


def test_a_chat_model_gives_the_answer_its_form(emulator, agent):
    from pydantic import BaseModel

    class Number(BaseModel):
        value: int

    emulator.script(*RUN, CallTools([("Number", {"value": 42})]))
    chain = agent | StrOutputParser() | ChatHeroku().with_structured_output(Number)
    assert chain.invoke("How much is 6*7?") == Number(value=42)
    assert emulator.journal[-1].body["messages"] == [{"role": "user", "content": "It is 42."}]


def test_an_agent_of_langchain_runs_on_it_as_long_as_it_has_no_functions(emulator, agent):
    emulator.script(*RUN)
    graph = create_agent(agent, [], system_prompt="Count well.")
    state = graph.invoke({"messages": [HumanMessage("How much?")]})
    assert state["messages"][-1].text == "It is 42."
    assert len(emulator.journal) == 1
    assert emulator.journal[0].body["messages"][0] == {"role": "system", "content": "Count well."}


# Callbacks


class Listener(BaseCallbackHandler):
    def __init__(self):
        self.started, self.pieces, self.ended = [], [], []

    def on_chat_model_start(self, serialized, messages, *, metadata=None, **told):
        self.started.append({**told, "metadata": metadata})

    def on_llm_new_token(self, token, *, chunk=None, **told):
        self.pieces.append(chunk)

    def on_llm_end(self, response, **told):
        self.ended.append(response)


def test_callbacks_see_the_steps_and_the_result(emulator, agent):
    for stream in (stream_chunks, astream_chunks):
        emulator.script(*RUN)
        listener = Listener()
        stream(agent, config={"callbacks": [listener]})
        assert len([piece for piece in listener.pieces if piece.message.content]) == 6
        assert listener.ended[0].generations[0][0].text == "It is 42."


@pytest.mark.parametrize("way", ["invoke", "ainvoke"])
def test_streaming_tells_callbacks_of_steps_of_invoke_too(emulator, way):
    agent = ChatHerokuAgent(tools=["code_exec_python"], streaming=True)
    emulator.script(*RUN)
    listener = Listener()
    message = WAYS[way](agent, "How much?", config={"callbacks": [listener]})
    assert len([piece for piece in listener.pieces if piece.message.content]) == 6
    assert without_index(message.content) == BLOCKS


def test_tracers_learn_the_model_and_its_parameters(emulator):
    agent = ChatHerokuAgent(tools=["code_exec_python"], temperature=0.5, max_tokens=100, stop=["x"])
    listener = Listener()
    emulator.script(Say("Yes.", path=PATH))
    message = agent.invoke("Hello", config={"callbacks": [listener]})
    (started,) = listener.started
    told = started["metadata"]
    assert told["ls_provider"] == message.response_metadata["model_provider"] == "heroku"
    assert told["ls_model_name"] == "claude-4-5-sonnet"
    assert told["maker_model_id"] == "claude-sonnet-4-5"
    assert (told["ls_temperature"], told["ls_max_tokens"], told["ls_stop"]) == (0.5, 100, ["x"])
    assert started["invocation_params"]["_type"] == "heroku-agent"
    assert started["invocation_params"]["tools"] == [
        {"type": "heroku_tool", "name": "code_exec_python"}
    ]
    assert listener.ended[0].llm_output["token_usage"]["total_tokens"]


# What is sent


def test_only_what_is_set_is_sent(emulator, ask):
    emulator.script(Say("Yes.", path=PATH))
    ask(ChatHerokuAgent(), "Hello")
    assert emulator.journal[-1].path == PATH
    assert emulator.journal[-1].body == {
        "model": "claude-4-5-sonnet",
        "messages": [{"role": "user", "content": "Hello"}],
    }


def test_options_go_out_under_their_names(emulator, ask):
    agent = ChatHerokuAgent(
        model="claude-4-5-haiku",
        tools=["html_to_markdown"],
        max_tokens=200,
        temperature=0.5,
        stop="END",
    )
    emulator.script(*[Say("Yes.", path=PATH)] * 2)
    ask(agent, "Hello")
    body = emulator.journal[-1].body
    del body["messages"]
    assert body == {
        "model": "claude-4-5-haiku",
        "tools": [{"type": "heroku_tool", "name": "html_to_markdown"}],
        "max_tokens_per_inference_request": 200,
        "temperature": 0.5,
        "stop": ["END"],
    }
    ask(agent, "Hello", max_tokens=300, tools=["team/search"], stop=["x"], model="claude-4-sonnet")
    body = emulator.journal[-1].body
    assert body["max_tokens_per_inference_request"] == 300
    assert body["tools"] == [{"type": "mcp", "name": "team/search"}]
    assert (body["stop"], body["model"]) == (["x"], "claude-4-sonnet")


def test_further_fields_are_merged_last(emulator, ask):
    emulator.switch(allow_ignored_params=True)
    emulator.script(Say("Yes.", path=PATH))
    agent = ChatHerokuAgent(extra_body={"session_id": "s", "top_p": 0.5})
    ask(agent, "Hello", extra_body={"top_p": 0.9})
    body = emulator.journal[-1].body
    assert (body["session_id"], body["top_p"]) == ("s", 0.9)
