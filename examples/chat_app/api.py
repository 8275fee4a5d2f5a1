"""The API, for those who bring their own page. `/docs` describes it."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Annotated, Any
from uuid import uuid4

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field
from retrieval.uploads import read_upload

from chat_app.access import api_user
from chat_app.assistant import MOST_CHARACTERS, Assistant, Event, Turn

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

HEARTBEAT = 15.0
"""Seconds of silence until a byte is sent. Heroku's router ends a response after 55."""

api = APIRouter(prefix="/api", tags=["chat"])
health = APIRouter()


def the_user(request: Request) -> str:
    """Names the user of a request."""
    if user := api_user(request.headers, request.app.state.settings):
        return user
    if not request.app.state.settings.api_token:
        raise HTTPException(403, "The API is closed: the config var API_TOKEN is not set.")
    raise HTTPException(401, "Send the API's token: `Authorization: Bearer …`.")


def the_assistant(request: Request) -> Assistant:
    """Finds the assistant."""
    assistant: Assistant = request.app.state.assistant
    return assistant


User = Annotated[str, Depends(the_user)]
TheAssistant = Annotated[Assistant, Depends(the_assistant)]


class Question(BaseModel):
    """A question, or how to go on: with a decision, or else with an interrupted answer."""

    message: str | None = Field(None, min_length=1, max_length=MOST_CHARACTERS)
    conversation: str | None = Field(None, description="Goes on with it. Default: a new one.")
    model: str | None = Field(None, description="A chat model. Default: the app's.")
    agent: bool = Field(default=False, description="The model chooses its tools itself.")
    thinking: bool = Field(default=False, description="The model thinks before it answers.")
    approval: str | None = Field(None, description="The `id` of the `approval` to decide.")
    approved: bool = Field(default=False, description="Whether that tool may run.")
    stream: bool = Field(default=False, description="Answers in server-sent events.")


@api.post("/chat")
async def chat(request: Request, asked: Question, user: User, assistant: TheAssistant) -> Any:
    """Answers a question.

    As JSON: `conversation`, `text`, `thinking`, `sources`, `tools`, `approvals` and `error`. As
    server-sent events: `conversation`, `text`, `thinking`, `sources`, `tool`, `result`,
    `approval`, `error` and `done`. Both begin at once, and send a byte every 15 seconds.
    """
    request.app.state.limit.count(user)
    turn = Turn(user, asked.model or assistant.default_model, asked.agent, asked.thinking)
    conversation = asked.conversation or str(uuid4())
    answer = await assistant.answer(
        turn, conversation, asked.message, asked.approval, approved=asked.approved
    )
    if asked.stream:
        return StreamingResponse(_as_events(answer, conversation), media_type="text/event-stream")
    return StreamingResponse(_as_json(answer, conversation), media_type="application/json")


@api.get("/conversations")
async def conversations(user: User, assistant: TheAssistant) -> list[dict[str, Any]]:
    """Lists the user's conversations, the newest first."""
    return [one._asdict() for one in await assistant.conversations.names(user)]


@api.get("/conversations/{conversation}")
async def history(conversation: str, user: User, assistant: TheAssistant) -> list[dict[str, Any]]:
    """Tells what was said, as events."""
    told = await assistant.history(user, conversation)
    return [{"event": event.kind, "data": event.data} for event in told]


@api.get("/documents")
async def documents(user: User, assistant: TheAssistant) -> list[str]:
    """Names the user's documents."""
    return await assistant.documents.names(user)


@api.post("/documents")
async def upload(
    request: Request,
    user: User,
    assistant: TheAssistant,
    name: Annotated[str, Query(min_length=1, max_length=200)],
) -> dict[str, int]:
    """Adds a document, or replaces one of that name: its bytes are the body of the request."""
    request.app.state.limit.count(user)
    passages = await read_upload(name, await request.body())
    return {"passages": await assistant.documents.add(user, name, passages)}


@health.get("/healthz", tags=["health"])
async def healthz(request: Request) -> dict[str, str]:
    """Says whether the app and its database work."""
    try:
        async with asyncio.timeout(5), request.app.state.pool.connection() as connection:
            await connection.execute("SELECT 1")
    except Exception as error:
        raise HTTPException(503, "The database does not answer.") from error
    return {"status": "ok"}


async def _as_events(answer: AsyncGenerator[Event], conversation: str) -> AsyncIterator[str]:
    yield f'event: conversation\ndata: {{"id": "{conversation}"}}\n\n'
    async for event in _with_heartbeats(answer):
        data = event and json.dumps(event.data, ensure_ascii=False)
        yield f"event: {event.kind}\ndata: {data}\n\n" if event else ": still here\n\n"


async def _as_json(answer: AsyncGenerator[Event], conversation: str) -> AsyncIterator[str]:
    """Sums an answer up. White space before it keeps the connection open."""
    told: dict[str, Any] = {"conversation": conversation, "text": "", "thinking": ""}
    told.update(sources=[], tools=[], approvals=[], error=None)
    yield " "
    async for event in _with_heartbeats(answer):
        match event:
            case None:
                yield " "
            case Event("text" | "thinking" as kind, data):
                told[kind] += data["text"]
            case Event("sources", data):
                told["sources"] += data["sources"]
            case Event("tool" | "result" as kind, data):
                told["tools"].append({"event": kind, **data})
            case Event("approval", data):
                told["approvals"].append(data)
            case Event("error", data):
                told["error"] = data["message"]
    yield json.dumps(told, ensure_ascii=False)


async def _with_heartbeats(answer: AsyncGenerator[Event]) -> AsyncIterator[Event | None]:
    """Yields the events, and `None` whenever there was none for a while."""
    try:
        while True:
            coming = asyncio.ensure_future(anext(answer, None))
            try:
                while not (await asyncio.wait([coming], timeout=HEARTBEAT))[0]:
                    yield None
            finally:
                coming.cancel()
            if (event := await coming) is None:
                return
            yield event
    finally:
        await answer.aclose()
