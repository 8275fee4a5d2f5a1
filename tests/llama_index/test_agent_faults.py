"""The fault table of the agents endpoint: the error's class, what was done, and one request."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from llama_index.core.agent.workflow import AgentStream, ToolCallResult

from heroku_emulator import Cut, ErrorEvent, Fault, RawStream, Reset, ToolResult
from heroku_inference import (
    APIConnectionError,
    APIError,
    APITimeoutError,
    AuthenticationError,
    InvalidResponseError,
    StreamInterruptedError,
    agent_tools,
)
from llama_index_heroku import HerokuAgent, HerokuToolSpec
from tests.llama_index.heroku_agents import PATH, calls, says
from tests.wire_cases import FAULTS

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning"  # LlamaIndex's workflows use what is deprecated
)

CALL = calls(("code_exec_python", {"code": "print(1)"}), text="I compute.")


@pytest.fixture(autouse=True)
def runs_are_over(emulator):
    """A run whose client has left may take what is scripted for the next one, for a moment."""
    yield
    assert all(entry.wait() for entry in emulator.journal)


def run_agent(**arguments: Any) -> Any:
    async def run() -> Any:
        return await HerokuAgent(heroku_tools=[agent_tools.code_exec_python()], **arguments).run(
            "Go."
        )

    return run


def run_tool(**arguments: Any) -> Any:
    async def run() -> Any:
        spec = HerokuToolSpec(**arguments)
        return await asyncio.to_thread(spec.run, "code_exec_python", code="print(1)")

    return run


def arun_tool(**arguments: Any) -> Any:
    return lambda: HerokuToolSpec(**arguments).arun("code_exec_python", code="print(1)")


WAYS = {"agent": run_agent, "tool": run_tool, "async tool": arun_tool}
way = pytest.mark.parametrize("way", WAYS)
envelope = pytest.mark.parametrize("envelope", ["object", "string"])


@way
@envelope
@pytest.mark.parametrize("fault", FAULTS)
async def test_a_refusal_has_its_class_and_is_never_repeated(
    emulator, config_vars, way, envelope, fault
):
    emulator.switch(error_envelope=envelope, rate_limit_headers=False)
    step, error_class, _ = FAULTS[fault]
    emulator.script(*[step] * 3)
    with pytest.raises(APIError) as caught:
        await WAYS[way](max_retries=2)()
    assert type(caught.value) is error_class
    assert caught.value.steps == ()
    assert len(emulator.journal) == 1


@way
@envelope
async def test_an_error_in_mid_run_holds_what_was_done(emulator, config_vars, way, envelope):
    emulator.script(ErrorEvent(after=1, form=envelope, status=500, path=PATH, answer=CALL))
    with pytest.raises(APIError) as caught:
        await WAYS[way]()()
    assert [step.text for step in caught.value.steps] == ["I compute."]
    assert len(emulator.journal) == 1


@way
@pytest.mark.parametrize("politely", [False, True])
async def test_a_run_that_breaks_off_raises_with_what_was_done(
    emulator, config_vars, way, politely
):
    emulator.script(Cut(after=1, politely=politely, path=PATH, answer=CALL))
    with pytest.raises(StreamInterruptedError) as caught:
        await WAYS[way]()()
    assert [step.text for step in caught.value.steps] == ["I compute."]
    assert len(emulator.journal) == 1


async def test_a_run_without_a_last_message_is_no_answer_though_its_tool_ran(emulator, config_vars):
    emulator.script(CALL, ToolResult("1"), Cut(after=0, politely=True, path=PATH))
    handler = HerokuAgent(heroku_tools=[agent_tools.code_exec_python()]).run("Go.")
    told = [type(event) async for event in handler.stream_events()]
    with pytest.raises(StreamInterruptedError) as caught:
        await handler
    assert AgentStream in told
    assert ToolCallResult in told
    assert [step.text for step in caught.value.steps] == ["I compute.", "1"]


async def test_a_tool_that_ran_has_its_result_though_the_run_breaks_off_later(
    emulator, config_vars
):
    emulator.script(CALL, ToolResult("1"), Cut(after=0, path=PATH))
    assert (await HerokuToolSpec().arun("code_exec_python", code="print(1)")).content == "1"


@way
async def test_a_connection_that_is_lost_or_refused_is_said(emulator, config_vars, way):
    emulator.script(Reset(times=3))
    with pytest.raises(APIConnectionError):
        await WAYS[way](max_retries=2)()
    assert len(emulator.journal) == 1
    with pytest.raises(APIConnectionError, match=r"127\.0\.0\.1:9"):
        await WAYS[way](api_key="inf-made-up", base_url="http://127.0.0.1:9", model="m")()


@way
async def test_a_server_that_hangs_times_out(emulator, config_vars, way):
    emulator.script(Fault(delay=1, times=3))
    with pytest.raises(APITimeoutError, match=r"within 0\.2 seconds"):
        await WAYS[way](timeout=0.2)()
    assert len(emulator.journal) <= 1


@way
@pytest.mark.parametrize(
    "step",
    [
        Fault.not_json(),
        RawStream("event:message\ndata:{no json\n\nevent:done\ndata:[DONE]\n\n", path=PATH),
    ],
    ids=["page", "event"],
)
async def test_an_answer_that_makes_no_sense_is_said(emulator, config_vars, way, step):
    emulator.script(step)
    with pytest.raises((InvalidResponseError, StreamInterruptedError)):
        await WAYS[way]()()
    assert len(emulator.journal) == 1


@way
async def test_a_wrong_key_is_told_apart_without_a_word_of_it(emulator, config_vars, way):
    wrong = f"{emulator.api_key}-wrong"
    with pytest.raises(AuthenticationError) as caught:
        await WAYS[way](api_key=wrong, base_url=emulator.url)()
    assert wrong not in str(caught.value)
    assert len(emulator.journal) == 1


async def test_an_agent_goes_on_after_a_failed_run(emulator, config_vars):
    emulator.script(Cut(after=1, path=PATH, answer=CALL), says("Hello."))
    agent = HerokuAgent()
    with pytest.raises(StreamInterruptedError):
        await agent.run("Go.")
    assert str(await agent.run("Hello")) == "Hello."
    assert len(emulator.journal[-1].body["messages"]) == 1


async def test_a_run_that_is_given_up_closes_its_connection(emulator, config_vars):
    emulator.switch(pace=0.2)
    emulator.script(CALL, ToolResult("1", delay=30))
    handler = HerokuAgent(heroku_tools=[agent_tools.code_exec_python()]).run("Go.")
    async for event in handler.stream_events():
        if isinstance(event, AgentStream):
            await handler.cancel_run()
            break
    assert await asyncio.to_thread(emulator.journal[-1].wait)
    assert emulator.journal[-1].client_left
