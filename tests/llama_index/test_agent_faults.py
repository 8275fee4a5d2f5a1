"""A run of `HerokuAgent` that breaks off: what its steps and results are worth."""

from __future__ import annotations

import asyncio

import pytest
from llama_index.core.agent.workflow import AgentStream, ToolCallResult

from heroku_emulator import Cut, ToolResult
from heroku_inference import (
    StreamInterruptedError,
    agent_tools,
)
from llama_index_heroku import HerokuAgent, HerokuToolSpec
from tests.llama_index.heroku_agents import PATH, call_tools, say

pytestmark = [
    pytest.mark.usefixtures("runs_are_over"),
    pytest.mark.filterwarnings(
        "ignore::DeprecationWarning"  # LlamaIndex's workflows use what is deprecated
    ),
]

CALL = call_tools(("code_exec_python", {"code": "print(1)"}), text="I compute.")


async def test_a_run_without_a_last_message_is_an_error_even_after_a_tool_ran(
    emulator, config_vars
):
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


async def test_an_agent_goes_on_after_a_failed_run(emulator, config_vars):
    emulator.script(Cut(after=1, path=PATH, answer=CALL), say("Hello."))
    agent = HerokuAgent()
    with pytest.raises(StreamInterruptedError):
        await agent.run("Go.")
    assert str(await agent.run("Hello")) == "Hello."
    assert len(emulator.journal[-1].body["messages"]) == 1


async def test_a_cancelled_run_closes_its_connection(emulator, config_vars):
    emulator.switch(pace=0.2)
    emulator.script(CALL, ToolResult("1", delay=30))
    handler = HerokuAgent(heroku_tools=[agent_tools.code_exec_python()]).run("Go.")
    async for event in handler.stream_events():
        if isinstance(event, AgentStream):
            await handler.cancel_run()
            break
    assert await asyncio.to_thread(emulator.journal[-1].wait)
    assert emulator.journal[-1].client_left
