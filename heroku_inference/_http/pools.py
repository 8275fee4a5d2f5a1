"""HTTP clients shared by everything in the process. The only file that builds them.

A client costs milliseconds (it loads the certificates) and holds the open connections, so there is
one for each API and network environment, made at first use; async clients live and die with their
event loop.

The sync engine is httpx2. The async engine is aiohttp: the async pool of httpx2 costs several times
its CPU with 64 requests in flight (`bench/`, row `ainvoke-64`).
"""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
from typing import TYPE_CHECKING, Final

from heroku_inference._errors import ConfigError
from heroku_inference._http.network import async_proxy, sync_proxy, tls_context
from heroku_inference._public_names import publish

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable

    import aiohttp
    import httpx2

    from heroku_inference._config.environment import NetworkEnvironment

__all__ = ["AsyncPool", "aclose_connections", "async_pool", "close_connections", "sync_client"]

_KEEP_ALIVE: Final = 30.0  # seconds; shorter than the idle limit of Heroku's routers
CONNECT_TIMEOUT: Final = 10.0  # seconds

_Key = tuple[str, "NetworkEnvironment", bool]

_lock = threading.Lock()
_sync_clients: dict[_Key, httpx2.Client] = {}
_async_pools: dict[tuple[int, _Key], AsyncPool] = {}


def sync_client(
    base_url: str, network: NetworkEnvironment, *, fresh: bool = False
) -> httpx2.Client:
    """The process's connections to an API; safe to use from many threads.

    Those of a `fresh` client are used once: nothing can have happened to them before.
    """
    key = (base_url, network, fresh)
    client = _sync_clients.get(key)
    if client is None:
        with _lock:
            client = _sync_clients.get(key)
            if client is None:
                client = _sync_clients[key] = _new_client(*key)
    return client


def _new_client(base_url: str, network: NetworkEnvironment, fresh: bool) -> httpx2.Client:
    import httpx2  # noqa: PLC0415 - paid at the first request, not at import

    from heroku_inference._http.watched_network import watch_connections  # noqa: PLC0415 - the same

    tls, proxy = tls_context(network), sync_proxy(base_url, network)
    transport = httpx2.HTTPTransport(
        verify=tls,
        proxy=proxy,
        limits=httpx2.Limits(
            max_connections=None,
            max_keepalive_connections=0 if fresh else 64,
            keepalive_expiry=_KEEP_ALIVE,
        ),
    )
    watch_connections(transport, tls, keep_alive=_KEEP_ALIVE, direct=proxy is None)
    # A client and not its transport alone: tools that trace calls hook into either.
    return httpx2.Client(transport=transport, timeout=None, trust_env=False)


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


async def async_pool(
    base_url: str, network: NetworkEnvironment, *, fresh: bool = False
) -> AsyncPool:
    """The running event loop's pool for an API. Pools of closed loops are let go.

    The connections of a `fresh` pool are used once: nothing can have happened to them before.

    Raises:
        ConfigError: No event loop runs in this process.
    """
    loop = _running_loop()
    key = (id(loop), (base_url, network, fresh))
    pool = _async_pools.get(key)
    if pool is not None and pool.loop is loop and not pool.session.closed:
        return pool
    from heroku_inference._http.aiohttp_session import new_session  # noqa: PLC0415 - with aiohttp

    _evict_closed_loops()
    proxy = async_proxy(base_url, network)
    pool = AsyncPool(loop, new_session(network, _KEEP_ALIVE, fresh=fresh), proxy)
    with _lock:
        _async_pools[key] = pool
    await pool.start()
    return pool


def _running_loop() -> asyncio.AbstractEventLoop:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        raise ConfigError(
            "No asyncio event loop runs in this process: it was forked while one ran, perhaps.",
            "Start a loop in the child, with asyncio.run(...), and make the call there.",
        ) from None


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
        clients = [_sync_clients.popitem()[1] for _ in range(len(_sync_clients))]
    for client in clients:
        client.close()


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
    _sync_clients.clear()
    _async_pools.clear()


atexit.register(close_connections)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)


publish(__name__)
