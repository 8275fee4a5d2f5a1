"""HTTP clients shared by everything in the process. The only file that builds them.

A client costs milliseconds (it loads the certificates) and holds the open connections, so there is
one for each API and network environment, made at first use; async clients live and die with their
event loop.

The sync engine is httpx. The async engine is aiohttp: httpx's own async pool costs CPU that grows
with the square of the requests in flight (`bench/`, row `ainvoke-64`).
"""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
from typing import TYPE_CHECKING, Final

from heroku_inference._http.network import async_proxy, sync_proxy, tls_context
from heroku_inference._public_names import publish

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable

    import aiohttp
    import httpx

    from heroku_inference._config.environment import NetworkEnvironment

__all__ = ["AsyncPool", "aclose_connections", "async_pool", "close_connections", "sync_transport"]

_KEEP_ALIVE: Final = 30.0  # seconds; shorter than the idle limit of Heroku's routers
CONNECT_TIMEOUT: Final = 10.0  # seconds

_Key = tuple[str, "NetworkEnvironment"]

_lock = threading.Lock()
_sync_transports: dict[_Key, httpx.HTTPTransport] = {}
_async_pools: dict[tuple[int, _Key], AsyncPool] = {}


def sync_transport(base_url: str, network: NetworkEnvironment) -> httpx.HTTPTransport:
    """The process's connections to an API; safe to use from many threads.

    An `httpx.HTTPTransport`, not a `Client`: cookies, redirects and credential look-ups would be
    a sixth of the cost of a call, and the API uses none of them.
    """
    key = (base_url, network)
    transport = _sync_transports.get(key)
    if transport is None:
        with _lock:
            transport = _sync_transports.get(key)
            if transport is None:
                transport = _sync_transports[key] = _new_transport(*key)
    return transport


def _new_transport(base_url: str, network: NetworkEnvironment) -> httpx.HTTPTransport:
    import httpx  # noqa: PLC0415 - paid at the first request, not at import

    return httpx.HTTPTransport(
        verify=tls_context(network),
        proxy=sync_proxy(base_url, network),
        limits=httpx.Limits(
            max_connections=None,
            max_keepalive_connections=64,
            keepalive_expiry=_KEEP_ALIVE,
        ),
    )


class AsyncPool:
    """The aiohttp session of one event loop for one API, and the proxy to use with it."""

    __slots__ = ("_keeper", "loop", "proxy", "session")

    def __init__(
        self, loop: asyncio.AbstractEventLoop, session: aiohttp.ClientSession, proxy: str | None
    ) -> None:
        self.loop = loop
        self.session = session
        self.proxy = proxy
        self._keeper = _closing_with_the_loop(session)

    async def start(self) -> None:
        """Tie the session to the loop: `asyncio.run` closes what its generators hold open."""
        await anext(self._keeper)

    async def close(self) -> None:
        """Close the session and all its connections."""
        await self._keeper.aclose()


async def _closing_with_the_loop(session: aiohttp.ClientSession) -> AsyncGenerator[None, None]:
    try:
        yield
    finally:
        await session.close()


async def async_pool(base_url: str, network: NetworkEnvironment) -> AsyncPool:
    """The running event loop's pool for an API. Pools of closed loops are let go."""
    loop = asyncio.get_running_loop()
    key = (id(loop), (base_url, network))
    pool = _async_pools.get(key)
    if pool is not None and pool.loop is loop and not pool.session.closed:
        return pool
    _evict_closed_loops()
    proxy = async_proxy(base_url, network)
    pool = AsyncPool(loop, _new_session(network), proxy)
    with _lock:
        _async_pools[key] = pool
    await pool.start()
    return pool


def _new_session(network: NetworkEnvironment) -> aiohttp.ClientSession:
    import aiohttp  # noqa: PLC0415 - paid at the first request, not at import

    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            limit=0, keepalive_timeout=_KEEP_ALIVE, ssl=tls_context(network)
        ),
        cookie_jar=aiohttp.DummyCookieJar(),
        # Proxies are looked up once per pool, below; aiohttp would look at every request.
        trust_env=False,
    )
    _repeat_nothing(session)
    return session


def _repeat_nothing(session: aiohttp.ClientSession) -> None:
    # It would repeat a failed GET by itself, and has no public way in all releases that we take
    # to be told not to (middlewares came with 3.12). A release without this still makes calls.
    if hasattr(session, "_retry_connection"):
        session._retry_connection = False  # noqa: SLF001


def _evict_closed_loops() -> None:
    with _lock:
        gone = [key for key, pool in _async_pools.items() if pool.loop.is_closed()]
        pools = [_async_pools.pop(key) for key in gone]
    for pool in pools:
        connector = pool.session.connector
        pool.session.detach()
        if connector is not None:
            _finish(connector.close())


def _finish(closing: Awaitable[None]) -> None:
    """Run what has nothing left to wait for: the loop it would wait on is closed."""
    # aiohttp awaits nothing then, and complains in the log about connectors nobody closed.
    next(closing.__await__(), None)


def close_connections() -> None:
    """Close the connections that blocking calls of this process hold open.

    There is no need to: connections that idled for half a minute are not used again, and all of
    them close when the process ends. The next call opens new ones. Do not call it while others
    are in a call.
    """
    with _lock:
        transports = [_sync_transports.popitem()[1] for _ in range(len(_sync_transports))]
    for transport in transports:
        transport.close()


async def aclose_connections() -> None:
    """Close the connections that calls on the running event loop hold open.

    There is no need to where `asyncio.run` or the like ends the loop: that closes them.
    """
    loop = asyncio.get_running_loop()
    with _lock:
        ours = [key for key, pool in _async_pools.items() if pool.loop is loop]
        pools = [_async_pools.pop(key) for key in ours]
    for pool in pools:
        await pool.close()


def _forget_all() -> None:
    # A child process must not write on its parent's connections.
    global _lock  # noqa: PLW0603 - the parent may have held it while forking
    _lock = threading.Lock()
    _sync_transports.clear()
    _async_pools.clear()


atexit.register(close_connections)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)


publish(__name__)
