"""Between Anthropic's SDK and the core's transport: requests and streams, handed on.

To the SDK it is the network. Events of a stream are judged on their way: errors in it, and its
early end, leave as Heroku's errors.
"""

from __future__ import annotations

import json
from contextlib import aclosing, closing, contextmanager
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import httpx2

from heroku_inference._anthropic.reading import MessageStream, read_message, written_event
from heroku_inference._anthropic.request import TRIES_FIELD
from heroku_inference._anthropic.second_tries import (
    MessageFrames,
    MessageTries,
    StreamedMessageTries,
)
from heroku_inference._anthropic.summing import SUMMED_MESSAGE
from heroku_inference._call import Call, MaskedHeaders
from heroku_inference._endpoints import paths
from heroku_inference._errors import APIError, HerokuError
from heroku_inference._http.redaction import Secrets, forget_secrets
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

    def __init__(self, transport: Callable[[float | None], Transport], secrets: Secrets) -> None:
        self._transport = lru_cache(maxsize=8)(transport)  # by the timeout of a call
        self._secrets = secrets

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        call, streamed, retries = _call_of(request)
        transport = self._transport(_seconds(request))
        with _clear_errors(self._secrets, call) as failure:
            if not streamed:
                reply = _read(call, transport.send(call))
                if retries and _calls_tools(reply):
                    tries = failure.tries = MessageTries(call.body or {}, retries)
                    while (again := tries.add(reply)) is not None:
                        reply = _read(call, transport.send(replace(call, body=again)))
                    reply = tries.reply(reply)
                return _response(reply)
            events = transport.stream(call)
        if retries:
            pieces = _tried_pieces(events, self._secrets, transport, call, retries)
        else:
            pieces = _pieces(events, self._secrets)
        stream = _Body(pieces, events)
        return httpx2.Response(200, headers=_headers(events.reply), stream=stream)


class AsyncBridge(httpx2.AsyncBaseTransport):
    def __init__(
        self, transport: Callable[[float | None], AsyncTransport], secrets: Secrets
    ) -> None:
        self._transport = lru_cache(maxsize=8)(transport)  # by the timeout of a call
        self._secrets = secrets

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        call, streamed, retries = _call_of(request)
        transport = self._transport(_seconds(request))
        with _clear_errors(self._secrets, call) as failure:
            if not streamed:
                reply = _read(call, await transport.send(call))
                if retries and _calls_tools(reply):
                    tries = failure.tries = MessageTries(call.body or {}, retries)
                    while (again := tries.add(reply)) is not None:
                        reply = _read(call, await transport.send(replace(call, body=again)))
                    reply = tries.reply(reply)
                return _response(reply)
            events = await transport.stream(call)
        if retries:
            pieces = _async_tried_pieces(events, self._secrets, transport, call, retries)
        else:
            pieces = _async_pieces(events, self._secrets)
        stream = _AsyncBody(pieces, events)
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


def _pieces(events: EventStream, secrets: Secrets) -> Generator[bytes]:
    with _clear_errors(secrets), closing(batches(events, MessageStream(events.reply))) as pieces:
        for batch in pieces:
            yield from batch


async def _async_pieces(events: AsyncEventStream, secrets: Secrets) -> AsyncGenerator[bytes]:
    with _clear_errors(secrets):
        async with aclosing(async_batches(events, MessageStream(events.reply))) as pieces:
            async for batch in pieces:
                for piece in batch:
                    yield piece


def _tried_pieces(
    events: EventStream, secrets: Secrets, transport: Transport, call: Call, retries: int
) -> Generator[bytes]:
    """The pieces of all tries as one stream."""
    with _clear_errors(secrets) as failure:
        tries = failure.tries = StreamedMessageTries(call.body or {}, retries)
        while True:
            reader = MessageFrames(events.reply, tries.earlier_text)
            with closing(batches(events, reader)) as pieces:
                for batch in pieces:
                    yield from map(written_event, tries.read(batch, events.reply))
            yield from map(written_event, tries.end())
            if tries.next_body is None:
                return
            events = transport.stream(replace(call, body=tries.next_body))


async def _async_tried_pieces(
    events: AsyncEventStream,
    secrets: Secrets,
    transport: AsyncTransport,
    call: Call,
    retries: int,
) -> AsyncGenerator[bytes]:
    with _clear_errors(secrets) as failure:
        tries = failure.tries = StreamedMessageTries(call.body or {}, retries)
        while True:
            reader = MessageFrames(events.reply, tries.earlier_text)
            async with aclosing(async_batches(events, reader)) as pieces:
                async for batch in pieces:
                    for frame in tries.read(batch, events.reply):
                        yield written_event(frame)
            for frame in tries.end():
                yield written_event(frame)
            if tries.next_body is None:
                return
            events = await transport.stream(replace(call, body=tries.next_body))


class _Failure:
    """What an error is to tell besides what the failed request does."""

    tries: StreamedMessageTries | None = None


@contextmanager
def _clear_errors(secrets: Secrets, call: Call | None = None) -> Iterator[_Failure]:
    """Errors leave with the advice that the model's name asks for, and without secrets."""
    failure = _Failure()
    try:
        yield failure
    except HerokuError as error:
        if failure.tries is not None and not error.partial:
            error.partial = failure.tries.earlier_text
        if call is not None and isinstance(error, APIError):
            with_model_hint(error, "chat", call.body)
        forget_secrets(error, secrets)
        raise


def _call_of(request: httpx2.Request) -> tuple[Call, bool, int]:
    """The SDK's request as a call of the core, whether it streams, and the tries after the first.

    `tool_call_retries` comes as a field of the body, the only place for it that the SDK has. It is
    not sent.
    """
    raw = request.read()
    body = json.loads(raw) if raw else None
    retries = body.pop(TRIES_FIELD, 0) if body else 0
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
    return call, streamed, retries if body and body.get("tools") else 0


def _is_message(call: Call) -> bool:
    return call.path.partition("?")[0] == paths.MESSAGES


def _seconds(request: httpx2.Request) -> float | None:
    """The timeout of this call, if it has one of its own."""
    timeout: Mapping[str, float | None] = request.extensions.get("timeout") or {}
    return timeout.get("read")


def _read(call: Call, reply: Reply) -> Reply:
    return read_message(reply) if _is_message(call) else reply


def _calls_tools(reply: Reply) -> bool:
    return b'"tool_use"' in reply.body


def _response(reply: Reply) -> httpx2.Response:
    headers = {**_headers(reply), b"content-type": b"application/json"}
    return httpx2.Response(reply.status_code, headers=headers, content=reply.body)


def _headers(reply: Reply) -> dict[bytes, bytes]:
    kept = {name: value for name, value in reply.headers.items() if name not in _OF_THE_BODY}
    if reply.request_id:
        kept["request-id"] = reply.request_id
    # As they came: a server may write more into a value than ASCII.
    return {name.encode("latin-1"): kept[name].encode("latin-1") for name in kept}
