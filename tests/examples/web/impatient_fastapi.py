"""The chat in FastAPI, with shorter waits, and with more to say about itself."""

import logging
import os
import socket
from contextlib import asynccontextmanager
from pathlib import Path

import fastapi.routing
import fastapi_chat
from fastapi_chat import app, lifespan

__all__ = ["app"]

fastapi.routing._PING_INTERVAL = 0.3
fastapi_chat.PATIENCE = 0.5


@app.middleware("http")
async def say_who(request, call_next):
    answer = await call_next(request)
    answer.headers["x-worker"] = str(os.getpid())
    return answer


@asynccontextmanager
async def watched_lifespan(_):
    async with lifespan(app) as state:
        yield state
    logging.getLogger("uvicorn.error").info("Still connected with: %s", [*peers()])


def peers():
    """The ports with which this process is connected."""
    for link in Path("/dev/fd").iterdir():
        try:
            with socket.socket(fileno=os.dup(int(link.name))) as one:
                yield one.getpeername()[1]
        except (OSError, IndexError):
            continue


app.router.lifespan_context = watched_lifespan
