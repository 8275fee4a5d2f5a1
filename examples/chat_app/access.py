"""Who may do what: users by signed cookies, secrets, limits, headers that keep strangers out."""

from __future__ import annotations

import hmac
import time
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import uuid4

from fastapi import HTTPException
from retrieval.uploads import MOST_BYTES
from starlette.requests import HTTPConnection

from chat_app.assistant import Refused

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

HEADERS = {
    # The page is Chainlit's, which has scripts and styles in its HTML. The rest keeps an answer
    # from telling another server something, as by the address of a picture.
    "content-security-policy": "default-src 'self' data: blob:; script-src 'self' 'unsafe-inline'; "
    "style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
}
"""Of every response."""
CROWD = 5
"""How many times as much as one user all those may do who share an address."""

connection = ContextVar("connection", default=HTTPConnection({"type": "http", "headers": []}))  # noqa: B039 - it does not change
"""The request that is being answered, or the socket of the page."""


def browser_user() -> str:
    """Returns the user of this browser, whom its cookie names; a new one without a cookie."""
    return str(connection.get().session.setdefault("user", str(uuid4())))


def address() -> str:
    """Returns the client's address, which Heroku appends to those that the client may invent."""
    return ",".join(connection.get().headers.getlist("x-forwarded-for")).rpartition(",")[2].strip()


def is_secret(given: str, secret: str | None) -> bool:
    """Says whether this is the secret; never, if none is set."""
    return secret is not None and hmac.compare_digest(given.encode(), secret.encode())


def add_request_id(record: Any) -> bool:
    """Adds the id of the request to a line of the log, and takes the query out of it."""
    record.request_id = connection.get().headers.get("x-request-id", "-")
    if record.name == "uvicorn.access":
        client, method, path, *rest = record.args
        record.args = (client, method, path.partition("?")[0], *rest)
    return True


class Limit:
    """So many messages a minute and user, and `CROWD` times as many from one address."""

    def __init__(self, a_minute: int) -> None:
        self._a_minute = a_minute
        self._sent: list[tuple[float, str, str]] = []

    def count(self, user: str, address: str = "") -> None:
        """Counts a message.

        Raises:
            Refused: It is one too many.
        """
        now = time.monotonic()
        self._sent = [one for one in self._sent if one[0] > now - 60]
        for who, most in (user, self._a_minute), (address, CROWD * self._a_minute):
            if who and sum(who in senders for _, *senders in self._sent) >= most:
                raise Refused("That is too fast. Try again in a minute.", 429)
        self._sent.append((now, user, address))


def guard(app: ASGIApp, limit: Limit) -> ASGIApp:
    """Refuses what is too much, too fast, or from another site, before it is read."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            connection.set(HTTPConnection(scope))
            _check(connection.get())
            if scope["path"] in {"/login", "/auth/header", "/project/file"}:
                limit.count(f"{scope['path']} from {address()}")
        await app(scope, receive, send)

    return serve


def _check(request: HTTPConnection) -> None:
    headers = request.headers
    if headers.get("x-forwarded-proto") == "http":  # as the router says; it is `https` or absent
        raise HTTPException(308, headers={"location": str(request.url.replace(scheme="https"))})
    if (origin := headers.get("origin")) and urlsplit(origin).netloc != headers.get("host"):
        raise Refused("Requests from pages of other sites are refused.", 403)
    endless = "transfer-encoding" in headers
    if endless or int(headers.get("content-length", 0)) > MOST_BYTES + 10_000:
        raise Refused(f"Send {MOST_BYTES // 1_000_000} MB at most, and their Content-Length.", 413)
