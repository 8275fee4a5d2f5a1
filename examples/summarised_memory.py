"""A long conversation is summarised: runs two short programs, or one of them.

    python examples/summarised_memory.py
    python examples/summarised_memory.py langchain

langchain    a middleware sums up what is old, and keeps the newest turns
llama_index  a memory does the same

Config vars come from the environment or from `.env`. With INFERENCE_KEY and INFERENCE_URL this
calls Heroku, otherwise a local emulator.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from langchain.agents import create_agent
from langchain.agents.middleware import SummarizationMiddleware
from langchain_core.messages import HumanMessage
from langgraph.checkpoint.memory import InMemorySaver
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.memory import ChatSummaryMemoryBuffer
from programs import run_programs

from langchain_heroku import ChatHeroku
from llama_index_heroku import Heroku

if TYPE_CHECKING:
    from collections.abc import Sequence

    from langchain_core.runnables import RunnableConfig
    from rich.console import Console

QUESTIONS = [
    "Use population to look up the city: 'Lyon'",
    "Use population to look up the city: 'Graz'",
    "What did we talk about?",
]


def population(city: str) -> str:
    """Looks up how many people live in a city."""
    return {"Lyon": "522,250", "Graz": "305,314"}.get(city, "unknown")


def langchain(connection: dict[str, Any], out: Console) -> None:
    """Calls of tools and their results are summed up together, or kept together."""
    model = ChatHeroku(**connection)
    agent = create_agent(
        model,
        [population],
        middleware=[
            # Small, to be seen at work; ("tokens", 20_000) and ("messages", 20) are usual.
            SummarizationMiddleware(model, trigger=("messages", 6), keep=("messages", 3))
        ],
        checkpointer=InMemorySaver(),
    )
    thread: RunnableConfig = {"configurable": {"thread_id": "1"}}
    for question in QUESTIONS:
        state = agent.invoke({"messages": [HumanMessage(question)]}, thread)
        _show(question, state["messages"][-1].text, len(state["messages"]), out)


async def llama_index(connection: dict[str, Any], out: Console) -> None:
    """What does not fit into the tokens of the memory becomes a system message."""
    model = Heroku(**connection)
    # Small, to be seen at work: keep thousands of tokens.
    memory = ChatSummaryMemoryBuffer.from_defaults(llm=model, token_limit=40)
    agent = FunctionAgent(tools=[population], llm=model)
    for question in QUESTIONS:
        answer = await agent.run(question, memory=memory)
        _show(question, str(answer), len(memory.get_all()), out)


def _show(question: str, answer: str, messages: int, out: Console) -> None:
    out.print(f"> {question}\n{answer}\n({messages} messages are kept)", markup=False)


PROGRAMS = {"langchain": langchain, "llama_index": llama_index}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the example; returns the exit code."""
    return run_programs(__doc__, PROGRAMS, arguments)


if __name__ == "__main__":
    sys.exit(main())
