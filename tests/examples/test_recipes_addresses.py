"""DATABASE_URL in Heroku's form, as every driver reads it; TLS survives the translation."""

from __future__ import annotations

import asyncio
import importlib
import socket
import struct
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy
from sqlalchemy.ext.asyncio import create_async_engine

EXAMPLES = Path(__file__).parents[2] / "examples"
DRIVERS = ["psycopg", "psycopg2", "asyncpg"]
TLS_REQUEST = 80877103
PLAIN_START = 196608
PASSWORD = "p@ss/w:o%r+d ü&=?#"
ENCODED = "p%40ss%2Fw%3Ao%25r+d%20%C3%BC%26%3D%3F%23"


@pytest.fixture
def addresses(monkeypatch):
    monkeypatch.syspath_prepend(str(EXAMPLES))
    monkeypatch.delenv("PGSSLMODE", raising=False)
    return importlib.import_module("retrieval.addresses")


@pytest.mark.parametrize(
    ("given", "address"),
    [
        (
            "postgres://u:p@db.example.com:5432/d",
            "postgresql://u:p@db.example.com:5432/d?sslmode=require",
        ),
        (
            "postgres://u:p@db.example.com/d?a=1",
            "postgresql://u:p@db.example.com/d?a=1&sslmode=require",
        ),
        ("postgres://u:p@h/d?sslmode=verify-full", "postgresql://u:p@h/d?sslmode=verify-full"),
        ("postgres://u:p@h/d?sslmode=disable", "postgresql://u:p@h/d?sslmode=disable"),
        ("postgresql://u:p@h/d", "postgresql://u:p@h/d"),
        ("postgres://u:p@127.0.0.1:5432/d", "postgresql://u:p@127.0.0.1:5432/d"),
        ("postgres://u:p@localhost/d", "postgresql://u:p@localhost/d"),
        ("postgres://u:p@[::1]/d", "postgresql://u:p@[::1]/d"),
        ("postgres://u:@/d?host=/var/run", "postgresql://u:@/d?host=/var/run"),
        (
            "postgres://u:p@localhost,far.example.com/d",
            "postgresql://u:p@localhost,far.example.com/d?sslmode=require",
        ),
    ],
    ids=[
        "heroku",
        "parameters",
        "said",
        "switched-off",
        "not-herokus",
        "ipv4",
        "name",
        "ipv6",
        "socket",
        "several",
    ],
)
def test_tls_is_required_of_herokus_databases_unless_the_address_says_else(
    addresses, given, address
):
    assert addresses.postgresql_address(given.replace("a=1", "connect_timeout=1")) == (
        address.replace("a=1", "connect_timeout=1")
    )


def test_the_environment_may_say_it_too(addresses, monkeypatch):
    monkeypatch.setenv("PGSSLMODE", "verify-full")
    assert "sslmode" not in addresses.postgresql_address("postgres://u:p@far.example.com/d")


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("scheme", ["postgres", "postgresql"])
def test_required_tls_is_requested_and_its_refusal_is_final(addresses, driver, scheme):
    with listener() as (port, heard):
        url = f"{scheme}://user:secret@127.0.0.1:{port}/data?sslmode=require"
        failure = connect(addresses, addresses.postgresql_address(url), driver)
    assert heard[0] == TLS_REQUEST
    assert PLAIN_START not in heard
    assert "secret" not in f"{failure!r} {failure}"


@pytest.mark.parametrize("driver", DRIVERS)
def test_the_password_arrives_as_it_is(addresses, driver):
    with listener() as (port, heard):
        url = f"postgres://user:{ENCODED}@127.0.0.1:{port}/data?sslmode=disable"
        failure = connect(addresses, addresses.postgresql_address(url), driver)
    assert heard[:2] == [PLAIN_START, PASSWORD]
    assert PASSWORD not in f"{failure!r} {failure}"
    assert ENCODED not in f"{failure!r} {failure}"


def test_asyncpg_gets_its_options_in_its_own_form(addresses):
    with pytest.raises(Exception, match="asyncpg takes no sslrootcert") as refusal:
        addresses.for_sqlalchemy("postgresql://u:secret@h/d?sslrootcert=x", "asyncpg")
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_socket_is_found_by_every_driver(addresses, database, driver):
    address = addresses.postgresql_address(database.replace("postgresql:", "postgres:"))
    assert connect(addresses, address, driver) is None


def test_an_engine_shows_no_password(addresses):
    address = addresses.postgresql_address(f"postgres://u:{ENCODED}@127.0.0.1/d")
    engine = sqlalchemy.create_engine(addresses.for_sqlalchemy(address))
    assert engine.url.password == PASSWORD
    assert PASSWORD not in f"{engine!r} {engine.url}"
    assert ENCODED not in f"{engine!r} {engine.url}"


def connect(addresses, address, driver):
    """Connects by way of SQLAlchemy; returns what went wrong."""
    url = addresses.for_sqlalchemy(address, driver)
    try:
        if driver == "asyncpg":
            asyncio.run(connect_awaited(url))
        else:
            engine = sqlalchemy.create_engine(url)
            with engine.connect() as connection:
                assert connection.scalar(sqlalchemy.text("SELECT 1")) == 1
            engine.dispose()
    except Exception as error:  # noqa: BLE001 - each driver has errors of its own
        return error
    return None


async def connect_awaited(url):
    engine = create_async_engine(url)
    try:
        async with engine.connect() as connection:
            assert await connection.scalar(sqlalchemy.text("SELECT 1")) == 1
    finally:
        await engine.dispose()


@contextmanager
def listener():
    """A server that has no TLS, asks for the password and hangs up; and what it heard."""
    heard: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve, args=(server, heard))
        thread.start()
        yield server.getsockname()[1], heard
        server.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def serve(server, heard):
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        with connection, connection.makefile("rb") as stream:
            connection.settimeout(5)
            while head := stream.read(8):
                size, code = struct.unpack("!II", head)
                heard.append(code)
                stream.read(size - 8)
                if code == TLS_REQUEST:
                    connection.sendall(b"N")
                    continue
                connection.sendall(b"R" + struct.pack("!II", 8, 3))
                _, size = struct.unpack("!cI", stream.read(5))
                heard.append(stream.read(size - 4)[:-1].decode())
                break
