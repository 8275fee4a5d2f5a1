"""The API, for those who bring their own page. `/openapi.json` describes it."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Header, HTTPException, Query, Request
from fastapi.responses import StreamingResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from retrieval.uploads import read_upload

from chat_app.access import Limit, is_secret
from chat_app.assistant import Assistant, Event, Question

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

api = APIRouter()
Token = Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]
UserName = Annotated[str, Header(max_length=64)]
FileName = Annotated[str, Query(min_length=1, max_length=200)]


class Caller:
    """The user of a request, and who serves him.

    Who has the token speaks for his own users, whom he names in `X-User`. They are never the
    users of the page.
    """

    def __init__(self, request: Request, token: Token, x_user: UserName = "") -> None:
        if not is_secret(token.credentials, request.app.state.settings.api_token):
            raise HTTPException(401, "This is not the token. The config var API_TOKEN sets it.")
        self.user = f"api:{x_user}"
        self.assistant: Assistant = request.app.state.assistant
        self.limit: Limit = request.app.state.limit


By = Annotated[Caller, Depends()]


@api.post("/api/chat")
async def chat(asked: Question, by: By) -> StreamingResponse:
    """Answers a question.

    As server-sent events: `conversation`, `text`, `thinking`, `source`, `tool`, `result`,
    `approval`, `error`, `done`, and `silence` after 15 seconds without another. As JSON: the whole
    `text` and `thinking`, and a list of the data of each other kind of event that there was.
    """
    by.limit.count(by.user)
    answer = await by.assistant.answer(by.user, asked)
    form, kind = (_stream, "text/event-stream") if asked.stream else (_sum_up, "application/json")
    return StreamingResponse(form(answer, str(asked.conversation)), media_type=kind)


@api.get("/api/conversations")
async def conversations(by: By) -> list[dict[str, Any]]:
    """Lists the user's conversations, the newest first."""
    return await by.assistant.conversations(by.user)


@api.get("/api/conversations/{conversation}")
async def history(conversation: UUID, by: By) -> list[Event]:
    """Tells what was said, as events."""
    return await by.assistant.history(by.user, str(conversation))


@api.get("/api/documents")
async def documents(by: By) -> list[str]:
    """Names the user's documents."""
    return await by.assistant.documents.names(by.user)


@api.post("/api/documents")
async def upload(name: FileName, request: Request, by: By) -> dict[str, int]:
    """Adds a document, or replaces one of that name: its bytes are the body of the request."""
    by.limit.count(by.user)
    passages = await read_upload(name, await request.body())
    return {"passages": await by.assistant.documents.add(by.user, name, passages)}


@api.get("/healthz")
async def healthz(request: Request) -> str:
    """Says whether the app and its database work."""
    async with asyncio.timeout(5), request.app.state.pool.connection():  # it tries a connection
        return "ok"


async def _stream(answer: AsyncGenerator[Event], conversation: str) -> AsyncIterator[str]:
    yield f'event: conversation\ndata: {{"id": "{conversation}"}}\n\n'
    async for event in answer:
        yield f"event: {event.kind}\ndata: {json.dumps(event.data, ensure_ascii=False)}\n\n"


async def _sum_up(answer: AsyncGenerator[Event], conversation: str) -> AsyncIterator[str]:
    """Sums an answer up. White space before it keeps the connection open."""
    told: dict[str, Any] = {"conversation": conversation, "text": "", "thinking": ""}
    async for event in answer:
        yield " "
        if event.kind in {"text", "thinking"}:
            told[event.kind] += event.data["text"]
        elif event.kind != "silence":
            told.setdefault(event.kind, []).append(event.data)
    yield json.dumps(told, ensure_ascii=False)
