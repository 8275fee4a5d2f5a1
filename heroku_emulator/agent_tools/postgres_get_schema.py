"""`postgres_get_schema`: the tables of a database, their columns and keys."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from heroku_emulator.agent_tools.database import ask
from heroku_emulator.agent_tools.tool import Kind, Outcome

if TYPE_CHECKING:
    import psycopg

    from heroku_emulator.agent_tools.tool import Job

__all__ = ["POSTGRES_GET_SCHEMA"]

_COLUMNS = """
SELECT format('%I.%I', space.nspname, class.relname),
       format('%I %s', att.attname, format_type(att.atttypid, att.atttypmod)),
       att.attnotnull,
       (SELECT string_agg(regexp_replace(pg_get_constraintdef(con.oid), ' \\(.*?\\)', ''), ', '
                          ORDER BY con.contype DESC, con.conname)
          FROM pg_constraint con
         WHERE con.conrelid = class.oid AND con.contype IN ('p', 'u', 'f')
           AND att.attnum = ANY (con.conkey))
  FROM pg_class class
  JOIN pg_namespace space ON space.oid = class.relnamespace
  JOIN pg_attribute att ON att.attrelid = class.oid AND att.attnum > 0 AND NOT att.attisdropped
 WHERE class.relkind IN ('r', 'p', 'v', 'm', 'f')
   AND space.nspname NOT IN ('pg_catalog', 'information_schema')
   AND space.nspname NOT LIKE 'pg\\_%'
 ORDER BY 1, att.attnum
"""


async def _run(_arguments: dict[str, Any], job: Job) -> Outcome:
    return await ask(job, _schema)


def _schema(connection: psycopg.Connection[Any]) -> str:
    rows = connection.execute(_COLUMNS.encode()).fetchall()
    tables = [
        "\n".join([f"TABLE {table}", *(f"  {_column(row)}" for row in columns)])
        for table, columns in groupby(rows, key=lambda row: row[0])
    ]
    return "\n\n".join(tables) or "there are no tables"


def _column(row: tuple[str, str, bool, str | None]) -> str:
    _, column, is_required, keys = row
    return " ".join(filter(None, (column, "NOT NULL" if is_required else "", keys)))


POSTGRES_GET_SCHEMA = Kind(
    description="Returns the schema of a Postgres database: tables, columns, types and keys.",
    run=_run,
)
