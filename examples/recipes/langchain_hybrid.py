"""Hybrid search: vectors for the meaning, PostgreSQL's full text search for the exact words.

    python examples/recipes/langchain_hybrid.py

Vectors find passages that say the same in other words. Full text finds names, codes and fields by
their spelling. The two lists are fused by rank (reciprocal rank fusion), then reranked.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kitchen import cook, show
from kitchen_langchain import nearest, page_store, scored, sources_of
from langchain_core.documents import Document
from langchain_core.messages import HumanMessage, SystemMessage
from psycopg.sql import SQL, Identifier, Literal
from retrieval.answering import INSTRUCTIONS, SOURCES, prompt_for
from retrieval.database import connected
from retrieval.interrupts import finish, leave_on_interrupt

from langchain_heroku import ChatHeroku, HerokuRerank

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kitchen import Kitchen
    from psycopg import Connection

QUESTION = "What does a 422 mean?"
TABLE = "recipe_hybrid"
LANGUAGE = "english"
"""How to stem the words of passages and questions. `SELECT cfgname FROM pg_ts_config` lists all."""
FOUND = 10
"""How many passages each search contributes."""

ADD_FULL_TEXT = SQL("""
    ALTER TABLE {table} ADD COLUMN words tsvector
        GENERATED ALWAYS AS (to_tsvector({language}, content)) STORED;
    CREATE INDEX ON {table} USING gin (words);
""").format(table=Identifier(TABLE), language=Literal(LANGUAGE))

SEARCH_FULL_TEXT = SQL("""
    SELECT content, langchain_metadata, ts_rank_cd(words, query) AS rank
    FROM {table}, websearch_to_tsquery({language}, %(words)s) AS query
    WHERE words @@ query
    ORDER BY rank DESC, content
    LIMIT %(count)s
""").format(table=Identifier(TABLE), language=Literal(LANGUAGE))


def recipe(kitchen: Kitchen) -> None:
    """Searches both ways, fuses, reranks and answers."""
    with page_store(kitchen, TABLE) as store, connected(kitchen.url) as connection:
        connection.execute(ADD_FULL_TEXT)
        kitchen.screen.question(QUESTION)
        meant = nearest(store, QUESTION, FOUND)
        show("Nearest vectors", scored(meant, "similarity"))
        written = search_full_text(QUESTION, connection)
        show("Full text", scored(written, "rank"))
        fused = fuse([meant, written])
        show("Both, fused", scored(fused, "fused"))
        best = HerokuRerank(top_n=SOURCES, **kitchen.connection).compress_documents(fused, QUESTION)
        sources = sources_of(best)
        prompt = [SystemMessage(INSTRUCTIONS), HumanMessage(prompt_for(QUESTION, sources))]
        llm = ChatHeroku(model=kitchen.chat_model, **kitchen.connection)
        print()
        said = kitchen.screen.answer(chunk.text for chunk in llm.stream(prompt))
        kitchen.screen.sources(sources, said)


def search_full_text(question: str, connection: Connection) -> list[Document]:
    """Returns the passages with words of the question, best first, with their `rank`."""
    words = {"words": any_word(question), "count": FOUND}
    rows = connection.execute(SEARCH_FULL_TEXT, words).fetchall()
    return [
        Document(content, metadata={**metadata, "rank": rank}) for content, metadata, rank in rows
    ]


def any_word(question: str) -> str:
    """Joins the words with `or`: `websearch_to_tsquery` would look for all of them in a passage."""
    return " or ".join(re.findall(r'"[^"]+"|[^\s"-][^\s"]*', question))


def fuse(rankings: Sequence[Sequence[Document]], steep: int = 60) -> list[Document]:
    """Fuses lists by reciprocal rank: each adds 1 / (steep + rank) to its passages; best first."""
    points: dict[str, float] = {}
    documents: dict[str, Document] = {}
    for ranking in rankings:
        for rank, document in enumerate(ranking, start=1):
            text = document.page_content
            points[text] = points.get(text, 0) + 1 / (steep + rank)
            documents[text] = document
    return [
        Document(text, metadata={**documents[text].metadata, "fused": points[text]})
        for text in sorted(points, key=points.__getitem__, reverse=True)
    ]


if __name__ == "__main__":
    leave_on_interrupt()
    finish(cook(recipe))
