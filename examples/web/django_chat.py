"""A chat in Django, as an async view: an app of one file.

uvicorn django_chat:application --host 0.0.0.0 --port $PORT
"""

import asyncio
import json
import logging
import os
from collections.abc import AsyncIterator

from django.conf import settings
from django.core.asgi import get_asgi_application
from django.http import HttpRequest, HttpResponseNotAllowed, StreamingHttpResponse
from django.urls import path

from heroku_inference import AsyncClient, HerokuError

SILENCE = 15.0
"""Seconds without a piece, after which a comment is sent: Heroku's router waits 55."""
HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
log = logging.getLogger("uvicorn.error")
client = AsyncClient(model="claude-4-5-sonnet", rate_limit_timeout=10)


async def chat(request: HttpRequest) -> StreamingHttpResponse | HttpResponseNotAllowed:
    """Stream the answer. When the browser leaves, Django cancels `events`."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    stream = events(json.loads(request.body)["text"])
    return StreamingHttpResponse(
        stream, headers=HEADERS, content_type="text/event-stream"
    )


async def events(text: str) -> AsyncIterator[str]:
    """Write what the model says as server-sent events, and a comment in a silence."""
    chunks = client.stream_chat([{"role": "user", "content": text}])
    piece = asyncio.ensure_future(anext(chunks, None))
    try:
        while True:
            await asyncio.wait([piece], timeout=SILENCE)
            if not piece.done():
                yield ": thinking\n\n"
            elif chunk := piece.result():
                if chunk.text:
                    yield event("piece", chunk.text)
                piece = asyncio.ensure_future(anext(chunks, None))
            else:
                yield event("end", "")
                break
    except HerokuError:
        log.exception("The answer broke off")
        yield event("error", "The answer broke off. Ask again.")
    finally:
        piece.cancel()
        await asyncio.wait([piece])
        await chunks.aclose()


def event(name: str, data: str) -> str:
    """Write one event; JSON keeps line ends out of it."""
    return f"event: {name}\ndata: {json.dumps(data)}\n\n"


settings.configure(
    SECRET_KEY=os.environ.get("SECRET_KEY", "only for this machine"),
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
)
urlpatterns = [path("chat", chat)]
application = get_asgi_application()
