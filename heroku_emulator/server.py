"""The application: routes, and the path of a request through journal and faults to an answer."""

from __future__ import annotations

import asyncio
import json
import re
import uuid
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

import anyio
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.routing import Route

from heroku_emulator.endpoints import ALWAYS_STREAMED, ENDPOINTS, MORE_ENDPOINTS
from heroku_emulator.errors import ApiError
from heroku_emulator.fields import bad_request
from heroku_emulator.models import available_models
from heroku_emulator.script import Fault, Reset
from heroku_emulator.serving.exchange import Exchange
from heroku_emulator.serving.firewall import leads_inside, looks_like_an_attack
from heroku_emulator.serving.responses import NoAnswer, body_response, disconnection, error_response

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from starlette.responses import Response
    from starlette.types import Receive, Scope, Send

    from heroku_emulator.endpoints import Endpoint
    from heroku_emulator.errors import AnyEnvelope
    from heroku_emulator.journal import JournalEntry
    from heroku_emulator.serving.service import Service

__all__ = ["create_app"]

_GUARDED = frozenset({"/v1/chat/completions", "/v1/embeddings", "/v1/rerank"})
"""The paths on which the edge has been seen to block URLs to private and loopback hosts."""
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]|\xed[\xa0-\xbf]")
"""A surrogate in JSON: a whole pair, as `json.dumps` writes an emoji, or half of one."""
_SECURITY_HEADERS = {
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "strict-transport-security": "max-age=63072000",
}


def create_app(service: Service) -> Starlette:
    """Returns the ASGI application of one emulated service."""
    return Starlette(
        routes=[
            Route("/available-models", _RequestHandler(service, None, "GET")),
            *(
                Route(path, _RequestHandler(service, answer, "POST"))
                for path, answer in ENDPOINTS.items()
            ),
            *(
                Route(path, _RequestHandler(service, answer, *methods))
                for path, (answer, methods) in MORE_ENDPOINTS.items()
            ),
            Route("/{path:path}", _RequestHandler(service, None)),
        ]
    )


class _RequestHandler:
    """Handles the requests to one path."""

    def __init__(self, service: Service, endpoint: Endpoint | None, *methods: str) -> None:
        self._service = service
        self._methods = methods
        self._endpoint = endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            body = await request.body()
        except ClientDisconnect:
            return
        entry = self._service.journal.record(
            request.method,
            request.url.path,
            request.headers,
            _parse(body),
            len(body),
            request.url.query,
        )
        try:
            response = await _answer_unless_gone(self._answer(request, body, entry), receive)
            if response is None:
                entry.client_left = True
                return
            entry.status = None if isinstance(response, NoAnswer) else response.status_code
            await response(scope, receive, send)
        finally:
            entry.close()

    async def _answer(self, request: Request, body: bytes, entry: JournalEntry) -> Response:
        fields = entry.body if isinstance(entry.body, dict) else {}
        exchange = Exchange(
            service=self._service,
            switches=self._service.switches,
            entry=entry,
            body=fields,
            raw=body,
            streamed=fields.get("stream") is True or request.url.path in ALWAYS_STREAMED,
        )
        envelope = exchange.error_envelope
        try:
            with anyio.fail_after(None if exchange.streamed else exchange.switches.time_limit):
                response = await self._handle(exchange, request, body)
        except TimeoutError:
            response = error_response(ApiError(408), envelope)
        except ApiError as error:
            response = error_response(error, envelope)
        except Exception as error:  # noqa: BLE001 - an engine can raise anything
            failure = ApiError(500, f"{type(error).__name__}: {error}")
            response = error_response(failure, envelope)
        _add_headers(response, exchange)
        return response

    async def _handle(self, exchange: Exchange, request: Request, body: bytes) -> Response:
        """Applies scripted faults, then the edge, then the gateway's checks."""
        await anyio.sleep(exchange.switches.latency)
        step = exchange.next_step(first=True)
        if isinstance(step, Fault | Reset):
            await anyio.sleep(step.delay)
            return _fault_response(step, exchange.error_envelope)
        if request.method not in self._methods:
            raise ApiError(404)
        if _is_blocked(exchange, body.decode(errors="replace")):
            return _fault_response(Fault.html403(), exchange.error_envelope)
        if self._endpoint is None:
            no_cache = {"expires": "0", "pragma": "no-cache"}
            return body_response(available_models(), headers=no_cache)
        self._service.check_key(request.headers, request.url.path)
        if request.method == "POST" and not isinstance(exchange.entry.body, dict):
            raise bad_request("error parsing JSON")
        if exchange.switches.strict and _SURROGATE.search(body):
            _refuse_half_a_pair(exchange.entry.body)
        return await self._endpoint(exchange)


def _is_blocked(exchange: Exchange, text: str) -> bool:
    """Says whether the edge blocks a request for its body, before the gateway sees the key."""
    if exchange.switches.firewall and looks_like_an_attack(text):
        return True
    is_guarded = exchange.switches.block_inside_urls and exchange.entry.path in _GUARDED
    return is_guarded and leads_inside(text)


def _refuse_half_a_pair(body: Any) -> None:
    """Refuses text that UTF-8 cannot carry, as a cut emoji leaves it.

    What Heroku answers is not known, so the strictest reading is the safe one.
    """
    try:
        json.dumps(body, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise bad_request("error parsing JSON") from None


def _parse(body: bytes) -> Any:
    """Returns the body for the journal: JSON, else text, else `None`."""
    try:
        return json.loads(body) if body else None
    except ValueError:
        return body.decode(errors="replace")


async def _answer_unless_gone(
    answer: Coroutine[Any, Any, Response], receive: Receive
) -> Response | None:
    """Returns the answer, or `None` as soon as the client has left."""
    working = asyncio.ensure_future(answer)
    leaving = asyncio.ensure_future(disconnection(receive))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        working.cancel()
        leaving.cancel()
        await asyncio.wait({working, leaving})


def _fault_response(step: Fault | Reset, envelope: AnyEnvelope) -> Response:
    if isinstance(step, Reset):
        return NoAnswer(politely=step.politely)
    if step.body is None:
        error = ApiError(step.status, step.message, step.error_type)
        return error_response(error, envelope, step.headers)
    content_type = step.content_type or "application/json"
    return body_response(
        step.body, status=step.status, content_type=content_type, headers=step.headers
    )


def _add_headers(response: Response, exchange: Exchange) -> None:
    """Adds the headers of every answer, without replacing its own."""
    headers = {"date": formatdate(usegmt=True), **_SECURITY_HEADERS}
    if exchange.switches.request_id_header != "none":
        headers[exchange.switches.request_id_header] = str(uuid.uuid4())
    if exchange.switches.rate_limit_headers and exchange.model is not None:
        headers |= exchange.service.rate_limits.headers(
            exchange.model, enforce=exchange.switches.enforce_rate_limits
        )
    for name, value in headers.items():
        response.headers.setdefault(name, value)
