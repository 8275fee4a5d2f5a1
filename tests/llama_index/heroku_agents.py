"""What the tests of `HerokuAgent` share: scripted runs, and the events of a run."""

from __future__ import annotations

from typing import Any, NamedTuple

from llama_index.core.agent.workflow import AgentStream, ToolCall, ToolCallResult

from heroku_emulator import CallTools, Say, ToolResult

__all__ = ["PATH", "Run", "call_tools", "compute", "run_to_end", "say"]

PATH = "/v1/agents/heroku"


def say(text: str, **options: Any) -> Say:
    """The agent's model answers with text."""
    return Say(text, path=PATH, **options)


def call_tools(*calls: tuple[str, Any], **options: Any) -> CallTools:
    """The agent's model calls tools of the server."""
    return CallTools(calls, path=PATH, **options)


def compute() -> tuple[Any, ...]:
    """A run that runs code once and answers."""
    call = call_tools(
        ("code_exec_python", {"code": "print(6 * 7)"}), text="I compute.", ids=["call_1"]
    )
    return call, ToolResult("42"), say("It is 42.")


class Run(NamedTuple):
    """The events of a run, and its output."""

    words: list[AgentStream]
    calls: list[ToolCall]
    results: list[ToolCallResult]
    order: list[str]
    output: Any


async def run_to_end(agent: Any, question: str = "What is 6 * 7?", **options: Any) -> Run:
    """Run an agent or a workflow to its end."""
    handler = agent.run(user_msg=question, **options)
    events = [event async for event in handler.stream_events()]
    shown = [
        event for event in events if isinstance(event, AgentStream | ToolCall | ToolCallResult)
    ]
    return Run(
        [event for event in shown if isinstance(event, AgentStream)],
        [event for event in shown if isinstance(event, ToolCall)],
        [event for event in shown if isinstance(event, ToolCallResult)],
        [type(event).__name__ for event in shown],
        await handler,
    )
