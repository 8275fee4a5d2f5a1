"""Read-only access to a database, for the tools that Heroku offers for followers only."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from anyio.to_thread import run_sync

from heroku_emulator.agent_tools.tool import Outcome, failure, truncate

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


class _NoConnection(Exception):  # noqa: N818 - becomes a result of the tool
    """There is no connection; the message says why, without the connection string."""


async def ask(job: Job, question: Callable[[psycopg.Connection[Any]], str]) -> Outcome:
    """Asks in a read-only transaction with a time limit."""
    url = job.database_url
    if url is None:
        return failure(_NO_DATABASE)
    try:
        import psycopg  # noqa: PLC0415 - needs the extra `demo`
    except ModuleNotFoundError:
        return failure("the postgres tools need the extra `demo` of heroku-inference here")

    def run() -> Outcome:
        try:
            with _connect(url, job.seconds) as connection:
                return Outcome(truncate(question(connection)))
        except (_NoConnection, psycopg.Error) as error:
            return failure(str(error).strip())

    return await run_sync(run, abandon_on_cancel=True)


@contextlib.contextmanager
def _connect(url: str, seconds: int) -> Iterator[psycopg.Connection[Any]]:
    import psycopg  # noqa: PLC0415 - as above

    try:
        opened = psycopg.connect(url, connect_timeout=_PATIENCE)
    # Such errors may repeat the connection string, and with it the password.
    except psycopg.OperationalError:
        raise _NoConnection("the database cannot be reached") from None
    except psycopg.Error:
        raise _NoConnection("database_url is not a connection string") from None
    with opened as connection:
        connection.read_only = True
        connection.execute(f"SET LOCAL statement_timeout = {seconds * 1000}".encode())
        # A superuser can also reach files and programs; this role cannot.
        if connection.info.parameter_status("is_superuser") == "on":
            connection.execute("SET LOCAL ROLE pg_read_all_data")
        try:
            yield connection
        finally:
            connection.rollback()
