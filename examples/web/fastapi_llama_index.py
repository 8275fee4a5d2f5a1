"""A LlamaIndex agent in FastAPI, with its memory in a database.

uvicorn fastapi_llama_index:app --host 0.0.0.0 --port $PORT
"""

import logging
import os
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, FastAPI, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent
from llama_index.core.agent.workflow import (
    AgentStream,
    FunctionAgent,
    ToolCall,
    ToolCallResult,
)
from llama_index.core.memory import Memory
from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import create_async_engine
from workflows.handler import WorkflowHandler

from heroku_inference import HerokuError, aclose_connections
from llama_index_heroku import Heroku

DATABASE = os.environ.get("DATABASE_URL", "sqlite+aiosqlite:///memory.sqlite")
log = logging.getLogger("uvicorn.error")


class Message(BaseModel):
    """What the browser sends."""

    text: str = Field(min_length=1, max_length=4000)


def parcel_price(country: str) -> str:
    """Say what it costs to send a parcel to a country."""
    return f"{12 if country == 'Portugal' else 25} euros"


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, Any]]:
    """Make one agent and one pool of database connections for all requests."""
    llm = Heroku(model="claude-4-5-sonnet", rate_limit_timeout=10)
    url = DATABASE.replace("postgres://", "postgresql+psycopg://")
    database = create_async_engine(url, pool_pre_ping=True)
    agent = FunctionAgent(tools=[parcel_price], llm=llm)
    yield {"agent": agent, "database": database}
    await database.dispose()
    await aclose_connections()


app = FastAPI(lifespan=lifespan)


async def start(
    thread: UUID, message: Message, request: Request
) -> AsyncIterator[WorkflowHandler]:
    """Go on with a conversation. A run does not end with its reader: cancel it."""
    memory = Memory.from_defaults(
        session_id=str(thread), async_engine=request.state.database
    )
    run = request.state.agent.run(user_msg=message.text, memory=memory)
    yield run
    if not run.done():
        await run.cancel_run()


@app.post("/threads/{thread}", response_class=EventSourceResponse)
async def talk(
    run: Annotated[WorkflowHandler, Depends(start)],
) -> AsyncIterable[ServerSentEvent]:
    """Stream the model's words, its tool calls and their results."""
    try:
        async for event in run.stream_events():
            match event:
                case AgentStream(delta=piece) if piece:
                    yield ServerSentEvent(event="piece", data=piece)
                case ToolCall(tool_name=name, tool_kwargs=args):
                    call = {"name": name, "args": args}
                    yield ServerSentEvent(event="call", data=call)
                case ToolCallResult(tool_output=output):
                    yield ServerSentEvent(event="result", data=output.content)
        await run  # raises what went wrong
        yield ServerSentEvent(event="end", data="")
    except HerokuError:
        log.exception("The answer broke off")
        apology = "The answer broke off. Ask again."
        yield ServerSentEvent(event="error", data=apology)
