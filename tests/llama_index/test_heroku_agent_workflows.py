"""`HerokuAgent` beside other agents: handed off to in an `AgentWorkflow`, or used as a tool."""

from __future__ import annotations

import pytest
from llama_index.core.agent.workflow import AgentWorkflow, FunctionAgent
from llama_index.core.memory import ChatMemoryBuffer
from llama_index.core.workflow import Context, JsonPickleSerializer

from heroku_emulator import CallTools, Fault, Say
from heroku_inference import ConfigError, agent_tools
from llama_index_heroku import Heroku, HerokuAgent
from tests.llama_index.heroku_agents import PATH, compute, run_to_end, say

pytestmark = [
    pytest.mark.usefixtures("config_vars"),
    pytest.mark.filterwarnings(
        "ignore::DeprecationWarning"  # LlamaIndex's workflows use what is deprecated
    ),
]

STORED = JsonPickleSerializer()  # pydantic cannot write a memory as JSON
HANDOFF = CallTools([("handoff", {"to_agent": "coder", "reason": "It runs code."})])


def coder(**arguments):
    return HerokuAgent(
        name="coder",
        description="Runs code on Heroku.",
        heroku_tools=[agent_tools.code_exec_python()],
        **arguments,
    )


def workflow(agent=None):
    router = FunctionAgent(
        name="router", description="Routes.", tools=[], llm=Heroku(), can_handoff_to=["coder"]
    )
    return AgentWorkflow(agents=[router, agent or coder()], root_agent="router")


async def test_another_agent_hands_off_to_it_and_it_answers(emulator):
    emulator.script(HANDOFF, *compute())
    done = await run_to_end(workflow())
    assert str(done.output) == "It is 42."
    assert done.output.current_agent_name == "coder"
    assert [result.tool_name for result in done.results] == ["handoff", "code_exec_python"]
    assert [call.tool_name for call in done.output.tool_calls] == ["handoff", "code_exec_python"]
    assert [entry.path for entry in emulator.journal] == ["/v1/chat/completions", PATH]
    sent = emulator.journal[-1].body["messages"]
    assert [message["role"] for message in sent] == ["user", "assistant", "tool"]


async def test_the_conversation_goes_on_there_in_the_same_context(emulator):
    emulator.script(HANDOFF, *compute(), say("I said 42."))
    agents = workflow()
    context = Context(agents)
    await agents.run("What is 6 * 7?", ctx=context)
    again = Context.from_dict(agents, context.to_dict(STORED), STORED)
    assert str(await agents.run("What did you say?", ctx=again)) == "I said 42."
    roles = [message["role"] for message in emulator.journal[-1].body["messages"]]
    assert roles == ["user", "assistant", "tool", "assistant", "tool", "assistant", "user"]


async def test_it_may_be_the_only_agent_or_the_first_and_has_no_handoff_to_call(emulator):
    emulator.script(*compute(), *compute())
    assert str(await AgentWorkflow(agents=[coder()]).run("What is 6 * 7?")) == "It is 42."
    other = FunctionAgent(name="other", description="Waits.", tools=[], llm=Heroku())
    first = AgentWorkflow(agents=[coder(), other], root_agent="coder")
    assert str(await first.run("What is 6 * 7?")) == "It is 42."
    assert len(emulator.journal) == 2
    assert len(emulator.journal[-1].body["tools"]) == 1


async def test_what_it_remembers_can_be_read_by_other_agents(emulator):
    emulator.script(HANDOFF, *compute(), Say("Forty-two, as the coder said."))
    memory = ChatMemoryBuffer.from_defaults(token_limit=100_000)
    await workflow().run("What is 6 * 7?", memory=memory)
    output = await FunctionAgent(llm=Heroku()).run("In words?", memory=memory)
    assert str(output) == "Forty-two, as the coder said."
    roles = [message["role"] for message in emulator.journal[-1].body["messages"]]
    assert roles == ["user", "assistant", "tool", "assistant", "tool", "assistant", "user"]


async def test_another_agent_has_it_as_a_tool(emulator):
    called = CallTools([("coder", {"request": "What is 6 * 7?"})])
    emulator.script(called, *compute(), Say("Forty-two."))
    agent = FunctionAgent(tools=[coder().as_tool()], llm=Heroku())
    done = await run_to_end(agent)
    assert str(done.output) == "Forty-two."
    assert [result.tool_output.content for result in done.results] == ["It is 42."]
    first, run, _ = emulator.journal
    (tool,) = first.body["tools"]
    assert (tool["function"]["name"], tool["function"]["description"]) == (
        "coder",
        "Runs code on Heroku.",
    )
    assert tool["function"]["parameters"]["required"] == ["request"]
    assert run.body["messages"] == [{"role": "user", "content": "What is 6 * 7?"}]


async def test_a_tool_can_have_another_name_and_works_by_itself_blocking_too(emulator):
    emulator.script(*compute(), *compute())
    tool = coder().as_tool("compute", "Computes.")
    assert (tool.metadata.name, tool.metadata.description) == ("compute", "Computes.")
    assert tool.call(request="What is 6 * 7?").content == "It is 42."
    assert (await tool.acall(request="What is 6 * 7?")).content == "It is 42."


async def test_a_run_that_fails_is_a_failed_tool_to_the_other_agent(emulator):
    called = CallTools([("coder", {"request": "What is 6 * 7?"})])
    emulator.script(called, Fault(403, path=PATH), Say("It is out of order."))
    done = await run_to_end(FunctionAgent(tools=[coder().as_tool()], llm=Heroku()))
    assert done.results[0].tool_output.is_error
    assert str(done.output) == "It is out of order."


@pytest.mark.parametrize(
    ("argument", "value", "remedy"),
    [
        ("tools", [lambda: 1], "FunctionAgent"),
        ("tool_retriever", object(), "FunctionAgent"),
        ("can_handoff_to", ["other"], "as_tool"),
    ],
    ids=["tools", "retriever", "handoff"],
)
def test_what_would_have_to_run_here_is_refused_with_another_way(argument, value, remedy):
    with pytest.raises(ConfigError, match=remedy):
        coder(**{argument: value})


async def test_tools_that_come_later_are_refused_too_and_nothing_is_sent(emulator):
    agent = coder()
    agent.tools = [Heroku().as_structured_llm]
    with pytest.raises(ConfigError, match="cannot have tools that run here"):
        await agent.run("Go.")
    assert not emulator.journal


async def test_nothing_is_refused_that_asks_for_nothing(emulator):
    emulator.script(say("Hello."))
    agent = coder(tools=[], tool_retriever=None, can_handoff_to=None)
    assert agent.can_handoff_to == []
    assert str(await agent.run("Hello")) == "Hello."
