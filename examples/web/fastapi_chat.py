"""A chat in FastAPI, streamed as server-sent events.

uvicorn fastapi_chat:app --host 0.0.0.0 --port $PORT
"""

import asyncio
import logging
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel, Field

from heroku_inference import (
    APITimeoutError,
    ContentBlockedError,
    HerokuError,
    RateLimitError,
    RequestTimeoutError,
    SharedRateLimit,
    aclose_connections,
    close_connections,
)
from langchain_heroku import ChatHeroku

PATIENCE = 5.0
"""Seconds in which a failure still becomes an HTTP status."""
log = logging.getLogger("uvicorn.error")


class Question(BaseModel):
    """What the browser sends."""

    text: str = Field(min_length=1, max_length=4000)


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, Any]]:
    """Make the models for all requests; a missing config var stops the start."""
    limit = SharedRateLimit("limit.sqlite", requests="400/min")
    model = "claude-4-5-sonnet"
    llm = ChatHeroku(model=model, rate_limiter=limit, rate_limit_timeout=10)
    # A whole answer within 4 + 25 seconds: Heroku's router waits 30.
    brief = ChatHeroku(
        model=model,
        rate_limiter=limit,
        rate_limit_timeout=4,
        timeout=25,
        max_retries=0,
    )
    yield {"llm": llm, "brief": brief}
    await aclose_connections()
    close_connections()


app = FastAPI(lifespan=lifespan)


def in_words(error: HerokuError) -> tuple[int, str]:
    """Return a status, and what to tell a user; the log has what to tell you."""
    log.error("%s", error)
    match error:
        case RateLimitError():
            return 503, "Too many questions at the moment. Try again in a minute."
        case ContentBlockedError():
            return 422, "The text looks like an attack: leave out the code."
        case APITimeoutError() | RequestTimeoutError():
            return 504, "The model took too long. Ask for something shorter."
        case _:
            return 502, "The model cannot answer at the moment."


@app.exception_handler(HerokuError)
async def fail(_: Request, error: HerokuError) -> JSONResponse:
    """Answer with a status: nothing was sent yet."""
    status, words = in_words(error)
    return JSONResponse({"error": words}, status)


async def answer(
    question: Question, request: Request
) -> AsyncIterator[AsyncIterator[str]]:
    """Ask the model, and wait a little for the first piece."""
    async with aclosing(request.state.llm.astream(question.text)) as chunks:
        first = asyncio.ensure_future(anext(chunks))

        async def pieces() -> AsyncIterator[str]:
            yield (await first).text
            async for chunk in chunks:
                yield chunk.text

        try:
            await asyncio.wait([first], timeout=PATIENCE)
            if first.done():
                first.result()  # raises what went wrong
            yield pieces()
        finally:
            first.cancel()
            await asyncio.wait([first])


@app.post("/chat", response_class=EventSourceResponse)
async def chat(
    pieces: Annotated[AsyncIterator[str], Depends(answer)],
) -> AsyncIterable[ServerSentEvent]:
    """Stream the answer; FastAPI sends a comment after 15 seconds of silence."""
    try:
        async for piece in pieces:
            if piece:
                yield ServerSentEvent(event="piece", data=piece)
        yield ServerSentEvent(event="end", data="")
    except HerokuError as error:
        yield ServerSentEvent(event="error", data=in_words(error)[1])


@app.post("/title")
def title(question: Question, request: Request) -> dict[str, str]:
    """Answer whole, in a thread: `def` may block, `async def` may not."""
    prompt = f"A title of at most five words for: {question.text}"
    return {"title": request.state.brief.invoke(prompt).text}
