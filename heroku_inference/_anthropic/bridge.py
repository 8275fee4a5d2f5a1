"""Between Anthropic's SDK and the core's transport: requests and streams, handed on.

To the SDK it is the network. Events of a stream are judged on their way: errors in it, and its
early end, leave as Heroku's errors.
"""

from __future__ import annotations

import json
from contextlib import aclosing, closing, contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import httpx2

from heroku_inference._anthropic.reading import MessageStream, read_message
from heroku_inference._anthropic.summing import SUMMED_MESSAGE
from heroku_inference._call import Call, MaskedHeaders
from heroku_inference._endpoints import paths
from heroku_inference._errors import APIError, HerokuError
from heroku_inference._http.redaction import forget_key
from heroku_inference._http.streams import async_batches, batches
from heroku_inference._model_advice import with_model_hint

if TYPE_CHECKING:
    from collections.abc import (
        AsyncGenerator,
        AsyncIterator,
        Callable,
        Generator,
        Iterator,
        Mapping,
    )

    from heroku_inference._config.settings import Settings
    from heroku_inference._http.async_transport import AsyncEventStream, AsyncTransport
    from heroku_inference._http.transport import EventStream, Transport
    from heroku_inference._values import Reply

__all__ = ["NO_KEY", "AsyncBridge", "Bridge"]

NO_KEY: Final = "kept by heroku_inference"
"""Stands for the key in the SDK, which never sees the real one."""

# The core sends its own values of these, or they describe the SDK's own transport.
_NOT_PASSED_ON: Final = frozenset(
    {
        "accept",
        "accept-encoding",
        "connection",
        "content-length",
        "content-type",
        "host",
        "transfer-encoding",
        "user-agent",
    }
)
_OF_THE_BODY: Final = frozenset({"content-encoding", "content-length", "transfer-encoding"})


class Bridge(httpx2.BaseTransport):
    """Stands for the network in the SDK."""

    def __init__(self, transport: Callable[[float | None], Transport], settings: Settings) -> None:
        self._transport = lru_cache(maxsize=8)(transport)  # by the timeout of a call
        self._settings = settings

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        call, streamed = _call_of(request)
        transport = self._transport(_seconds(request))
        with _clear_errors(self._settings, call):
            if not streamed:
                return _response(call, transport.send(call))
            events = transport.stream(call)
        stream = _Body(_pieces(events, self._settings), events)
        return httpx2.Response(200, headers=_headers(events.reply), stream=stream)


class AsyncBridge(httpx2.AsyncBaseTransport):
    def __init__(
        self, transport: Callable[[float | None], AsyncTransport], settings: Settings
    ) -> None:
        self._transport = lru_cache(maxsize=8)(transport)  # by the timeout of a call
        self._settings = settings

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        call, streamed = _call_of(request)
        transport = self._transport(_seconds(request))
        with _clear_errors(self._settings, call):
            if not streamed:
                return _response(call, await transport.send(call))
            events = await transport.stream(call)
        stream = _AsyncBody(_async_pieces(events, self._settings), events)
        return httpx2.Response(200, headers=_headers(events.reply), stream=stream)


class _Body(httpx2.SyncByteStream):
    def __init__(self, pieces: Generator[bytes], events: EventStream) -> None:
        self._pieces = pieces
        self._events = events

    def __iter__(self) -> Iterator[bytes]:
        return self._pieces

    def close(self) -> None:
        self._pieces.close()
        self._events.close()


class _AsyncBody(httpx2.AsyncByteStream):
    def __init__(self, pieces: AsyncGenerator[bytes], events: AsyncEventStream) -> None:
        self._pieces = pieces
        self._events = events

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._pieces

    async def aclose(self) -> None:
        await self._pieces.aclose()
        await self._events.close()


def _pieces(events: EventStream, settings: Settings) -> Generator[bytes]:
    with _clear_errors(settings), closing(batches(events, MessageStream(events.reply))) as pieces:
        for batch in pieces:
            yield from batch


async def _async_pieces(events: AsyncEventStream, settings: Settings) -> AsyncGenerator[bytes]:
    with _clear_errors(settings):
        async with aclosing(async_batches(events, MessageStream(events.reply))) as pieces:
            async for batch in pieces:
                for piece in batch:
                    yield piece


@contextmanager
def _clear_errors(settings: Settings, call: Call | None = None) -> Iterator[None]:
    """Errors leave with the advice that the model's name asks for, and without the key."""
    try:
        yield
    except HerokuError as error:
        if call is not None and isinstance(error, APIError):
            with_model_hint(error, "chat", call.body)
        forget_key(error, settings.api_key)
        raise


def _call_of(request: httpx2.Request) -> tuple[Call, bool]:
    """The SDK's request as a call of the core, and whether its answer is a stream."""
    raw = request.read()
    body = json.loads(raw) if raw else None
    headers = MaskedHeaders(
        {
            name: value
            for name, value in request.headers.items()
            if value != NO_KEY
            and name not in _NOT_PASSED_ON
            and not name.startswith("x-stainless-")
        }
    )
    call = Call(request.url.raw_path.decode("ascii"), body, headers)
    streamed = bool(body and body.get("stream"))
    if not streamed and _is_message(call):
        call.stream_form = SUMMED_MESSAGE
    return call, streamed


def _is_message(call: Call) -> bool:
    return call.path.partition("?")[0] == paths.MESSAGES


def _seconds(request: httpx2.Request) -> float | None:
    """The timeout of this call, if it has one of its own."""
    timeout: Mapping[str, float | None] = request.extensions.get("timeout") or {}
    return timeout.get("read")


def _response(call: Call, reply: Reply) -> httpx2.Response:
    if _is_message(call):
        reply = read_message(reply)
    headers = {**_headers(reply), b"content-type": b"application/json"}
    return httpx2.Response(reply.status_code, headers=headers, content=reply.body)


def _headers(reply: Reply) -> dict[bytes, bytes]:
    kept = {name: value for name, value in reply.headers.items() if name not in _OF_THE_BODY}
    if reply.request_id:
        kept["request-id"] = reply.request_id
    # As they came: a server may write more into a value than ASCII.
    return {name.encode("latin-1"): kept[name].encode("latin-1") for name in kept}
