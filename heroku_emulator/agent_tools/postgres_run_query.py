"""`postgres_run_query`: one query, read-only."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from heroku_emulator.agent_tools.database import ask
from heroku_emulator.agent_tools.tool import Kind, Outcome, failed, one_text

if TYPE_CHECKING:
    import psycopg

    from heroku_emulator.agent_tools.tool import Job

__all__ = ["POSTGRES_RUN_QUERY"]

_MOST_ROWS = 100


async def _run(arguments: dict[str, Any], job: Job) -> Outcome:
    query = arguments.get("query")
    if not isinstance(query, str) or not query.strip():
        return failed("query is required")
    return await ask(job, lambda connection: _answer(connection, query))


def _answer(connection: psycopg.Connection[Any], query: str) -> str:
    # Prepared, so that the server takes a single statement: no second one can end the transaction.
    cursor = connection.execute(query.encode(), prepare=True)
    if cursor.description is None:
        return cursor.statusmessage or "done"
    names = [column.name for column in cursor.description]
    rows = cursor.fetchmany(_MOST_ROWS + 1)
    result: dict[str, Any] = {
        "columns": names,
        "rows": [list(row) for row in rows[:_MOST_ROWS]],
    }
    if len(rows) > _MOST_ROWS:
        result["note"] = f"cut: the first {_MOST_ROWS} of {cursor.rowcount} rows"
    return json.dumps(result, default=str, ensure_ascii=False)


POSTGRES_RUN_QUERY = Kind(
    description="Runs a read-only SQL query on a Postgres database and returns its rows.",
    run=_run,
    parameters=one_text("query", "The SQL query."),
)
