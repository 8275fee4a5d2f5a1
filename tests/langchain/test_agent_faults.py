"""Heroku's agent in LangChain when a run fails: what is repeated, what was streamed before."""

import asyncio

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import ModelRetryMiddleware
from langchain_core import exceptions as langchain
from langchain_core.messages import HumanMessage

from heroku_emulator import CallTools, Cut, ErrorEvent, Fault, Reset, Say, ToolResult
from heroku_inference import (
    StreamInterruptedError,
)
from langchain_heroku import ChatHerokuAgent, errors
from tests.langchain.agent_runs import PATH, WAYS

pytestmark = pytest.mark.usefixtures("config_vars")

CALLED = [CallTools([("code_exec_python", {})], text="Let me see.", path=PATH), ToolResult("42")]


@pytest.fixture(params=WAYS.values(), ids=WAYS.keys())
def ask(request):
    def ask(**arguments):
        agent = ChatHerokuAgent(**{"tools": ["code_exec_python"], **arguments})
        return request.param(agent, "How much is six times seven?")

    return ask


def test_the_steps_before_a_failure_have_been_streamed(emulator):
    agent = ChatHerokuAgent(tools=["code_exec_python"])
    emulator.script(Cut(after=2, answer=CALLED[0], path=PATH), CALLED[1])
    seen = []

    def read():
        for chunk in agent.stream("How much?"):
            seen.extend(block["type"] for block in chunk.content_blocks)

    with pytest.raises(StreamInterruptedError):
        read()
    assert seen == ["reasoning", "server_tool_call", "server_tool_result"]


# What LangChain would repeat


@pytest.mark.parametrize(
    ("steps", "may_be_repeated"),
    [
        ([Fault(503)], True),
        ([Fault(429)], True),
        ([Fault(401)], False),
        ([Reset()], False),
        ([ErrorEvent(after=1, status=503, answer=CALLED[0], path=PATH)], False),
        ([Cut(after=1, answer=CALLED[0], path=PATH)], False),
    ],
    ids=["refused 503", "refused 429", "refused 401", "reset", "failed in a run", "cut"],
)
def test_only_a_run_that_never_began_may_be_repeated(emulator, ask, steps, may_be_repeated):
    emulator.script(*steps)
    with pytest.raises(langchain.ModelError) as caught:
        ask()
    assert caught.value.is_retryable is may_be_repeated


def test_retries_of_middleware_do_not_repeat_a_run(emulator):
    retry = ModelRetryMiddleware(max_retries=3, initial_delay=0, jitter=False, on_failure="error")
    graph = create_agent(ChatHerokuAgent(tools=["code_exec_python"]), [], middleware=[retry])
    emulator.script(Cut(after=2, answer=CALLED[0], path=PATH), CALLED[1], Say("42", path=PATH))
    with pytest.raises(errors.StreamInterruptedError):
        graph.invoke({"messages": [HumanMessage("How much?")]})
    assert len(emulator.journal) == 1


@pytest.mark.parametrize(
    "run", [lambda a: a.invoke("?"), lambda a: asyncio.run(a.ainvoke("?"))], ids=["sync", "async"]
)
def test_runnables_that_retry_do_not_repeat_a_run(emulator, run):
    agent = ChatHerokuAgent(tools=["code_exec_python"])
    quickly = {"wait_exponential_jitter": False, "stop_after_attempt": 3}
    emulator.script(Fault(503, path=PATH), *CALLED, Say("42", path=PATH))
    assert run(agent.with_retry(**quickly)).text == "42"
    assert len(emulator.journal) == 2
    emulator.reset()
    emulator.script(Cut(after=2, answer=CALLED[0], path=PATH), CALLED[1], Say("42", path=PATH))
    with pytest.raises(errors.StreamInterruptedError):
        run(agent.with_retry(**quickly))
    assert len(emulator.journal) == 1
    emulator.reset()
    emulator.script(Cut(after=2, answer=CALLED[0], path=PATH), CALLED[1], Say("42", path=PATH))
    told = {"retry_if_exception_type": (errors.StreamInterruptedError,)}
    assert run(agent.bind_tools(["code_exec_python"]).with_retry(**quickly, **told)).text


def test_a_stream_left_early_is_closed(emulator):
    agent = ChatHerokuAgent(tools=["code_exec_python"])
    emulator.switch(pace=0.05)
    emulator.script(*CALLED, Say("42", path=PATH))
    stream = agent.stream("How much?")
    next(stream)
    stream.close()

    async def leave():
        emulator.script(*CALLED, Say("42", path=PATH))
        stream = agent.astream("How much?")
        await anext(stream)
        await stream.aclose()

    asyncio.run(leave())
    emulator.reset()
    emulator.script(Say("Yes.", path=PATH))
    assert agent.invoke("Still there?").text == "Yes."
