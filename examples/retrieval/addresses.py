"""The address of a database: as Heroku writes it, and as each driver reads it. Pure."""

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
"""What SQLAlchemy can hand to asyncpg, by the name that everything else knows it by."""


def postgresql_address(url: str) -> str:
    """The address that psycopg, psycopg2 and libpq take, from one in Heroku's form.

    Heroku sets the scheme `postgres://`, which SQLAlchemy refuses. Parameters stay: `sslmode` says
    whether the connection is encrypted. Heroku's servers take no other (docs: Connecting to Heroku
    Postgres), but do not say so in the address; so an address in Heroku's form that leads to
    another machine and says nothing gets `sslmode=require`, as long as PGSSLMODE says nothing.

    Raises:
        InputError: It is no such address; the message shows no part of it.
    """
    scheme, _, rest = url.partition("://")
    if scheme not in {"postgres", "postgresql"}:
        raise InputError("DATABASE_URL is not the address of a PostgreSQL (postgres://...)")
    address = f"postgresql://{rest}"
    parts = _parts(address)
    if parts is None or not _is_clear(address, parts):
        # In our words: libpq's quote what it stumbled over, which may be a part of the password.
        raise InputError(
            "DATABASE_URL cannot be read as postgres://USER:PASSWORD@HOST:PORT/NAME: "
            "spaces and characters like @ / : % in its parts must be percent-encoded"
        )
    if scheme == "postgres" and "sslmode" not in parts and _is_remote(parts) and not _env_says():
        return f"{address}{'&' if '?' in address else '?'}sslmode=require"
    return address


def _parts(address: str) -> dict[str, str] | None:
    """What libpq reads in an address; `None` where it reads nothing."""
    try:
        return {name: str(value) for name, value in conninfo_to_dict(address).items()}
    except (psycopg.Error, ValueError):
        return None


def _is_clear(address: str, parts: dict[str, str]) -> bool:
    """Whether no piece of a password is taken for something else."""
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
    """Whether PGSSLMODE is set, which libpq and asyncpg read where the address says nothing."""
    (mode,) = (option for option in Conninfo.get_defaults() if option.keyword == b"sslmode")
    return mode.val != mode.compiled


def for_sqlalchemy(address: str, driver: Driver = "psycopg") -> str:
    """The same address for SQLAlchemy, with the driver named.

    `psycopg` works blocking and async, and takes every parameter. asyncpg knows `sslmode` as `ssl`.

    Raises:
        InputError: A parameter of the address cannot be said to asyncpg this way.
    """
    rest = address.partition("://")[2]
    if driver != "asyncpg":
        return f"postgresql+{driver}://{rest}"
    place, _, query = rest.partition("?")
    parameters = parse_qsl(query, keep_blank_values=True)
    unknown = [name for name, _ in parameters if name not in _FOR_ASYNCPG]
    if unknown:
        raise InputError(f"asyncpg takes no {unknown[0]} from DATABASE_URL: use psycopg")
    said = urlencode([(_FOR_ASYNCPG[name], value) for name, value in parameters])
    return f"postgresql+asyncpg://{place}{'?' if said else ''}{said}"
