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
        except psycopg.OperationalError as error:
            if error.sqlstate is None:
                # The text of a failed connection may repeat the connection string.
                return failed(f"the database cannot be reached ({type(error).__name__})")
            return failed(str(error).strip())
        except psycopg.ProgrammingError as error:
            if error.sqlstate is None and "connection" in str(error):
                return failed("database_url is no connection string")
            return failed(str(error).strip())
        except psycopg.Error as error:
            return failed(str(error).strip())

    return await run_sync(asked, abandon_on_cancel=True)


@contextlib.contextmanager
def _connected(url: str, seconds: int) -> Iterator[psycopg.Connection[Any]]:
    import psycopg  # noqa: PLC0415 - as above

    options = f"-c statement_timeout={seconds * 1000}"
    with psycopg.connect(url, connect_timeout=_PATIENCE, options=options) as connection:
        connection.read_only = True
        # What a superuser may do beyond tables (files, programs), a reader of all data may not.
        if connection.info.parameter_status("is_superuser") == "on":
            connection.execute("SET LOCAL ROLE pg_read_all_data")
        try:
            yield connection
        finally:
            connection.rollback()
