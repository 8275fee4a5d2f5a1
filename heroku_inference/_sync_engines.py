"""The two ways to move bytes blocking: the process's own pool, and a caller's own `httpx.Client`.

The pool is httpcore's, which httpx itself sends through: httpx's requests and responses would be
a tenth of the cost of a call. What is rare, such as compressed bodies, is still left to httpx.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from heroku_inference._calls import refuse_closed
from heroku_inference._pools import CONNECT_TIMEOUT, pool_url, sync_pool

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterable, Iterator, Mapping

    import httpcore
    import httpx

    from heroku_inference._calls import LibraryErrors
    from heroku_inference._environment import NetworkEnvironment

__all__ = ["HttpcoreEngine", "HttpxEngine", "SyncResponse"]


class SyncResponse(Protocol):
    """An answer whose status has come and whose body is still to be read."""

    status: int

    def headers(self) -> Iterable[tuple[bytes, bytes]]:
        """Names and values as they came."""

    def read(self) -> bytes:
        """The whole body."""

    def pieces(self) -> Iterator[bytes]:
        """The body as it comes."""

    def socket(self) -> socket.socket | None:
        """What it comes through, if that is a socket."""

    def close(self) -> None:
        """Give the connection back when the body was read, else close it."""


class HttpcoreEngine:
    """The usual engine: a pool shared by all callers in the process."""

    def __init__(self, base_url: str, network: NetworkEnvironment) -> None:
        self._base_url = base_url
        self._network = network
        self._targets: dict[str, tuple[httpcore.URL, bytes]] = {}

    def send(
        self,
        method: str,
        url: str,
        content: bytes | None,
        headers: Mapping[str, str],
        seconds: float,
    ) -> SyncResponse:
        """Send a request and wait for the status of its answer."""
        import httpcore  # noqa: PLC0415 - paid at the first request, not at import

        target, host = self._target(url)
        pairs = _MaskedPairs((name.encode("ascii"), headers[name].encode()) for name in headers)
        if "host" not in headers:
            pairs.insert(0, (b"host", host))
        if content is not None:
            pairs.append((b"content-length", b"%d" % len(content)))
        timeout = {"read": seconds, "write": seconds, "pool": seconds}
        timeout["connect"] = min(seconds, CONNECT_TIMEOUT)
        request = httpcore.Request(
            method, target, headers=pairs, content=content, extensions={"timeout": timeout}
        )
        pool = sync_pool(self._base_url, self._network)
        return _HttpcoreResponse(pool.handle_request(request))

    def _target(self, url: str) -> tuple[httpcore.URL, bytes]:
        """A URL as the pool takes it, and the value of its `host` header."""
        import httpx  # noqa: PLC0415 - paid at the first request, not at import

        if url not in self._targets:
            parsed = httpx.URL(url)
            self._targets[url] = (pool_url(parsed), parsed.netloc)
        return self._targets[url]

    @staticmethod
    def errors() -> LibraryErrors:
        """What it raises for timeouts, and for other failures."""
        import httpcore  # noqa: PLC0415 - paid at the first request, not at import
        import httpx  # noqa: PLC0415

        return (httpcore.TimeoutException,), (
            httpcore.NetworkError,
            httpcore.ProtocolError,
            httpcore.ProxyError,
            httpcore.UnsupportedProtocol,
            httpx.DecodingError,
            httpx.InvalidURL,
        )


class _MaskedPairs(list[tuple[bytes, bytes]]):
    def __repr__(self) -> str:
        return f"[{len(self)} headers]"


class _HttpcoreResponse:
    def __init__(self, response: httpcore.Response) -> None:
        self._response = response
        self.status = response.status

    def headers(self) -> Iterable[tuple[bytes, bytes]]:
        return self._response.headers

    def read(self) -> bytes:
        return b"".join(self.pieces())

    def pieces(self) -> Iterator[bytes]:
        pieces = self._response.iter_stream()
        return self._decoded(pieces) if _is_encoded(self._response.headers) else pieces

    def _decoded(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        import httpx  # noqa: PLC0415 - loaded by now

        response = httpx.Response(self.status, headers=self._response.headers, content=pieces)
        return response.iter_bytes()

    def socket(self) -> socket.socket | None:
        return _socket_of(self._response)

    def close(self) -> None:
        self._response.close()


class HttpxEngine:
    """A caller's own client, used as it is and never closed."""

    def __init__(self, client: httpx.Client, *, use_its_timeout: bool) -> None:
        self._client = client
        self._use_its_timeout = use_its_timeout

    def send(
        self,
        method: str,
        url: str,
        content: bytes | None,
        headers: Mapping[str, str],
        seconds: float,
    ) -> SyncResponse:
        """Send a request and wait for the status of its answer."""
        import httpx  # noqa: PLC0415 - paid at the first request, not at import

        refuse_closed("http_client", self._client)
        timeout = (
            self._client.timeout
            if self._use_its_timeout
            else httpx.Timeout(seconds, connect=min(seconds, CONNECT_TIMEOUT))
        )
        request = self._client.build_request(
            method, url, content=content, headers=headers, timeout=timeout
        )
        return _HttpxResponse(self._client.send(request, stream=True))

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

    def read(self) -> bytes:
        return self._response.read()

    def pieces(self) -> Iterator[bytes]:
        # Streams are asked for uncompressed; the decoding iterator costs half as much again.
        encoded = _is_encoded(self._response.headers.raw)
        return self._response.iter_bytes() if encoded else self._response.iter_raw()

    def socket(self) -> socket.socket | None:
        return _socket_of(self._response)

    def close(self) -> None:
        self._response.close()


def _is_encoded(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    return any(name.lower() == b"content-encoding" for name, _ in headers)


def _socket_of(response: httpcore.Response | httpx.Response) -> socket.socket | None:
    stream = response.extensions.get("network_stream")
    connection: socket.socket | None = stream and stream.get_extra_info("socket")
    return connection
