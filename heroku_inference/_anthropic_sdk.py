"""Anthropic's SDK over the core's transport: Heroku's address, key, retries and errors.

The SDK makes requests and reads answers; the core moves the bytes. So connections, proxies,
timeouts, retries and errors are those of every other class here, on any number of event loops,
and a user's own `httpx.Client` serves too, although the SDK itself has gone on to `httpx2`. The
SDK never sees the key.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import anthropic
import httpx2

from heroku_inference._anthropic_messages import MessageStream, checked_message
from heroku_inference._async_transport import AsyncTransport
from heroku_inference._calls import Call, MaskedHeaders, TransportBase, forget_key
from heroku_inference._errors import APIConnectionError, HerokuError
from heroku_inference._transport import Transport

if TYPE_CHECKING:
    from collections.abc import (
        AsyncGenerator,
        AsyncIterator,
        Callable,
        Generator,
        Iterator,
        Mapping,
    )

    import httpx

    from heroku_inference._answers import Reply
    from heroku_inference._async_transport import AsyncEventStream
    from heroku_inference._settings import Settings
    from heroku_inference._transport import EventStream

__all__ = ["AsyncHerokuAnthropic", "HerokuAnthropic", "anthropic_client", "async_anthropic_client"]

_NO_KEY: Final = "kept by heroku_inference"
_NO_HOST: Final = "http://heroku.invalid"  # the core knows the address
_VERSION: Final = "2023-06-01"  # of Anthropic's API, the only one
_MESSAGES: Final = "/v1/messages"
# What the core says itself, or what tells of the SDK's own doings.
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


def anthropic_client(
    settings: Settings,
    *,
    timeout: float | None = None,
    max_retries: int = 2,
    default_headers: Mapping[str, str] | None = None,
    http_client: httpx.Client | None = None,
) -> HerokuAnthropic:
    """Anthropic's client for Heroku's Messages endpoint; arguments are those of `Client`."""

    def transport(seconds: float | None) -> Transport:
        return _MessagesTransport(
            settings,
            timeout=seconds or timeout,
            max_retries=max_retries,
            default_headers=default_headers,
            http_client=http_client,
        )

    bridge = httpx2.Client(transport=_Bridge(transport, settings), trust_env=False)
    client = HerokuAnthropic(
        api_key=_NO_KEY, base_url=_NO_HOST, max_retries=0, timeout=None, http_client=bridge
    )
    client._custom_headers = {}  # noqa: SLF001 - of the environment; the caller's are the core's
    return client


def async_anthropic_client(
    settings: Settings,
    *,
    timeout: float | None = None,
    max_retries: int = 2,
    default_headers: Mapping[str, str] | None = None,
    async_http_client: httpx.AsyncClient | None = None,
) -> AsyncHerokuAnthropic:
    """Like `anthropic_client`, async. One client serves any number of event loops."""

    def transport(seconds: float | None) -> AsyncTransport:
        return _AsyncMessagesTransport(
            settings,
            timeout=seconds or timeout,
            max_retries=max_retries,
            default_headers=default_headers,
            async_http_client=async_http_client,
        )

    bridge = httpx2.AsyncClient(transport=_AsyncBridge(transport, settings), trust_env=False)
    client = AsyncHerokuAnthropic(
        api_key=_NO_KEY, base_url=_NO_HOST, max_retries=0, timeout=None, http_client=bridge
    )
    client._custom_headers = {}  # noqa: SLF001 - of the environment; the caller's are the core's
    return client


class HerokuAnthropic(anthropic.Anthropic):
    """Anthropic's client, raising Heroku's errors. Made by `anthropic_client`."""

    @property
    def default_headers(self) -> dict[str, Any]:
        """What the SDK is to say besides what a call says."""
        return _sdk_headers()

    def request(self, *args: Any, **kwargs: Any) -> Any:
        """Send a request; `HerokuError` where the SDK would say that the connection failed."""
        try:
            return super().request(*args, **kwargs)
        except anthropic.APIConnectionError as error:
            failure = _ours(error)
        raise failure


class AsyncHerokuAnthropic(anthropic.AsyncAnthropic):
    """Anthropic's async client, raising Heroku's errors. Made by `async_anthropic_client`."""

    @property
    def default_headers(self) -> dict[str, Any]:
        """What the SDK is to say besides what a call says."""
        return _sdk_headers()

    async def request(self, *args: Any, **kwargs: Any) -> Any:
        """Send a request; `HerokuError` where the SDK would say that the connection failed."""
        try:
            return await super().request(*args, **kwargs)
        except anthropic.APIConnectionError as error:
            failure = _ours(error)
        raise failure


def _sdk_headers() -> dict[str, Any]:
    # The SDK wants to see some key before it sends anything.
    return {"anthropic-version": _VERSION, "x-api-key": _NO_KEY, "content-type": "application/json"}


def _ours(error: anthropic.APIConnectionError) -> Exception:
    cause = error.__cause__
    return cause if isinstance(cause, HerokuError) else error


class _ByApiKey(TransportBase):
    """Sends the key as the endpoint documents it (docs: messages): as `x-api-key`."""

    def _usual_headers(self, default_headers: Mapping[str, str]) -> MaskedHeaders:
        key = MaskedHeaders({"x-api-key": self._settings.api_key.get_secret_value()})
        theirs = {str(name).lower() for name in default_headers}
        headers = super()._usual_headers(MaskedHeaders({**key, **default_headers}))
        return MaskedHeaders(
            {n: headers[n] for n in headers if n != "authorization" or n in theirs}
        )


class _MessagesTransport(_ByApiKey, Transport):
    pass


class _AsyncMessagesTransport(_ByApiKey, AsyncTransport):
    pass


class _Bridge(httpx2.BaseTransport):
    """What the SDK takes for the network."""

    def __init__(self, transport: Callable[[float | None], Transport], settings: Settings) -> None:
        self._transport = lru_cache(maxsize=8)(transport)  # by the timeout of a call
        self._settings = settings
        self._transport(None)  # what is wrong with the arguments is said now

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        call, streamed = _call_of(request)
        transport = self._transport(_seconds(request))
        with _keyless(self._settings):
            if not streamed:
                return _response(call, transport.send(call))
            events = transport.stream(call)
        stream = _Body(_passed_on(events, self._settings), events)
        return httpx2.Response(200, headers=_headers(events.reply), stream=stream)


class _AsyncBridge(httpx2.AsyncBaseTransport):
    def __init__(
        self, transport: Callable[[float | None], AsyncTransport], settings: Settings
    ) -> None:
        self._transport = lru_cache(maxsize=8)(transport)  # by the timeout of a call
        self._settings = settings
        self._transport(None)  # what is wrong with the arguments is said now

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        call, streamed = _call_of(request)
        transport = self._transport(_seconds(request))
        with _keyless(self._settings):
            if not streamed:
                return _response(call, await transport.send(call))
            events = await transport.stream(call)
        stream = _AsyncBody(_apassed_on(events, self._settings), events)
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
    def __init__(self, pieces: AsyncGenerator[bytes, None], events: AsyncEventStream) -> None:
        self._pieces = pieces
        self._events = events

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._pieces

    async def aclose(self) -> None:
        await self._pieces.aclose()
        await self._events.close()


def _passed_on(events: EventStream, settings: Settings) -> Generator[bytes]:
    message = MessageStream(events.reply)
    broken = None
    with _keyless(settings):
        try:
            for batch in events:
                for name, data in batch:
                    if piece := message.read(name, data):
                        yield piece
                if message.done:
                    events.drain()
                    break
        except APIConnectionError as error:
            broken = error
        message.finish(broken)


async def _apassed_on(events: AsyncEventStream, settings: Settings) -> AsyncGenerator[bytes, None]:
    message = MessageStream(events.reply)
    broken = None
    with _keyless(settings):
        try:
            async for batch in events:
                for name, data in batch:
                    if piece := message.read(name, data):
                        yield piece
                if message.done:
                    await events.drain()
                    break
        except APIConnectionError as error:
            broken = error
        message.finish(broken)


@contextmanager
def _keyless(settings: Settings) -> Iterator[None]:
    """Errors leave without the key, whoever quoted it."""
    try:
        yield
    except HerokuError as error:
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
            if value != _NO_KEY
            and name not in _NOT_PASSED_ON
            and not name.startswith("x-stainless-")
        }
    )
    call = Call(request.url.raw_path.decode("ascii"), body, headers)
    return call, bool(body and body.get("stream"))


def _seconds(request: httpx2.Request) -> float | None:
    """The timeout of this call, if it has one of its own."""
    timeout: Mapping[str, float | None] = request.extensions.get("timeout") or {}
    return timeout.get("read")


def _response(call: Call, reply: Reply) -> httpx2.Response:
    if call.path.partition("?")[0] == _MESSAGES:
        checked_message(reply)
    headers = {**_headers(reply), "content-type": "application/json"}
    return httpx2.Response(reply.status_code, headers=headers, content=reply.body)


def _headers(reply: Reply) -> dict[str, str]:
    told = {name: value for name, value in reply.headers.items() if name not in _OF_THE_BODY}
    return {**told, "request-id": reply.request_id} if reply.request_id else told
