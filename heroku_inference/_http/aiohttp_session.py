"""The aiohttp sessions of this library. Loaded with the first request, as aiohttp is."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final

import aiohttp

from heroku_inference._http.network import tls_context

if TYPE_CHECKING:
    from heroku_inference._config.environment import NetworkEnvironment

__all__ = ["new_session", "opened"]

opened: Final[ContextVar[list[bool]]] = ContextVar("opened")
"""Gets an entry when a connection is opened for the request that is being sent."""


class _Connector(aiohttp.TCPConnector):
    # The one method that aiohttp leaves to connectors: whoever calls it found none to use again.
    async def _create_connection(self, *args: Any, **kwargs: Any) -> Any:
        if (note := opened.get(None)) is not None:
            note.append(True)
        return await super()._create_connection(*args, **kwargs)


def new_session(
    network: NetworkEnvironment, keep_alive: float, *, fresh: bool
) -> aiohttp.ClientSession:
    """A session whose connections idle for up to `keep_alive` seconds, or are used once."""
    tls = tls_context(network)
    connector = (
        _Connector(limit=0, force_close=True, ssl=tls)
        if fresh
        else _Connector(limit=0, keepalive_timeout=keep_alive, ssl=tls)
    )
    session = aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        # Bodies are bounded while they are unpacked, so that is not left to aiohttp.
        auto_decompress=False,
        # Proxies are looked up once per pool; aiohttp would look at every request.
        trust_env=False,
    )
    _repeat_nothing(session)
    return session


def _repeat_nothing(session: aiohttp.ClientSession) -> None:
    # It would repeat a failed GET by itself, and has no public way in all releases that we take
    # to be told not to (middlewares came with 3.12). A release without this still makes calls.
    if hasattr(session, "_retry_connection"):
        session._retry_connection = False  # noqa: SLF001
