"""The web app: `python -m chat_app.main` serves the page at `/` and the API under `/api`."""

from __future__ import annotations

import logging
import os
import sys
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from retrieval.pool import open_pool
from retrieval.uploads import UploadError
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.middleware.sessions import SessionMiddleware

from chat_app.access import HEADERS, Limit, add_request_id, guard
from chat_app.api import api
from chat_app.assistant import Assistant, in_words
from chat_app.settings import read_settings
from heroku_inference import HerokuError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SECONDS_TO_END = 12
"""For requests when the app stops, then for answers of the page. Heroku waits 30 seconds."""
LOG_LINE = "%(levelname)s %(message)s request_id=%(request_id)s"
STATUS = {HerokuError: 502, psycopg.OperationalError: 503, TimeoutError: 503, UploadError: 422}

settings = read_settings()
hybrid = import_module(f"retrieval.hybrid_{settings.retrieval}")
# Chainlit reads these when it is imported.
os.environ["CHAINLIT_APP_ROOT"] = str(Path(__file__).parent)  # noqa: TID251
os.environ["CHAINLIT_AUTH_SECRET"] = settings.session_secret  # noqa: TID251
from chainlit.auth import cookie  # noqa: E402
from chainlit.server import app as chainlit_app  # noqa: E402

from chat_app import page  # noqa: E402


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Opens the database; at the end, lets running answers end."""
    async with open_pool(settings.database_url) as pool:
        assistant = Assistant(hybrid.Documents(pool), pool, settings.chat_model)
        app.state.pool, app.state.assistant = pool, assistant
        page.open_page(assistant, settings, app.state.limit)
        yield
        await assistant.end(SECONDS_TO_END)


async def say_why(_request: Request, error: Exception) -> JSONResponse:
    """Answers an error in a sentence."""
    status = next(status for kind, status in STATUS.items() if isinstance(error, kind))
    return JSONResponse({"detail": in_words(error)}, status)


app = FastAPI(title="Chat", lifespan=lifespan)
app.state.settings, app.state.limit = settings, Limit(settings.messages_a_minute)
app.include_router(api)
app.mount("/", chainlit_app)
https = cookie._cookie_secure = bool(settings.dyno)  # noqa: SLF001 - the only way
# The cookie lasts a year.
app.add_middleware(SessionMiddleware, settings.session_secret, max_age=31_536_000, https_only=https)
app.add_middleware(guard, limit=app.state.limit)
handlers = app.exception_handlers | dict.fromkeys(STATUS, say_why)
app.add_middleware(ExceptionMiddleware, handlers=handlers)


if __name__ == "__main__":
    # The log goes to stdout, for Heroku's log drains.
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format=LOG_LINE)
    logging.getLogger().handlers[0].addFilter(add_request_id)
    uvicorn.run(
        app,
        host="0.0.0.0" if settings.dyno else "127.0.0.1",  # noqa: S104 - Heroku's router
        port=settings.port,
        headers=[*HEADERS.items()],
        log_config=None,
        timeout_graceful_shutdown=SECONDS_TO_END,
    )
