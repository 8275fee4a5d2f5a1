"""Sends calls and reads answers, blocking. Retries happen here and nowhere else."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeVar

from heroku_inference._errors import APIError, RateLimitError
from heroku_inference._http.bodies import BodyReader, Decoder, decoder_of
from heroku_inference._http.pools import CONNECT_TIMEOUT, sync_client
from heroku_inference._http.sse import Event, decoder_for
from heroku_inference._http.streams import batches
from heroku_inference._http.transport_base import (
    DRAIN_TIMEOUT,
    BoundedSum,
    LibraryErrors,
    StaleConnectionError,
    TransportBase,
    errors_of,
    expect_whole_answer,
    raise_first_error,
    refuse_closed,
)
from heroku_inference._http.watch import Watch, has_more
from heroku_inference._own_clients import library_of
from heroku_inference._pause import pause

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from contextlib import AbstractContextManager

    import httpx2

    from heroku_inference._call import Call, MaskedHeaders, RetryEvent, StreamForm
    from heroku_inference._config.settings import Settings
    from heroku_inference._config.shared_limit import SharedRateLimit
    from heroku_inference._http.rate_gate import Turn
    from heroku_inference._own_clients import HttpClient
    from heroku_inference._values import Reply

__all__ = ["EventStream", "Transport"]

_Answer = TypeVar("_Answer", "Reply", "EventStream")


class Transport(TransportBase):
    """Blocking transport; may be used from several threads."""

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
        http_client: HttpClient | None = None,
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
        self._own_client = http_client
        self._urls: dict[str, httpx2.URL] = {}

    def send(self, call: Call) -> Reply:
        """The answer to a call; raises `APIError` when every attempt failed."""
        return self._repeat(self._exchange, call, self._headers_for(call))

    def stream(self, call: Call) -> EventStream:
        """The events of a streamed answer; retries only until the first one has come."""
        return self._repeat(self._open_stream, call, self._headers_for(call, streamed=True))

    def _repeat(
        self,
        attempt: Callable[[Call, bytes | None, MaskedHeaders, bool], _Answer],
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
                self._wait_for(turn, again=again)
            again = False
            try:
                answer = attempt(call, content, headers, fresh)
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
            pause(wait)
            if following is not call:
                call, content = following, self._encode(following)
                headers = self._headers_for(call, streamed=True)

    @staticmethod
    def _wait_for(turn: Turn, *, again: bool) -> None:
        try:
            while seconds := turn.wait():
                pause(seconds)
        except RateLimitError:  # the turn has left the line
            if not again:
                raise
        except BaseException:
            turn.leave()
            raise

    def _exchange(
        self, call: Call, content: bytes | None, headers: MaskedHeaders, fresh: bool
    ) -> Reply:
        if call.is_summed and call.stream_form is not None:
            return self._sum(call.stream_form, self._open_stream(call, content, headers, fresh))
        seconds = call.own_timeout or self.answer_timeout
        with self.translate_errors(seconds), Watch(seconds):
            response = self._respond(call, content, headers, seconds, fresh=fresh)
            try:
                reply = self._whole_reply(response, call, seconds)
            finally:
                self.give_back(response)
        return self._judge(reply)

    def _sum(self, form: StreamForm, stream: EventStream) -> Reply:
        """The plain answer that a stream adds up to, which has the bound of one."""
        reader = BoundedSum(form.sum(stream.reply), self._answer_bytes)
        with (
            expect_whole_answer(),
            self.bounded(stream.reply),
            closing(batches(stream, reader)) as pieces,
        ):
            for batch in pieces:
                for _ in batch:
                    pass
        return replace(stream.reply, body=reader.body())

    def _open_stream(
        self, call: Call, content: bytes | None, headers: MaskedHeaders, fresh: bool
    ) -> EventStream:
        seconds = self._stream_seconds(call)
        with self.translate_errors(seconds, streaming=True):
            response = self._respond(call, content, headers, seconds, fresh=fresh)
            try:
                if response.is_success:
                    reply = self._reply(response.status_code, response.headers.raw, b"")
                else:
                    reply = self._whole_reply(response, call, seconds)
                self._judge(reply)
            except BaseException:
                response.close()
                raise
        stream = EventStream(self, response, reply, seconds)
        stream.wait_for_first_event(call)
        return stream

    def _respond(
        self,
        call: Call,
        content: bytes | None,
        headers: MaskedHeaders,
        seconds: float,
        *,
        fresh: bool,
    ) -> Any:
        """Send a call; the answer's body is still to be read."""
        if self._own_client is not None:
            return self._respond_by_own(self._own_client, call, content, headers, seconds)
        import httpx2  # noqa: PLC0415 - paid at the first request, not at import

        request = httpx2.Request(
            call.method,
            self._url(self._base_url + call.target),
            content=content,
            headers=headers.encoded,
            extensions={"timeout": _timeouts(seconds)},
        )
        with Watch(seconds) as watch:
            try:
                return self._pool(fresh=fresh).send(request, stream=True)
            except httpx2.TimeoutException:
                raise
            except httpx2.TransportError:
                if watch.was_stale and not fresh:
                    raise StaleConnectionError from None
                raise

    def _respond_by_own(
        self,
        client: Any,
        call: Call,
        content: bytes | None,
        headers: MaskedHeaders,
        seconds: float,
    ) -> Any:
        """Like `_respond`, by the caller's client, which keeps its own headers and timeout."""
        refuse_closed("http_client", client)
        library = library_of(client)
        insists = self._timeout_given or call.own_timeout is not None
        timeout = _timeout(library, seconds) if insists else client.timeout
        request = client.build_request(
            call.method,
            self._base_url + call.target,
            content=content,
            headers=headers,
            timeout=timeout,
        )
        return client.send(request, stream=True)

    def pieces(self, response: Any) -> Iterable[bytes]:
        """The body as it comes: unpacked by a caller's own client, else as it was sent."""
        # Below the library's own iterators, which cost half as much again.
        pieces: Iterable[bytes] = (
            response.stream if self._own_client is None else response.iter_bytes()
        )
        return pieces

    def unpacker(self, reply: Reply) -> Decoder | None:
        """What unpacks these pieces, where that is left to us."""
        return decoder_of(reply.headers) if self._own_client is None else None

    def _whole_reply(self, response: Any, call: Call, seconds: float) -> Reply:
        """The answer with its body."""
        reply = self._reply(response.status_code, response.headers.raw, b"")
        own = self._own_client is not None
        reader = BodyReader(reply.headers, self._most_bytes(reply), decoded=own)
        bounded = own and (self._timeout_given or call.own_timeout is not None)
        latest = time.monotonic() + seconds
        with self.bounded(reply):
            for piece in self.pieces(response):
                reader.feed(piece)
                if bounded and time.monotonic() > latest:
                    raise self.timeout_error(seconds)
        return self._with_body(reply, reader)

    def give_back(self, response: Any) -> None:
        """Give the connection back when the answer was read, else close it."""
        if self._own_client is None and has_more(response):
            response.extensions["network_stream"].close()
        response.close()

    def _get_ready(self) -> None:
        super()._get_ready()
        if self._own_client is None:
            self._pool()

    def _pool(self, *, fresh: bool = False) -> httpx2.Client:
        return sync_client(self._base_url, self._network, fresh=fresh)

    def _url(self, url: str) -> httpx2.URL:
        import httpx2  # noqa: PLC0415 - paid at the first request, not at import

        if "?" in url:  # each call may have a query of its own
            return httpx2.URL(url)
        if url not in self._urls:
            self._urls[url] = httpx2.URL(url)
        return self._urls[url]

    def cut_after(self, response: Any, seconds: float) -> AbstractContextManager[object]:
        """Within this, reading ends in time: no timeout of a connection is that short."""
        return Watch(seconds) if self._own_client is None else _cut_after(response, seconds)

    def _library_errors(self) -> LibraryErrors:
        return errors_of(self._own_client)


