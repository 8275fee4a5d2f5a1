"""Sends calls and reads answers, blocking. Retries happen here and nowhere else."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, TypeVar

from heroku_inference._errors import APIError
from heroku_inference._http.pools import CONNECT_TIMEOUT, sync_transport
from heroku_inference._http.sse import Event, decoder_for
from heroku_inference._http.streams import batches
from heroku_inference._http.transport_base import (
    DRAIN_TIMEOUT,
    LibraryErrors,
    TransportBase,
    expect_whole_answer,
    refuse_closed,
)
from heroku_inference._pause import pause

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import httpx

    from heroku_inference._call import Call, MaskedHeaders, StreamForm
    from heroku_inference._config.settings import Settings
    from heroku_inference._errors import RetryEvent
    from heroku_inference._values import Reply

__all__ = ["EventStream", "Transport"]

_Answer = TypeVar("_Answer")


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
        http_client: httpx.Client | None = None,
    ) -> None:
        super().__init__(
            settings,
            timeout=timeout,
            max_retries=max_retries,
            default_headers=default_headers,
            on_retry=on_retry,
        )
        self._own_client = http_client
        self._urls: dict[str, httpx.URL] = {}

    def send(self, call: Call) -> Reply:
        """The answer to a call; raises `APIError` when every attempt failed."""
        return self._repeat(self._exchange, call, self._headers_for(call))

    def stream(self, call: Call) -> EventStream:
        """The events of a streamed answer; retries only until the first one has come."""
        return self._repeat(self._open_stream, call, self._headers_for(call, streamed=True))

    def _repeat(
        self,
        attempt: Callable[[Call, bytes | None, MaskedHeaders], _Answer],
        call: Call,
        headers: MaskedHeaders,
    ) -> _Answer:
        """What the first attempt that succeeds returns; raises when none is left."""
        content = self._encode(call)
        number = 1
        while True:
            try:
                return attempt(call, content, headers)
            except APIError as error:
                wait = self._wait_after(error, number, call)
                following = self._next_form(error, call)
            pause(wait)
            number += 1
            if following is not call:
                call, content = following, self._encode(following)
                headers = self._headers_for(call, streamed=True)

    def _exchange(self, call: Call, content: bytes | None, headers: MaskedHeaders) -> Reply:
        if call.is_summed and call.stream_form is not None:
            return self._sum(call.stream_form, self._open_stream(call, content, headers))
        seconds = call.own_timeout or self.answer_timeout
        with self.translate_errors(seconds):
            response = self._respond(call, content, headers, seconds)
            try:
                reply = self._reply(response.status_code, response.headers.raw, response.read())
            finally:
                response.close()
        return self._raise_for_status(reply)

    @staticmethod
    def _sum(form: StreamForm, stream: EventStream) -> Reply:
        """The plain answer that a stream adds up to."""
        reader = form.sum(stream.reply)
        with expect_whole_answer(), closing(batches(stream, reader)) as pieces:
            for batch in pieces:
                for _ in batch:
                    pass
        return replace(stream.reply, body=reader.body())

    def _open_stream(
        self, call: Call, content: bytes | None, headers: MaskedHeaders
    ) -> EventStream:
        seconds = self._stream_seconds(call)
        with self.translate_errors(seconds, streaming=True):
            response = self._respond(call, content, headers, seconds)
            try:
                reply = self._reply(
                    response.status_code,
                    response.headers.raw,
                    b"" if response.is_success else response.read(),
                )
                self._raise_for_status(reply)
            except BaseException:
                response.close()
                raise
        stream = EventStream(self, response, reply, seconds)
        stream.wait_for_first_event()
        return stream

    def _respond(
        self, call: Call, content: bytes | None, headers: MaskedHeaders, seconds: float
    ) -> httpx.Response:
        """Send a call; the answer's body is still to be read."""
        import httpx  # noqa: PLC0415 - paid at the first request, not at import

        url = self._base_url + call.target
        timeout = httpx.Timeout(seconds, connect=min(seconds, CONNECT_TIMEOUT))
        if (theirs := self._own_client) is not None:
            refuse_closed("http_client", theirs)
            # Used as it is: with its own headers, and its own timeout unless ours was given.
            insists = self._timeout_given or call.own_timeout is not None
            chosen = timeout if insists else theirs.timeout
            request = theirs.build_request(
                call.method, url, content=content, headers=headers, timeout=chosen
            )
            return theirs.send(request, stream=True)
        request = httpx.Request(
            call.method,
            self._url(url),
            content=content,
            headers=_masked_pairs(headers),
            extensions={"timeout": timeout.as_dict()},
        )
        return sync_transport(self._base_url, self._network).handle_request(request)

    def _url(self, url: str) -> httpx.URL:
        import httpx  # noqa: PLC0415 - paid at the first request, not at import

        if "?" in url:  # each call may have a query of its own
            return httpx.URL(url)
        if url not in self._urls:
            self._urls[url] = httpx.URL(url)
        return self._urls[url]

    def _library_errors(self) -> LibraryErrors:
        import httpx  # noqa: PLC0415 - paid at the first request, not at import

        return (httpx.TimeoutException,), (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError)


class _MaskedPairs(list[tuple[bytes, bytes]]):
    def __repr__(self) -> str:
        return f"[{len(self)} headers]"


def _masked_pairs(headers: MaskedHeaders) -> _MaskedPairs:
    return _MaskedPairs((name.encode("ascii"), value.encode()) for name, value in headers.items())


class EventStream:
    """The events of one streamed answer. Iterate once; `close` frees the connection at any time."""

    def __init__(
        self, transport: Transport, response: httpx.Response, reply: Reply, seconds: float
    ) -> None:
        self.reply = reply
        self._response = response
        self._batches = self._read(transport, seconds)
        self._first: list[Event] = []

    def wait_for_first_event(self) -> None:
        """Read until something came, so that a failure before it can still be retried."""
        try:
            self._first = next(self._batches, [])
        except BaseException:
            self.close()
            raise

    def __iter__(self) -> Iterator[list[Event]]:
        """Events as they come, those of one read together."""
        # Not a generator: leaving the loop early must not close what `drain` has yet to read.
        return chain((self._first,), self._batches)

    def _read(self, transport: Transport, seconds: float) -> Iterator[list[Event]]:
        decoder = decoder_for(self.reply.headers)
        latest = time.monotonic()
        with transport.translate_errors(seconds, streaming=True):
            for piece in self._pieces():
                if events := decoder.feed(piece):
                    yield events
                    latest = time.monotonic()
                elif time.monotonic() - latest > seconds:
                    # Comments keep the connection alive but say nothing.
                    raise transport.timeout_error(seconds, streaming=True)
            if events := decoder.flush():
                yield events

    def _pieces(self) -> Iterator[bytes]:
        # Streams are asked for uncompressed; the decoding iterator costs half as much again.
        encoded = "content-encoding" in self.reply.headers
        return self._response.iter_bytes() if encoded else self._response.iter_raw()

    def drain(self) -> None:
        """Read what little follows the end mark, so that the connection can be used again."""
        with suppress(APIError), _cut_after(self._response, DRAIN_TIMEOUT):
            # The answer is complete; at worst the connection is lost.
            for _ in self._batches:
                pass

    def close(self) -> None:
        """Give the connection back, or close it when the answer was not read to its end."""
        self._response.close()


@contextmanager
def _cut_after(response: httpx.Response, seconds: float) -> Iterator[None]:
    """Shut a connection whose server does not end the body in time: no timeout is that short."""
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
