"""`postgres_run_query`: one query, read-only."""

from __future__ import annotations

import json
import re
from functools import partial
from typing import TYPE_CHECKING, Any

from heroku_emulator.agent_tools.database import ask
from heroku_emulator.agent_tools.tool import Kind, Outcome, failure, one_text_schema

if TYPE_CHECKING:
    import psycopg

    from heroku_emulator.agent_tools.tool import Job

__all__ = ["POSTGRES_RUN_QUERY"]

_MOST_ROWS = 100
_QUERY = re.compile(
    r"(?:\s|\(|--[^\n]*\n|/\*.*?\*/)*(select|with|values|table|show|explain)\b",
    re.IGNORECASE | re.DOTALL,
)
_BEYOND = re.compile(r"set_config|\w+_to_xml\w*|ts_stat|ts_rewrite|u&[\"']", re.IGNORECASE)
"""With these a superuser's query regains its rights: they set a role, or run text as SQL."""


async def _run(arguments: dict[str, Any], job: Job) -> Outcome:
    query = arguments.get("query")
    if not isinstance(query, str) or not query.strip():
        return failure("query is required")
    kind, beyond = _QUERY.match(query), _BEYOND.search(query)
    if kind is None:
        return failure("only SELECT, WITH, VALUES, TABLE, SHOW and EXPLAIN are run here, read-only")
    if beyond is not None:
        return failure(f"{beyond[0]} is not allowed in queries here")
    shows = kind[1].lower() in ("show", "explain")
    return await ask(job, partial(_show if shows else _select, query=query.encode()))


def _show(connection: psycopg.Connection[Any], query: bytes) -> str:
    # Prepared, so that the server takes a single statement: no second one can end the transaction.
    return _answer(connection.execute(query, prepare=True))


def _select(connection: psycopg.Connection[Any], query: bytes) -> str:
    # A cursor can be declared for one query that reads, and only the rows asked for arrive.
    with connection.cursor("answer") as cursor:
        return _answer(cursor.execute(query))


def _answer(cursor: psycopg.Cursor[Any] | psycopg.ServerCursor[Any]) -> str:
    rows = cursor.fetchmany(_MOST_ROWS + 1)
    result: dict[str, Any] = {
        "columns": [column.name for column in cursor.description or ()],
        "rows": [list(row) for row in rows[:_MOST_ROWS]],
    }
    if len(rows) > _MOST_ROWS:
        result["note"] = f"cut: the first {_MOST_ROWS} rows; there are more"
    return json.dumps(result, default=str, ensure_ascii=False)


POSTGRES_RUN_QUERY = Kind(
    description="Runs a read-only SQL query on a Postgres database and returns its rows.",
    run=_run,
    parameters=one_text_schema("query", "The SQL query."),
)
