"""The two ways to move bytes asynchronously: aiohttp, and a caller's own client."""

from __future__ import annotations

import asyncio
import io
import zlib
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, Final, Protocol

from heroku_inference._http.pools import CONNECT_TIMEOUT, async_pool
from heroku_inference._http.transport_base import StaleConnectionError, errors_of, refuse_closed
from heroku_inference._own_clients import library_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping
    from contextlib import AbstractAsyncContextManager

    import aiohttp
    import yarl

    from heroku_inference._call import Call
    from heroku_inference._config.environment import NetworkEnvironment
    from heroku_inference._http.transport_base import LibraryErrors
    from heroku_inference._own_clients import AsyncHttpClient

__all__ = ["AiohttpEngine", "AsyncResponse", "HttpxEngine"]

_LARGE: Final = 2**20  # bytes

_MOST_TIMEOUTS: Final = 64


class AsyncResponse(Protocol):
    """An answer whose status has come and whose body is still to be read."""

    status: int
    decodes: bool
    """Whether the library decompresses the body."""

    def headers(self) -> Iterable[tuple[bytes, bytes]]:
        """Names and values as they came."""

    def pieces(self) -> AsyncIterator[bytes]:
        """The body as it comes."""

    async def close(self) -> None:
        """Give the connection back when the body was read, else close it."""


class AiohttpEngine:
    """The usual engine: a session shared by all callers on the running event loop."""

    def __init__(self, base_url: str, network: NetworkEnvironment) -> None:
        self._base_url = base_url
        self._network = network
        self._urls: dict[str, yarl.URL] = {}
        self._timeouts: dict[tuple[float, bool], aiohttp.ClientTimeout] = {}

    async def send(
        self,
        call: Call,
        content: bytes | None,
        headers: Mapping[str, str],
        seconds: float,
        *,
        fresh: bool,
        streamed: bool = False,
    ) -> AsyncResponse:
        """Send a request and wait for the status of its answer."""
        import aiohttp  # noqa: PLC0415 - paid at the first request, not at import

        from heroku_inference._http.aiohttp_session import opened  # noqa: PLC0415 - with aiohttp

        note: list[bool] = []
        token = opened.set(note)
        try:
            return await self._request(
                call, content, headers, seconds, streamed=streamed, fresh=fresh
            )
        except (
            aiohttp.ClientOSError,
            aiohttp.ServerDisconnectedError,
            aiohttp.ClientResponseError,  # what follows an earlier answer is no answer to this
        ) as error:
            if fresh or note or not isinstance(getattr(error, "message", ""), str):
                raise  # it is not an old connection, or part of an answer has come
            raise StaleConnectionError from None
        finally:
            opened.reset(token)

    async def _request(
        self,
        call: Call,
        content: bytes | None,
        headers: Mapping[str, str],
        seconds: float,
        *,
        streamed: bool,
        fresh: bool,
    ) -> AsyncResponse:
        pool = await async_pool(self._base_url, self._network, fresh=fresh)
        request = pool.session.request(
            call.method,
            self._url(self._base_url + call.target),
            data=_payload(content),
            headers=headers,
            timeout=self._timeout(seconds, whole=not streamed),
            proxy=pool.proxy,
            allow_redirects=False,
        )
        if not streamed:
            return _AiohttpResponse(await request)
        async with asyncio.timeout(seconds):  # for its status; then each event has as long
            return _AiohttpResponse(await request)

    @staticmethod
    def deadline(seconds: float) -> AbstractAsyncContextManager[object]:  # noqa: ARG004
        """Within this, a whole answer has `seconds`; the session sees to it."""
        return nullcontext()

    def _url(self, url: str) -> yarl.URL:
        import yarl  # noqa: PLC0415 - comes with aiohttp

        if "?" in url:  # each call may have a query of its own
            return yarl.URL(url, encoded=True)
        if url not in self._urls:
            self._urls[url] = yarl.URL(url)
        return self._urls[url]

    def _timeout(self, seconds: float, *, whole: bool) -> aiohttp.ClientTimeout:
        import aiohttp  # noqa: PLC0415 - paid at the first request, not at import

        key = (seconds, whole)
        if key not in self._timeouts:
            if len(self._timeouts) >= _MOST_TIMEOUTS:  # each call may have one of its own
                self._timeouts.clear()
            # `connect` covers what `sock_connect` alone leaves open: names and proxies.
            soon = min(seconds, CONNECT_TIMEOUT)
            self._timeouts[key] = aiohttp.ClientTimeout(
                total=seconds if whole else None,
                connect=soon,
                sock_connect=soon,
                sock_read=seconds,
            )
        return self._timeouts[key]

    @staticmethod
    def errors() -> LibraryErrors:
        """What it raises for timeouts, and for other failures."""
        import aiohttp  # noqa: PLC0415 - paid at the first request, not at import

        timeouts = (asyncio.TimeoutError, aiohttp.ServerTimeoutError)
        return timeouts, (aiohttp.ClientError, OSError, zlib.error)


