"""A chat in Flask: each answer is streamed by a thread.

gunicorn flask_chat:app --worker-class gthread --threads 40 --bind 0.0.0.0:$PORT
"""

import json
import logging
from collections.abc import Iterator
from itertools import chain

from flask import Flask, Response, request

from heroku_inference import ChatChunk, Client, HerokuError, RateLimitError

HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
log = logging.getLogger("gunicorn.error")
app = Flask(__name__)
# 4 + 25 seconds at most until the first piece: Heroku's router waits 30.
client = Client(
    model="claude-4-5-sonnet", rate_limit_timeout=4, timeout=25, max_retries=0
)


@app.post("/chat")
def chat() -> Response:
    """Wait for the first piece, so that an early failure has a status; then stream."""
    turn = {"role": "user", "content": request.json["text"]}
    chunks = client.stream_chat([turn])
    first = next(chunks)
    return Response(events(chain([first], chunks)), 200, HEADERS, "text/event-stream")


@app.errorhandler(HerokuError)
def fail(error: HerokuError) -> tuple[dict[str, str], int]:
    """Answer with a status: nothing was sent yet."""
    log.error("%s", error)
    if isinstance(error, RateLimitError):
        return {"error": "Too many questions. Try again in a minute."}, 503
    return {"error": "The model cannot answer at the moment."}, 502


def events(chunks: Iterator[ChatChunk]) -> Iterator[str]:
    """Write what the model says as server-sent events."""
    try:
        for chunk in chunks:
            # While the model thinks, a comment keeps the router waiting.
            yield event("piece", chunk.text) if chunk.text else ": thinking\n\n"
        yield event("end", "")
    except HerokuError:
        log.exception("The answer broke off")
        yield event("error", "The answer broke off. Ask again.")


def event(name: str, data: str) -> str:
    """Write one event; JSON keeps line ends out of it."""
    return f"event: {name}\ndata: {json.dumps(data)}\n\n"
