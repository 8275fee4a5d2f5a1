"""Messages of Heroku's agent in conversations that go on."""

import copy

import pytest
from langchain.agents import create_agent
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

from heroku_emulator import CallTools, Say, ToolResult
from heroku_inference import agent_tools
from langchain_heroku import ChatHeroku, ChatHerokuAgent
from tests.langchain.agent_runs import BLOCKS, PATH, RUN, WAYS, without_index

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


def test_a_message_goes_back_as_the_turns_it_was_made_of(emulator, ask, agent):
    emulator.script(*RUN)
    message = ask(agent)
    before = copy.deepcopy(message)
    emulator.script(Say("Six times seven.", path=PATH))
    answer = agent.invoke([HumanMessage("How much?"), message, HumanMessage("Of what?")])
    assert answer.text == "Six times seven."
    wire = emulator.journal[-1].body["messages"]
    assert [entry["role"] for entry in wire] == [
        "user", "assistant", "tool", "assistant", "tool", "tool", "user", "assistant", "user",
    ]  # fmt: skip
    assert wire[1]["content"] == "Let me see."
    assert wire[1]["tool_calls"][0]["function"]["arguments"] == '{"code": "print(6*7)"}'
    assert "42" in wire[2]["content"]
    assert [call["id"] for call in wire[3]["tool_calls"]] == ["t2", "t3"]
    assert "{cut" in wire[3]["tool_calls"][1]["function"]["arguments"]
    assert wire[4]["content"] == "Error: division by zero"
    assert wire[6]["content"][1]["image_url"]["url"] == "data:image/png;base64,AA=="
    assert wire[7] == {"role": "assistant", "content": "It is 42."}
    assert message == before


@pytest.mark.parametrize("output_version", ["v0", "v1"])
def test_a_chat_model_takes_it_too_by_names_it_accepts(emulator, output_version):
    emulator.script(
        CallTools([("mcp-python/code_exec_python", {})], ids=["t1"], path=PATH),
        ToolResult("1"),
        Say("One.", path=PATH),
        Say("Yes.", path=PATH),
    )
    agent = ChatHerokuAgent(tools=["mcp-python/code_exec_python"], output_version=output_version)
    talk = [
        SystemMessage("Count."),
        HumanMessage("How many?"),
        agent.invoke("How many?"),
        ("human", "Sure?"),
    ]
    agent.invoke(talk)
    called = emulator.journal[-1].body["messages"][2]["tool_calls"][0]["function"]["name"]
    assert called == "mcp-python/code_exec_python"
    ChatHeroku().invoke(talk)
    called = emulator.journal[-1].body["messages"][2]["tool_calls"][0]["function"]["name"]
    assert called == "mcp-python_code_exec_python"


def test_a_call_without_result_gets_one_before_it_is_sent(emulator, agent):
    cut = AIMessage(
        [
            {"type": "server_tool_call", "id": "t1", "name": "search", "args": {}},
            {"type": "text", "text": "Well."},
        ],
        response_metadata={"model_provider": "heroku"},
    )
    emulator.script(Say("Yes.", path=PATH))
    agent.invoke([HumanMessage("Hello"), cut, HumanMessage("And?")])
    wire = emulator.journal[-1].body["messages"]
    assert [entry["role"] for entry in wire] == ["user", "assistant", "tool", "assistant", "user"]


def test_a_message_survives_a_checkpoint(emulator, agent):
    from langgraph.checkpoint.memory import InMemorySaver

    graph = create_agent(agent, [], checkpointer=InMemorySaver())
    thread = {"configurable": {"thread_id": "1"}}
    emulator.script(*RUN, Say("Six times seven.", path=PATH))
    graph.invoke({"messages": [HumanMessage("How much?")]}, thread)
    state = graph.invoke({"messages": [HumanMessage("Of what?")]}, thread)
    assert without_index(state["messages"][1].content_blocks) == BLOCKS
    assert len(emulator.journal[-1].body["messages"]) == 9


def test_a_refusal_at_the_end_of_a_run_goes_back_as_words(emulator, agent):
    emulator.script(*RUN)
    message = agent.invoke("How much?")
    refused = message.model_copy(
        update={"content": message.content[:-1], "additional_kwargs": {"refusal": "I will not."}}
    )
    emulator.script(Say("Yes.", path=PATH))
    agent.invoke([HumanMessage("How much?"), refused, HumanMessage("Of what?")])
    assert emulator.journal[-1].body["messages"][-2]["content"] == "I will not."