def _payload(content: bytes | None) -> bytes | io.BytesIO | None:
    # aiohttp warns of large bytes, which it writes at once; pictures are that large.
    return io.BytesIO(content) if content and len(content) > _LARGE else content


class _AiohttpResponse:
    decodes = False

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response
        self.status = response.status

    def headers(self) -> Iterable[tuple[bytes, bytes]]:
        raw: Iterable[tuple[bytes, bytes]] | None = self._response.raw_headers
        if raw is None:  # the answer was played by vcrpy, which keeps only the readable form
            named = self._response.headers.items()
            return [(n.encode(), value.encode(errors="surrogateescape")) for n, value in named]
        return raw

    def pieces(self) -> AsyncIterator[bytes]:
        return self._response.content.iter_any()

    async def close(self) -> None:
        self._response.close()


class HttpxEngine:
    """A caller's own client of httpx2 or httpx, used as it is and never closed."""

    def __init__(self, client: AsyncHttpClient, base_url: str, *, use_its_timeout: bool) -> None:
        self._base_url = base_url
        self._client: Any = client
        self._library = library_of(client)
        self._use_its_timeout = use_its_timeout

    async def send(
        self,
        call: Call,
        content: bytes | None,
        headers: Mapping[str, str],
        seconds: float,
        *,
        fresh: bool,  # noqa: ARG002 - its connections are the caller's
        streamed: bool = False,  # noqa: ARG002 - its timeout bounds reads alone
    ) -> AsyncResponse:
        """Send a request and wait for the status of its answer."""
        refuse_closed("async_http_client", self._client)
        timeout = (
            self._client.timeout
            if self._use_its_timeout and call.own_timeout is None
            else self._library.Timeout(seconds, connect=min(seconds, CONNECT_TIMEOUT))
        )
        request = self._client.build_request(
            call.method,
            self._base_url + call.target,
            content=content,
            headers=headers,
            timeout=timeout,
        )
        return _HttpxResponse(await self._client.send(request, stream=True))

    def deadline(self, seconds: float) -> AbstractAsyncContextManager[object]:
        """Within this, a whole answer has `seconds`, unless the client's own timeout rules."""
        return asyncio.timeout(None if self._use_its_timeout else seconds)

    def errors(self) -> LibraryErrors:
        """What it raises for timeouts, and for other failures."""
        return errors_of(self._client)


class _HttpxResponse:
    decodes = True

    def __init__(self, response: Any) -> None:
        self._response = response
        self.status: int = response.status_code

    def headers(self) -> Iterable[tuple[bytes, bytes]]:
        raw: Iterable[tuple[bytes, bytes]] = self._response.headers.raw
        return raw

    def pieces(self) -> AsyncIterator[bytes]:
        pieces: AsyncIterator[bytes] = self._response.aiter_bytes()
        return pieces

    async def close(self) -> None:
        await self._response.aclose()
