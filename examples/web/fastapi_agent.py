"""A LangGraph agent in FastAPI, whose conversations outlive a restart.

uvicorn fastapi_agent:app --host 0.0.0.0 --port $PORT

`python fastapi_agent.py` makes the tables in PostgreSQL: the release phase of an app.
"""

import asyncio
import logging
import os
from collections.abc import AsyncIterable, AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, FastAPI, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent
from langchain.agents import create_agent
from langchain_core.messages import AIMessageChunk
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool
from pydantic import BaseModel, Field

from heroku_inference import HerokuError, aclose_connections
from langchain_heroku import ChatHeroku

log = logging.getLogger("uvicorn.error")


class Message(BaseModel):
    """What the browser sends."""

    text: str = Field(min_length=1, max_length=4000)


def parcel_price(country: str) -> str:
    """Say what it costs to send a parcel to a country."""
    return f"{12 if country == 'Portugal' else 25} euros"


@asynccontextmanager
async def open_checkpoints() -> AsyncIterator[BaseCheckpointSaver[Any]]:
    """Open PostgreSQL where Heroku sets DATABASE_URL, elsewhere a file."""
    if url := os.environ.get("DATABASE_URL"):
        options = {"autocommit": True, "prepare_threshold": 0, "row_factory": dict_row}
        check = AsyncConnectionPool.check_connection
        pool: AsyncConnectionPool[AsyncConnection[DictRow]] = AsyncConnectionPool(
            url, kwargs=options, check=check, open=False
        )
        async with pool:
            yield AsyncPostgresSaver(pool)
    else:
        async with AsyncSqliteSaver.from_conn_string("threads.sqlite") as saver:
            yield saver


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, Any]]:
    """Make one agent for all requests."""
    llm = ChatHeroku(model="claude-4-5-sonnet", rate_limit_timeout=10)
    async with open_checkpoints() as saver:
        yield {"agent": create_agent(llm, [parcel_price], checkpointer=saver)}
    await aclose_connections()


app = FastAPI(lifespan=lifespan)


class Run:
    """A run of the agent in a task of its own."""

    def __init__(self, steps: AsyncIterator[Any]) -> None:
        self._steps: asyncio.Queue[Any] = asyncio.Queue()
        self.task = asyncio.create_task(self._read(steps))

    async def _read(self, steps: AsyncIterator[Any]) -> None:
        try:
            async for step in steps:
                self._steps.put_nowait(step)
        finally:
            self._steps.put_nowait(None)

    async def __aiter__(self) -> AsyncIterator[Any]:
        while step := await self._steps.get():
            yield step
        await self.task  # raises what went wrong


async def start(thread: UUID, message: Message, request: Request) -> AsyncIterator[Run]:
    """Go on with a conversation: the checkpointer adds what was said before."""
    steps = request.state.agent.astream(
        {"messages": [("user", message.text)]},
        {"configurable": {"thread_id": str(thread)}},
        stream_mode=["messages", "updates"],
    )
    run = Run(steps)
    yield run
    run.task.cancel()  # the browser left; a task that is done stays as it is


@app.post("/threads/{thread}", response_class=EventSourceResponse)
async def talk(run: Annotated[Run, Depends(start)]) -> AsyncIterable[ServerSentEvent]:
    """Stream the model's words, its tool calls and their results."""
    try:
        async for mode, step in run:
            for event in words(step) if mode == "messages" else tools(step):
                yield event
        yield ServerSentEvent(event="end", data="")
    except HerokuError:
        log.exception("The answer broke off")
        apology = "The answer broke off. Ask again."
        yield ServerSentEvent(event="error", data=apology)


def words(step: Any) -> Iterator[ServerSentEvent]:
    """Read mode `messages`: pieces of answers, and whole results of tools."""
    chunk, _ = step
    if isinstance(chunk, AIMessageChunk) and chunk.text:
        yield ServerSentEvent(event="piece", data=chunk.text)


def tools(step: Any) -> Iterator[ServerSentEvent]:
    """Read mode `updates`: what a node of the graph added when it was done."""
    for update in step.values():
        for message in update["messages"]:
            for call in getattr(message, "tool_calls", []):
                data = {"name": call["name"], "args": call["args"]}
                yield ServerSentEvent(event="call", data=data)
            if message.type == "tool":
                yield ServerSentEvent(event="result", data=message.text)


async def make_tables() -> None:
    """Make what is missing in the database, once, before several processes start."""
    async with open_checkpoints() as saver:
        if isinstance(saver, AsyncPostgresSaver):
            await saver.setup()


if __name__ == "__main__":
    asyncio.run(make_tables())
