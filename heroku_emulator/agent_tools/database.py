"""A read-only look into a database, for the tools that Heroku offers for followers only."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from anyio.to_thread import run_sync

from heroku_emulator.agent_tools.tool import Outcome, cut, failed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import psycopg

    from heroku_emulator.agent_tools.tool import Job

__all__ = ["ask"]

_PATIENCE = 5  # seconds for a connection
_NO_DATABASE = (
    "there is no database here. Name one with Emulator(database_url=...), or "
    "`python -m heroku_emulator --database-url ...`."
)


class _NoConnection(Exception):  # noqa: N818 - what the tool says of the database
    """There is no connection; the message says why, without the connection string."""


async def ask(job: Job, question: Callable[[psycopg.Connection[Any]], str]) -> Outcome:
    """Asks in a transaction that can only read and that ends when its time is up."""
    url = job.database_url
    if url is None:
        return failed(_NO_DATABASE)
    try:
        import psycopg  # noqa: PLC0415 - needs the extra `demo`
    except ModuleNotFoundError:
        return failed("the postgres tools need the extra `demo` of heroku-inference here")

    def asked() -> Outcome:
        try:
            with _connected(url, job.seconds) as connection:
                return Outcome(cut(question(connection)))
        except (_NoConnection, psycopg.Error) as error:
            return failed(str(error).strip())

    return await run_sync(asked, abandon_on_cancel=True)


@contextlib.contextmanager
def _connected(url: str, seconds: int) -> Iterator[psycopg.Connection[Any]]:
    import psycopg  # noqa: PLC0415 - as above

    try:
        opened = psycopg.connect(url, connect_timeout=_PATIENCE)
    # What such errors say may repeat the connection string, and its password with it.
    except psycopg.OperationalError:
        raise _NoConnection("the database cannot be reached") from None
    except psycopg.Error:
        raise _NoConnection("database_url is no connection string") from None
    with opened as connection:
        connection.read_only = True
        connection.execute(f"SET LOCAL statement_timeout = {seconds * 1000}".encode())
        # What a superuser may do beyond tables (files, programs), a reader of all data may not.
        if connection.info.parameter_status("is_superuser") == "on":
            connection.execute("SET LOCAL ROLE pg_read_all_data")
        try:
            yield connection
        finally:
            connection.rollback()
