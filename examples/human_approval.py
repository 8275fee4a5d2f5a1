"""An agent waits for a person before it does something: runs two short programs, or one of them.

    python examples/human_approval.py
    python examples/human_approval.py llama_index

langchain    a middleware stops the run before a tool, and a decision resumes it
llama_index  the tool itself asks, by events

Answer with "y", or with a reason for no. Config vars come from the environment or from `.env`. With
INFERENCE_KEY and INFERENCE_URL this calls Heroku, otherwise a local emulator.
"""

# Without `from __future__ import annotations`: LlamaIndex finds a tool's `Context` by its type.

import asyncio
import sys
from collections.abc import Sequence
from typing import Any

from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware
from langchain_core.messages import HumanMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.tools import FunctionTool
from llama_index.core.workflow import Context, HumanResponseEvent, InputRequiredEvent
from programs import run_programs
from rich.console import Console

from langchain_heroku import ChatHeroku
from llama_index_heroku import Heroku

TASK = "Use announce to tell the customers: 'We are back.'"


def announce(text: str) -> str:
    """Sends a text to all customers."""
    return f"Sent to all customers: {text}"


def langchain(connection: dict[str, Any], out: Console) -> None:
    """The run stops before the tool; its state is with the checkpointer until somebody decides."""
    agent = create_agent(
        ChatHeroku(**connection),
        [announce],
        middleware=[
            HumanInTheLoopMiddleware({"announce": {"allowed_decisions": ["approve", "reject"]}})
        ],
        checkpointer=InMemorySaver(),  # or one for PostgreSQL: the answer may come days later
    )
    thread: RunnableConfig = {"configurable": {"thread_id": "1"}}
    state = agent.invoke({"messages": [HumanMessage(TASK)]}, thread)
    while stops := state.get("__interrupt__"):
        decisions = [
            _decision(_answer(f"{action['name']} {action['args']}"))
            for action in stops[0].value["action_requests"]  # one for each call that waits
        ]
        state = agent.invoke(Command(resume={"decisions": decisions}), thread)
    out.print(state["messages"][-1].text, markup=False)


def _decision(answer: str) -> dict[str, str]:
    if answer == "y":
        return {"type": "approve"}
    return {"type": "reject", "message": answer}


class Question(InputRequiredEvent):
    """What a person is asked."""

    about: str


class Decision(HumanResponseEvent):
    """What the person said."""

    answer: str


async def llama_index(connection: dict[str, Any], out: Console) -> None:
    """The tool sends an event that asks, and waits for one that answers."""

    async def announce_if_approved(ctx: Context, text: str) -> str:
        # When the answer comes, the tool runs again from here: do nothing before this line.
        decision = await ctx.wait_for_event(
            Decision,
            waiter_id=text,
            waiter_event=Question(about=f"announce {text!r}"),
        )
        if decision.answer == "y":
            return announce(text)
        return f"A person said no: {decision.answer}"

    tool = FunctionTool.from_defaults(
        async_fn=announce_if_approved, name="announce", description="Sends a text to all customers."
    )
    handler = FunctionAgent(tools=[tool], llm=Heroku(**connection)).run(TASK)
    async for event in handler.stream_events():
        if isinstance(event, Question):
            answer = await asyncio.to_thread(_answer, event.about)
            handler.ctx.send_event(Decision(answer=answer))
    out.print(str(await handler), markup=False)


def _answer(question: str) -> str:
    """Asks at the terminal; in a web app this is a page with two buttons."""
    print(f"{question}? ", end="", flush=True)
    return sys.stdin.readline().strip() or "no answer"


PROGRAMS = {"langchain": langchain, "llama_index": llama_index}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the example; returns the exit code."""
    return run_programs(__doc__, PROGRAMS, arguments)


if __name__ == "__main__":
    sys.exit(main())
