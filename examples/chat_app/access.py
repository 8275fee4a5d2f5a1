"""Who may do what: signed cookies, the API's token, limits, and headers that keep strangers out."""

from __future__ import annotations

import hmac
import logging
import re
import time
from collections import deque
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import jwt
from retrieval.uploads import MOST_BYTES
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse

from chat_app.assistant import Refused

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from chat_app.settings import Settings

COOKIE = "browser"
YEAR = 365 * 24 * 60 * 60
HEADERS = {
    # The page is Chainlit's, which has scripts and styles in its HTML. `img-src` also keeps an
    # answer from telling another server something by the address of a picture.
    "content-security-policy": "default-src 'self'; script-src 'self' 'unsafe-inline'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self' data: ws: wss:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}

browser_user: ContextVar[str] = ContextVar("browser_user")
"""The user whose browser sent this request."""
request_id: ContextVar[str] = ContextVar("request_id", default="-")

log = logging.getLogger("chat_app")


class Access:
    """Knows each browser by a signed cookie, and refuses what is too large or from another site.

    Each request leaves one line in the log, with its id, without what was said or uploaded.
    """

    def __init__(self, app: ASGIApp, settings: Settings, limit: Limit) -> None:
        self._app, self._secret, self._limit = app, settings.session_secret, limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves a request."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        request_id.set(_request_id(connection.headers))
        user = self._user(connection.cookies.get(COOKIE))
        browser_user.set(user or str(uuid4()))
        started, status = time.monotonic(), 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers.update({**HEADERS, "x-request-id": request_id.get()})
                if user is None:
                    cookie = f"{COOKIE}={self._sign(browser_user.get())}; Path=/; Max-Age={YEAR}"
                    headers.append("set-cookie", f"{cookie}; HttpOnly; SameSite=lax")
                if scope["scheme"] == "https":
                    _secure_cookies(message)
            await send(message)

        app = self._app
        try:
            _check_request(scope, connection.headers)
            if scope["path"] == "/project/file":  # an upload by the page
                self._limit.count(browser_user.get())
        except Refused as error:
            app = JSONResponse({"detail": str(error)}, error.status)
        try:
            await app(scope, receive, send_with_headers)
        finally:
            if not scope["path"].startswith(("/assets", "/public", "/ws")):
                log.info(
                    "%s %s %s %.0f ms request_id=%s",
                    *(scope["method"], scope["path"], status),
                    *(1000 * (time.monotonic() - started), request_id.get()),
                )

    def _sign(self, user: str) -> str:
        return jwt.encode({"user": user, "aud": COOKIE}, self._secret, "HS256")

    def _user(self, cookie: str | None) -> str | None:
        try:
            return str(jwt.decode(cookie or "", self._secret, ["HS256"], audience=COOKIE)["user"])
        except jwt.InvalidTokenError:
            return None


def _request_id(headers: Headers) -> str:
    """Takes Heroku's id of the request, or makes one."""
    given = headers.get("x-request-id", "")
    return given if re.fullmatch(r"[\w-]{1,64}", given) else str(uuid4())


def _check_request(scope: Scope, headers: Headers) -> None:
    """Refuses a request, unread."""
    origin, host = headers.get("origin"), headers.get("host", "")
    changes = scope["type"] == "websocket" or scope["method"] not in {"GET", "HEAD", "OPTIONS"}
    if changes and origin and origin.partition("://")[2] != host:
        raise Refused("Requests from pages of other sites are refused.", 403)
    if "transfer-encoding" in headers:
        raise Refused("Send the length of what you send.", 411)
    if int(headers.get("content-length") or 0) > MOST_BYTES + 10_000:
        raise Refused(f"More than {MOST_BYTES // 1_000_000} MB at once are refused.", 413)


def _secure_cookies(message: Message) -> None:
    """Keeps all cookies, those of Chainlit too, from being sent without encryption."""
    message["headers"] = [
        (
            name,
            value if name != b"set-cookie" or b"secure" in value.lower() else value + b"; Secure",
        )
        for name, value in message["headers"]
    ]


def is_password(given: str, settings: Settings) -> bool:
    """Says whether this is the password of the page."""
    return hmac.compare_digest(given.encode(), (settings.password or "").encode())


def api_user(headers: Any, settings: Settings) -> str | None:
    """Returns the user of a request to the API; `None` without the right token.

    Who has the token speaks for his own users, whom he names in `X-User`. They are never the
    users of the page.
    """
    token = headers.get("authorization", "").removeprefix("Bearer ")
    if not settings.api_token or not hmac.compare_digest(
        token.encode(), settings.api_token.encode()
    ):
        return None
    return f"api:{headers.get('x-user', '')[:64]}"


class Limit:
    """So many messages a minute and user."""

    def __init__(self, a_minute: int) -> None:
        self._a_minute = a_minute
        self._sent: dict[str, deque[float]] = {}

    def count(self, user: str) -> None:
        """Counts a message.

        Raises:
            Refused: It is one too many.
        """
        now = time.monotonic()
        self._sent = {who: times for who, times in self._sent.items() if times[-1] > now - 60}
        times = self._sent.setdefault(user, deque())
        while times and times[0] <= now - 60:
            times.popleft()
        if len(times) >= self._a_minute:
            wait = 60 - (now - times[0])
            raise Refused(f"That is too fast. Try again in {wait:.0f} seconds.", 429)
        times.append(now)
