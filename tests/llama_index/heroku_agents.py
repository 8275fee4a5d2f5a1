"""What the tests of `HerokuAgent` share: scripted runs, and what a run's events said."""

from __future__ import annotations

from typing import Any, NamedTuple

from llama_index.core.agent.workflow import AgentStream, ToolCall, ToolCallResult

from heroku_emulator import CallTools, Say, ToolResult

__all__ = ["PATH", "Told", "calls", "computes", "says", "told_by"]

PATH = "/v1/agents/heroku"


def says(text: str, **options: Any) -> Say:
    """The agent's model says so."""
    return Say(text, path=PATH, **options)


def calls(*calls: tuple[str, Any], **options: Any) -> CallTools:
    """The agent's model calls tools of the server's."""
    return CallTools(calls, path=PATH, **options)


def computes() -> tuple[Any, ...]:
    """A run that runs code once and answers."""
    call = calls(("code_exec_python", {"code": "print(6 * 7)"}), text="I compute.", ids=["call_1"])
    return call, ToolResult("42"), says("It is 42.")


class Told(NamedTuple):
    """What a run told, and its output."""

    words: list[AgentStream]
    calls: list[ToolCall]
    results: list[ToolCallResult]
    order: list[str]
    output: Any


async def told_by(agent: Any, question: str = "What is 6 * 7?", **options: Any) -> Told:
    """Runs an agent or a workflow to its end."""
    handler = agent.run(user_msg=question, **options)
    events = [event async for event in handler.stream_events()]
    shown = [
        event for event in events if isinstance(event, AgentStream | ToolCall | ToolCallResult)
    ]
    return Told(
        [event for event in shown if isinstance(event, AgentStream)],
        [event for event in shown if isinstance(event, ToolCall)],
        [event for event in shown if isinstance(event, ToolCallResult)],
        [type(event).__name__ for event in shown],
        await handler,
    )
