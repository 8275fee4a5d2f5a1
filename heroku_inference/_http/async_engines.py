"""The two ways to move bytes asynchronously: aiohttp, and a caller's own `httpx.AsyncClient`."""

from __future__ import annotations

import asyncio
import io
from typing import TYPE_CHECKING, Final, Protocol

from heroku_inference._http.pools import CONNECT_TIMEOUT, async_pool
from heroku_inference._http.transport_base import refuse_closed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping

    import aiohttp
    import httpx
    import yarl

    from heroku_inference._config.environment import NetworkEnvironment
    from heroku_inference._http.transport_base import LibraryErrors

__all__ = ["AiohttpEngine", "AsyncResponse", "HttpxEngine"]

_LARGE: Final = 2**20  # bytes

_MOST_TIMEOUTS: Final = 64


class AsyncResponse(Protocol):
    """An answer whose status has come and whose body is still to be read."""

    status: int

    def headers(self) -> Iterable[tuple[bytes, bytes]]:
        """Names and values as they came."""

    async def read(self) -> bytes:
        """The whole body."""

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
        self._timeouts: dict[float, aiohttp.ClientTimeout] = {}

    async def send(
        self,
        method: str,
        url: str,
        content: bytes | None,
        headers: Mapping[str, str],
        seconds: float,
        *,
        insists: bool,  # noqa: ARG002 - this engine has no timeout of its own
    ) -> AsyncResponse:
        """Send a request and wait for the status of its answer."""
        pool = await async_pool(self._base_url, self._network)
        response = await pool.session.request(
            method,
            self._url(url),
            data=_payload(content),
            headers=headers,
            timeout=self._timeout(seconds),
            proxy=pool.proxy,
            allow_redirects=False,
        )
        return _AiohttpResponse(response)

    def _url(self, url: str) -> yarl.URL:
        import yarl  # noqa: PLC0415 - comes with aiohttp

        if "?" in url:  # each call may have a query of its own
            return yarl.URL(url, encoded=True)
        if url not in self._urls:
            self._urls[url] = yarl.URL(url)
        return self._urls[url]

    def _timeout(self, seconds: float) -> aiohttp.ClientTimeout:
        import aiohttp  # noqa: PLC0415 - paid at the first request, not at import

        if seconds not in self._timeouts:
            if len(self._timeouts) >= _MOST_TIMEOUTS:  # each call may have one of its own
                self._timeouts.clear()
            # `connect` covers what `sock_connect` alone leaves open: names and proxies.
            soon = min(seconds, CONNECT_TIMEOUT)
            self._timeouts[seconds] = aiohttp.ClientTimeout(
                total=None, connect=soon, sock_connect=soon, sock_read=seconds
            )
        return self._timeouts[seconds]

    @staticmethod
    def errors() -> LibraryErrors:
        """What it raises for timeouts, and for other failures."""
        import aiohttp  # noqa: PLC0415 - paid at the first request, not at import

        timeouts = (asyncio.TimeoutError, aiohttp.ServerTimeoutError)
        return timeouts, (aiohttp.ClientError, OSError)


def _payload(content: bytes | None) -> bytes | io.BytesIO | None:
    # aiohttp warns of large bytes, which it writes at once; pictures are that large.
    return io.BytesIO(content) if content and len(content) > _LARGE else content


class _AiohttpResponse:
    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response
        self.status = response.status

    def headers(self) -> Iterable[tuple[bytes, bytes]]:
        return self._response.raw_headers

    async def read(self) -> bytes:
        return await self._response.read()

    def pieces(self) -> AsyncIterator[bytes]:
        return self._response.content.iter_any()

    async def close(self) -> None:
        self._response.close()


class HttpxEngine:
    """A caller's own client, used as it is and never closed."""

    def __init__(self, client: httpx.AsyncClient, *, use_its_timeout: bool) -> None:
        self._client = client
        self._use_its_timeout = use_its_timeout

    async def send(
        self,
        method: str,
        url: str,
        content: bytes | None,
        headers: Mapping[str, str],
        seconds: float,
        *,
        insists: bool,
    ) -> AsyncResponse:
        """Send a request and wait for the status of its answer.

        With `insists` the seconds replace the timeout of the client.
        """
        import httpx  # noqa: PLC0415 - paid at the first request, not at import

        refuse_closed("async_http_client", self._client)
        timeout = (
            self._client.timeout
            if self._use_its_timeout and not insists
            else httpx.Timeout(seconds, connect=min(seconds, CONNECT_TIMEOUT))
        )
        request = self._client.build_request(
            method, url, content=content, headers=headers, timeout=timeout
        )
        return _HttpxResponse(await self._client.send(request, stream=True))

    @staticmethod
    def errors() -> LibraryErrors:
        """What it raises for timeouts, and for other failures."""
        import httpx  # noqa: PLC0415 - paid at the first request, not at import

        return (httpx.TimeoutException,), (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError)


class _HttpxResponse:
    def __init__(self, response: httpx.Response) -> None:
        self._response = response
        self.status = response.status_code

    def headers(self) -> Iterable[tuple[bytes, bytes]]:
        return self._response.headers.raw

    async def read(self) -> bytes:
        return await self._response.aread()

    def pieces(self) -> AsyncIterator[bytes]:
        return self._response.aiter_bytes()

    async def close(self) -> None:
        await self._response.aclose()
