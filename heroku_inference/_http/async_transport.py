"""Sends calls and reads answers, async. Retries happen here and nowhere else."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from heroku_inference._errors import APIError, RateLimitError
from heroku_inference._http.async_engines import AiohttpEngine, AsyncResponse, HttpxEngine
from heroku_inference._http.bodies import BodyReader, decoder_of
from heroku_inference._http.sse import Event, decoder_for
from heroku_inference._http.streams import async_batches
from heroku_inference._http.transport_base import (
    DRAIN_TIMEOUT,
    BoundedSum,
    LibraryErrors,
    StaleConnectionError,
    TransportBase,
    expect_whole_answer,
    is_success,
    raise_first_error,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping

    from heroku_inference._call import Call, MaskedHeaders, RetryEvent, StreamForm
    from heroku_inference._config.settings import Settings
    from heroku_inference._config.shared_limit import SharedRateLimit
    from heroku_inference._http.rate_gate import Turn
    from heroku_inference._own_clients import AsyncHttpClient
    from heroku_inference._values import Reply

__all__ = ["AsyncEventStream", "AsyncTransport"]

_Answer = TypeVar("_Answer", "Reply", "AsyncEventStream")


class AsyncTransport(TransportBase):
    """Async transport; may be used from several event loops."""

    def __init__(
        self,
        settings: Settings,
        *,
        timeout: float | None = None,
        max_retries: int = 2,
        default_headers: Mapping[str, str] | None = None,
        on_retry: Callable[[RetryEvent], None] | None = None,
        rate_limit_timeout: float | None = None,
        max_response_bytes: int | None = None,
        rate_limiter: SharedRateLimit | None = None,
        async_http_client: AsyncHttpClient | None = None,
    ) -> None:
        super().__init__(
            settings,
            timeout=timeout,
            max_retries=max_retries,
            default_headers=default_headers,
            on_retry=on_retry,
            rate_limit_timeout=rate_limit_timeout,
            max_response_bytes=max_response_bytes,
            rate_limiter=rate_limiter,
        )
        self._engine: AiohttpEngine | HttpxEngine = (
            AiohttpEngine(self._base_url, self._network)
            if async_http_client is None
            else HttpxEngine(
                async_http_client, self._base_url, use_its_timeout=not self._timeout_given
            )
        )

    async def send(self, call: Call) -> Reply:
        """The answer to a call; raises `APIError` when every attempt failed."""
        return await self._repeat(self._exchange, call, self._headers_for(call))

    async def stream(self, call: Call) -> AsyncEventStream:
        """The events of a streamed answer; retries only until the first one has come."""
        return await self._repeat(self._open_stream, call, self._headers_for(call, streamed=True))

    async def _repeat(
        self,
        attempt: Callable[[Call, bytes | None, MaskedHeaders, bool], Awaitable[_Answer]],
        call: Call,
        headers: MaskedHeaders,
    ) -> _Answer:
        """What the first attempt that succeeds returns; raises when none is left."""
        content = self._encode(call)
        turn = self._turn(call)
        fresh = not call.repeatable  # a run of an agent may have acted when it fails
        again = False  # the last attempt met a connection that the server had left
        number = 1
        while True:
            if not turn.starts():
                await self._wait_for(turn, again=again)
            again = False
            try:
                answer = await attempt(call, content, headers, fresh)
            except StaleConnectionError:
                turn.lost()
                again = fresh = True
                continue
            except APIError as error:
                wait = self._wait_after(error, number, call, turn)
                number += not isinstance(error, RateLimitError)
                following = self._next_form(error, call)
            else:
                turn.answered(answer.headers)
                return answer
            await asyncio.sleep(wait)
            if following is not call:
                call, content = following, self._encode(following)
                headers = self._headers_for(call, streamed=True)

    @staticmethod
    async def _wait_for(turn: Turn, *, again: bool) -> None:
        try:
            while seconds := await turn.awaited():  # noqa: ASYNC110 - the gate is not of one loop
                await asyncio.sleep(seconds)
        except RateLimitError:  # the turn has left the line
            if not again:
                raise
        except BaseException:
            turn.leave()
            raise

    async def _exchange(
        self, call: Call, content: bytes | None, headers: MaskedHeaders, fresh: bool
    ) -> Reply:
        if call.is_summed and call.stream_form is not None:
            stream = await self._open_stream(call, content, headers, fresh)
            return await self._sum(call.stream_form, stream)
        seconds = call.own_timeout or self.answer_timeout
        with self.translate_errors(seconds):
            async with self._engine.deadline(seconds):
                response = await self._engine.send(call, content, headers, seconds, fresh=fresh)
                try:
                    reply = await self._whole_reply(response)
                finally:
                    await response.close()
        return self._judge(reply)

    async def _sum(self, form: StreamForm, stream: AsyncEventStream) -> Reply:
        """The plain answer that a stream adds up to, which has the bound of one."""
        reader = BoundedSum(form.sum(stream.reply), self._answer_bytes)
        with expect_whole_answer(), self.bounded(stream.reply):
            async with aclosing(async_batches(stream, reader)) as pieces:
                async for batch in pieces:
                    for _ in batch:
                        pass
        return replace(stream.reply, body=reader.body())

    async def _open_stream(
        self, call: Call, content: bytes | None, headers: MaskedHeaders, fresh: bool
    ) -> AsyncEventStream:
        seconds = self._stream_seconds(call)
        with self.translate_errors(seconds, streaming=True):
            response = await self._engine.send(
                call, content, headers, seconds, fresh=fresh, streamed=True
            )
            try:
                if is_success(response.status):
                    reply = self._reply(response.status, response.headers(), b"")
                else:
                    reply = await self._whole_reply(response)
                self._judge(reply)
            except BaseException:
                await response.close()
                raise
        stream = AsyncEventStream(self, response, reply, seconds)
        await stream.wait_for_first_event(call)
        return stream

    async def _whole_reply(self, response: AsyncResponse) -> Reply:
        """The answer with its body."""
        reply = self._reply(response.status, response.headers(), b"")
        most = self._most_bytes(reply)
        reader = BodyReader(reply.headers, most, decoded=response.decodes)
        with self.bounded(reply):
            async for piece in response.pieces():
                reader.feed(piece)
        return self._with_body(reply, reader)

    def _library_errors(self) -> LibraryErrors:
        return self._engine.errors()


class AsyncEventStream:
    """The events of one streamed answer. Iterate once; `close` frees the connection at any time."""

    def __init__(
        self, transport: AsyncTransport, response: AsyncResponse, reply: Reply, seconds: float
    ) -> None:
        self.reply = reply
        self._response = response
        self._batches = self._read(transport, seconds)
        self._first: list[Event] | None = None

    @property
    def headers(self) -> Mapping[str, str]:
        """Those of the answer."""
        return self.reply.headers

    async def wait_for_first_event(self, call: Call) -> None:
        """Read until something came, so that a failure before it can still be retried."""
        try:
            first: list[Event] = await anext(self._batches, [])
            raise_first_error(first, self.reply, call)
            self._first = first
        except BaseException:
            await self.close()
            raise

    def __aiter__(self) -> AsyncIterator[list[Event]]:
        """Events as they come, those of one read together."""
        return self

    def __anext__(self) -> Awaitable[list[Event]]:
        # Not `async def`: a coroutine more would be paid for by each batch.
        if (first := self._first) is not None:
            self._first = None
            return _ready(first)
        return anext(self._batches)

    async def _read(
        self, transport: AsyncTransport, seconds: float
    ) -> AsyncGenerator[list[Event], None]:
        decoder = decoder_for(self.reply.headers, transport.event_bytes)
        latest = time.monotonic()
        unpacker = None if self._response.decodes else decoder_of(self.reply.headers)
        with transport.translate_errors(seconds, streaming=True), transport.bounded(self.reply):
            async for piece in self._response.pieces():
                if unpacker is not None:
                    piece = unpacker.unpack(piece, transport.event_bytes)  # noqa: PLW2901
                if events := decoder.feed(piece):
                    yield events
                    latest = time.monotonic()
                elif time.monotonic() - latest > seconds:
                    # Comments keep the connection alive but say nothing.
                    raise transport.timeout_error(seconds, streaming=True)
            if events := decoder.flush():
                yield events

    async def drain(self) -> None:
        """Read what little follows the end mark, so that the connection can be used again."""
        # The answer is complete; at worst the connection is lost.
        with suppress(APIError, asyncio.TimeoutError):
            await asyncio.wait_for(self._read_to_the_end(), DRAIN_TIMEOUT)

    async def _read_to_the_end(self) -> None:
        async for _ in self._batches:
            pass

    async def close(self) -> None:
        """Give the connection back, or close it when the answer was not read to its end."""
        await self._batches.aclose()
        await self._response.close()


async def _ready(events: list[Event]) -> list[Event]:
    return events
