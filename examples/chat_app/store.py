"""The database: its tables, and where each user's conversations are listed.

`python -m chat_app.store` makes the tables. Heroku does so before it starts a new release.
"""

from __future__ import annotations

import psycopg
from langgraph.checkpoint.postgres import PostgresSaver
from langgraph.store.postgres import PostgresStore
from psycopg.rows import dict_row
from retrieval.addresses import postgresql_address
from retrieval.hybrid import make_tables


def migrate(url: str) -> None:
    """Makes the tables that are missing: of documents, of what was said, and of the lists."""
    address = postgresql_address(url)
    with psycopg.connect(address, autocommit=True, row_factory=dict_row) as connection:
        make_tables(connection)
        PostgresSaver(connection).setup()
        PostgresStore(connection).setup()


def shelf(user: str) -> tuple[str, str]:
    """Names the place of a user's conversations in LangGraph's store."""
    return "conversations", user.encode().hex()  # a full stop or colon would divide the name


def storable(text: str) -> str:
    """Returns a text without what PostgreSQL keeps in none: NUL, and halves of characters."""
    return text.encode(errors="ignore").decode().replace("\0", "")


if __name__ == "__main__":
    from chat_app.settings import read_settings

    migrate(read_settings().database_url)