def _timeouts(seconds: float) -> dict[str, float]:
    """Seconds for each step, as httpx2 tells them its transports."""
    soon = min(seconds, CONNECT_TIMEOUT)
    return {"connect": soon, "read": seconds, "write": seconds, "pool": seconds}


def _timeout(library: Any, seconds: float) -> Any:
    return library.Timeout(seconds, connect=min(seconds, CONNECT_TIMEOUT))


class EventStream:
    """The events of one streamed answer. Iterate once; `close` frees the connection at any time."""

    def __init__(self, transport: Transport, response: Any, reply: Reply, seconds: float) -> None:
        self.reply = reply
        self._transport = transport
        self._response = response
        self._batches = self._read(seconds)
        self._first: list[Event] = []

    @property
    def headers(self) -> Mapping[str, str]:
        """Those of the answer."""
        return self.reply.headers

    def wait_for_first_event(self, call: Call) -> None:
        """Read until something came, so that a failure before it can still be retried."""
        try:
            self._first = next(self._batches, [])
            raise_first_error(self._first, self.reply, call)
        except BaseException:
            self.close()
            raise

    def __iter__(self) -> Iterator[list[Event]]:
        """Events as they come, those of one read together."""
        # Not a generator: leaving the loop early must not close what `drain` has yet to read.
        return chain((self._first,), self._batches)

    def _read(self, seconds: float) -> Iterator[list[Event]]:
        transport = self._transport
        decoder = decoder_for(self.reply.headers, transport.event_bytes)
        unpacker = transport.unpacker(self.reply)
        latest = time.monotonic()
        with transport.translate_errors(seconds, streaming=True), transport.bounded(self.reply):
            for piece in transport.pieces(self._response):
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

    def drain(self) -> None:
        """Read what little follows the end mark, so that the connection can be used again."""
        with suppress(APIError), self._transport.cut_after(self._response, DRAIN_TIMEOUT):
            # The answer is complete; at worst the connection is lost.
            for _ in self._batches:
                pass

    def close(self) -> None:
        """Give the connection back, or close it when the answer was not read to its end."""
        self._transport.give_back(self._response)


@contextmanager
def _cut_after(response: Any, seconds: float) -> Iterator[None]:
    """Shut the connection of a caller's own client if the body does not end in time."""
    stream = response.extensions.get("network_stream")
    connection: socket.socket | None = stream and stream.get_extra_info("socket")
    if connection is None:
        yield
        return
    timer = threading.Timer(seconds, _shut, [connection])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _shut(connection: socket.socket) -> None:
    with suppress(OSError):  # it may be closed already
        connection.shutdown(socket.SHUT_RDWR)
