"""Heroku's agent in LangChain when a run fails: what is repeated, what was streamed before."""

import asyncio

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import ModelRetryMiddleware
from langchain_core import exceptions as langchain
from langchain_core.messages import HumanMessage

from heroku_emulator import CallTools, Cut, ErrorEvent, Fault, Reset, Say, ToolResult
from heroku_inference import (
    HerokuError,
    StreamInterruptedError,
)
from langchain_heroku import ChatHerokuAgent, errors
from tests.adapters.test_keys_in_tracebacks import KEY, shown_by
from tests.langchain.agent_runs import PATH, WAYS

pytestmark = pytest.mark.usefixtures("config_vars")

CALLED = [CallTools([("code_exec_python", {})], text="Let me see.", path=PATH), ToolResult("42")]


@pytest.fixture(params=WAYS.values(), ids=WAYS.keys())
def ask(request):
    def ask(**arguments):
        agent = ChatHerokuAgent(**{"tools": ["code_exec_python"], **arguments})
        return request.param(agent, "How much is six times seven?")

    return ask


@pytest.mark.parametrize("politely", [False, True])
def test_a_run_that_is_cut_raises_with_what_it_did(emulator, ask, politely):
    emulator.script(Cut(after=2, answer=CALLED[0], politely=politely, path=PATH), CALLED[1])
    with pytest.raises(HerokuError) as caught:
        ask()
    assert type(caught.value) is errors.StreamInterruptedError
    message, result = caught.value.steps
    assert (message.text, result.text) == ("Let me see.", "42")
    assert caught.value.partial == "Let me see."
    assert len(emulator.journal) == 1


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


# Keys


def ways_to_call(**arguments):
    given = {"api_key": KEY, "model": "claude-4-5-sonnet", "tools": ["code_exec_python"]}
    agent = ChatHerokuAgent(**given | arguments)
    return {name: lambda way=way: way(agent, "Hello") for name, way in WAYS.items()}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "step",
    [
        Reset(),
        Fault(delay=3),
        Fault(401, message=f"wrong key {KEY}"),
        ErrorEvent(message=f"bad key {KEY}", after=1, answer=CALLED[0], path=PATH),
    ],
    ids=["reset", "timeout", "refused", "quoted in a run"],
)
def test_a_failure_shows_no_key(emulator, way, step):
    emulator.script(step)
    assert KEY not in shown_by(ways_to_call(base_url=emulator.url, timeout=0.3)[way])


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
