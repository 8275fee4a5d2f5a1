"""Connections to the database for a program that serves many users at once."""

from __future__ import annotations

from typing import Any, TypeAlias

from psycopg import AsyncConnection
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool

from retrieval.addresses import postgresql_address

__all__ = ["Pool", "open_pool"]

Pool: TypeAlias = AsyncConnectionPool[AsyncConnection[dict[str, Any]]]

MOST_CONNECTIONS = 8
"""An `essential-0` takes 20, and during a release the old dyno runs beside the new one."""


def open_pool(url: str) -> Pool:
    """Makes a pool of connections; `async with` opens it.

    It tries each connection before it lends it, and makes a new one for one that is broken: so
    the app outlives a restart of PostgreSQL, as Heroku does for maintenance.

    Raises:
        InputError: The address cannot be read.
    """
    return AsyncConnectionPool(
        postgresql_address(url),
        min_size=1,
        max_size=MOST_CONNECTIONS,
        timeout=10,
        check=AsyncConnectionPool.check_connection,
        open=False,
        kwargs={
            "autocommit": True,
            "row_factory": dict_row,
            "prepare_threshold": 0,
            "connect_timeout": 5,
        },
    )
