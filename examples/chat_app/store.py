"""The database: its tables, and the list of each user's conversations.

`python -m chat_app.store` makes the tables. Heroku does so before it starts a new release.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import uuid4

import psycopg
from langgraph.checkpoint.postgres import PostgresSaver
from psycopg.rows import dict_row
from retrieval.addresses import postgresql_address
from retrieval.hybrid import make_tables

if TYPE_CHECKING:
    from datetime import datetime

    from retrieval.pool import Pool

TABLES = """
CREATE TABLE IF NOT EXISTS conversations (
    id text PRIMARY KEY,
    owner text NOT NULL,
    title text NOT NULL,
    changed timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX IF NOT EXISTS conversations_by_owner ON conversations (owner, changed);
"""


class Conversation(NamedTuple):
    """A conversation of a user. Its messages are the checkpointer's, under the same id."""

    id: str
    title: str
    changed: datetime


def migrate(url: str) -> None:
    """Makes the tables that are missing, those of LangGraph's checkpointer too."""
    with psycopg.connect(
        postgresql_address(url), autocommit=True, row_factory=dict_row
    ) as connection:
        make_tables(connection)
        connection.execute(TABLES)
        PostgresSaver(connection).setup()


class Conversations:
    """The conversations of all users. Each call names the user, and sees only what is his."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def start(self, user: str, title: str, id: str | None = None) -> str:  # noqa: A002
        """Starts a conversation, or goes on with the user's own of that id; returns the id.

        Raises:
            LookupError: Another user has a conversation of that id.
        """
        conversation = id or str(uuid4())
        started = await self._execute(
            "INSERT INTO conversations (id, owner, title) VALUES (%s, %s, %s)"
            " ON CONFLICT (id) DO UPDATE SET changed = now()"
            " WHERE conversations.owner = excluded.owner RETURNING id",
            *(conversation, user, title),
        )
        if not started:
            raise LookupError("There is no such conversation.")
        return conversation

    async def names(self, user: str, most: int = 100) -> list[Conversation]:
        """Returns the user's conversations, the last changed first."""
        rows = await self._execute(
            "SELECT id, title, changed FROM conversations WHERE owner = %s"
            " ORDER BY changed DESC LIMIT %s",
            *(user, most),
        )
        return [Conversation(**row) for row in rows]

    async def author(self, conversation: str) -> str | None:
        """Returns whose conversation it is."""
        query = "SELECT owner FROM conversations WHERE id = %s"
        rows = await self._execute(query, conversation)
        return rows[0]["owner"] if rows else None

    async def rename(self, user: str, conversation: str, title: str) -> None:
        """Gives one of the user's conversations another title."""
        query = "UPDATE conversations SET title = %s WHERE owner = %s AND id = %s RETURNING id"
        await self._execute(query, title, user, conversation)

    async def remove(self, user: str, conversation: str) -> bool:
        """Takes a conversation off the list; says whether the user had it."""
        query = "DELETE FROM conversations WHERE owner = %s AND id = %s RETURNING id"
        return bool(await self._execute(query, user, conversation))

    async def _execute(self, query: Any, *values: object) -> list[dict[str, Any]]:
        async with self._pool.connection() as connection:
            return await (await connection.execute(query, values)).fetchall()


if __name__ == "__main__":
    from chat_app.settings import read_settings

    migrate(read_settings().database_url)
