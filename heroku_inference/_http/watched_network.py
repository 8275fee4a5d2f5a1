"""Blocking connections that keep the deadline of an attempt, and tell its watch what came.

Loaded with the first request, as the library is.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import httpcore2

from heroku_inference._http.plain_connections import PlainConnection, fits_library
from heroku_inference._http.watch import here

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable

    import httpx2

__all__ = ["watch_connections"]


class _Stream(httpcore2.NetworkStream):
    def __init__(self, stream: httpcore2.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        watch = here.watch
        if watch is None:
            return self._stream.read(max_bytes, timeout)
        data = self._stream.read(max_bytes, watch.limit(timeout))
        if data:
            watch.received = True
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        watch = here.watch
        self._stream.write(buffer, timeout if watch is None else watch.limit(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        watch = here.watch
        seconds = timeout if watch is None else watch.limit(timeout)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, seconds))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _Network(httpcore2.SyncBackend):
    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        watch = here.watch
        if watch is not None:
            watch.opened = True
            timeout = watch.limit(timeout)
        return _Stream(super().connect_tcp(host, port, timeout, local_address, socket_options))


def watch_connections(
    transport: httpx2.HTTPTransport, tls: ssl.SSLContext, *, keep_alive: float, direct: bool
) -> None:
    """Make the connections that this transport opens from now on watched ones.

    Args:
        transport: The transport.
        tls: Its certificates.
        keep_alive: Seconds that a connection may idle.
        direct: Whether it goes through no proxy: then its connections are plain ones, too.
    """
    # httpcore2 takes a network backend and connections, and httpx2 does not pass them on.
    pool, network = transport._pool, _Network()  # noqa: SLF001
    pool._network_backend = network  # noqa: SLF001
    if direct and fits_library():
        pool.create_connection = partial(  # type: ignore[method-assign]
            PlainConnection, ssl_context=tls, keepalive_expiry=keep_alive, network_backend=network
        )
