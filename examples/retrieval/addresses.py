"""The address of a database: from Heroku's form to that of each driver."""

from __future__ import annotations

from typing import Literal
from urllib.parse import parse_qsl, urlencode

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import Conninfo

from retrieval.errors import InputError

__all__ = ["Driver", "for_sqlalchemy", "postgresql_address"]

Driver = Literal["psycopg", "psycopg2", "asyncpg"]

_FOR_ASYNCPG = {
    "host": "host",
    "port": "port",
    "sslmode": "ssl",
    "target_session_attrs": "target_session_attrs",
}
"""Maps the common name of each parameter that asyncpg takes through SQLAlchemy to asyncpg's."""


def postgresql_address(url: str) -> str:
    """Translates an address in Heroku's form to one for psycopg, psycopg2 and libpq.

    Heroku sets the scheme `postgres://`, which SQLAlchemy refuses. Parameters stay: `sslmode` says
    whether the connection is encrypted. Heroku's servers accept only encrypted connections (docs:
    Connecting to Heroku Postgres), but the address does not say so. So an address in Heroku's form
    to another machine gets `sslmode=require` if neither it nor PGSSLMODE sets a mode.

    Raises:
        InputError: The address cannot be read; the message shows no part of it.
    """
    scheme, _, rest = url.partition("://")
    if scheme not in {"postgres", "postgresql"}:
        raise InputError("DATABASE_URL is not the address of a PostgreSQL (postgres://...)")
    address = f"postgresql://{rest}"
    parts = _parts(address)
    if parts is None or not _is_clear(address, parts):
        # In our own words, because libpq's message quotes the address, maybe the password.
        raise InputError(
            "DATABASE_URL cannot be read as postgres://USER:PASSWORD@HOST:PORT/NAME: "
            "spaces and characters like @ / : % in its parts must be percent-encoded"
        )
    if scheme == "postgres" and "sslmode" not in parts and _is_remote(parts) and not _env_says():
        return f"{address}{'&' if '?' in address else '?'}sslmode=require"
    return address


def _parts(address: str) -> dict[str, str] | None:
    """Returns the parts that libpq finds in an address; `None` if it cannot read the address."""
    try:
        return {name: str(value) for name, value in conninfo_to_dict(address).items()}
    except (psycopg.Error, ValueError):
        return None


def _is_clear(address: str, parts: dict[str, str]) -> bool:
    """Says whether libpq took every part of the password for the password."""
    authority, _, path = address.partition("://")[2].partition("/")
    name = path.partition("?")[0]
    ports = parts.get("port", "").split(",")
    return (
        authority.count("@") <= 1
        and "@" not in name
        and all(port == "" or port.isdecimal() for port in ports)
    )


def _is_remote(parts: dict[str, str]) -> bool:
    hosts = (parts.get("hostaddr") or parts.get("host", "")).split(",")
    return not all(
        host in {"", "localhost", "::1"} or host.startswith(("/", "@", "127.")) for host in hosts
    )


def _env_says() -> bool:
    """Says whether PGSSLMODE is set, which libpq and asyncpg read if the address has no mode."""
    (mode,) = (option for option in Conninfo.get_defaults() if option.keyword == b"sslmode")
    return mode.val != mode.compiled


def for_sqlalchemy(address: str, driver: Driver = "psycopg") -> str:
    """Translates the address for SQLAlchemy, naming the driver.

    `psycopg` works blocking and async, and takes every parameter. asyncpg calls `sslmode` `ssl`.

    Raises:
        InputError: asyncpg does not take a parameter of the address.
    """
    rest = address.partition("://")[2]
    if driver != "asyncpg":
        return f"postgresql+{driver}://{rest}"
    place, _, query = rest.partition("?")
    parameters = parse_qsl(query, keep_blank_values=True)
    unknown = [name for name, _ in parameters if name not in _FOR_ASYNCPG]
    if unknown:
        raise InputError(f"asyncpg takes no {unknown[0]} from DATABASE_URL: use psycopg")
    translated = urlencode([(_FOR_ASYNCPG[name], value) for name, value in parameters])
    return f"postgresql+asyncpg://{place}{'?' if translated else ''}{translated}"
