"""The web app: `python -m chat_app.main` serves the page at `/` and the API under `/api`."""

from __future__ import annotations

import logging
import os
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from retrieval.pool import open_pool
from retrieval.uploads import UploadError

from chat_app.access import Access, Limit
from chat_app.api import api, health
from chat_app.assistant import Assistant, Refused, in_words
from chat_app.settings import read_settings
from chat_app.store import Conversations
from heroku_inference import HerokuError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SECONDS_TO_END = 12
"""For requests when the app stops, then for answers of the page. Heroku waits 30 seconds."""

settings = read_settings()
# Chainlit reads these when it is imported.
os.environ["CHAINLIT_APP_ROOT"] = str(Path(__file__).parent)  # noqa: TID251
os.environ["CHAINLIT_AUTH_SECRET"] = settings.session_secret  # noqa: TID251
from chainlit.server import app as chainlit_app  # noqa: E402

from chat_app import page  # noqa: E402

if settings.retrieval == "llama_index":
    from retrieval.hybrid_llama_index import Documents
else:
    from retrieval.hybrid_langchain import Documents  # type: ignore[assignment]


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Opens the database; at the end, lets running answers end."""
    async with open_pool(settings.database_url) as pool:
        assistant = Assistant(
            Documents(pool), Conversations(pool), AsyncPostgresSaver(pool), settings.chat_model
        )
        app.state.pool, app.state.assistant = pool, assistant
        page.open_page(assistant, settings, app.state.limit)
        yield
        await assistant.end(SECONDS_TO_END)


app = FastAPI(title="Chat over your documents", lifespan=lifespan)
app.state.settings, app.state.limit = settings, Limit(settings.messages_a_minute)
app.include_router(api)
app.include_router(health)
app.mount("/", chainlit_app)
app.add_middleware(Access, settings=settings, limit=app.state.limit)


STATUS = {Refused: 409, UploadError: 422, HerokuError: 502, psycopg.OperationalError: 503}


async def say_why(_request: Request, error: Exception) -> JSONResponse:
    """Answers an error in a sentence."""
    status = next(status for kind, status in STATUS.items() if isinstance(error, kind))
    return JSONResponse({"detail": in_words(error)}, getattr(error, "status", status))


for kind in STATUS:
    app.add_exception_handler(kind, say_why)


def main() -> None:
    """Serves until SIGTERM. The log goes to stdout, for Heroku's log drains."""
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(levelname)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        access_log=False,  # `Access` writes one, with request ids and without queries
        log_config=None,
        proxy_headers=True,
        forwarded_allow_ips="*" if settings.host == "0.0.0.0" else None,  # noqa: S104 - as above
        timeout_graceful_shutdown=SECONDS_TO_END,
    )


if __name__ == "__main__":
    main()
