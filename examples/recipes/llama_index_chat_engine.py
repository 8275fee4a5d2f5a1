"""A conversation about the pages: LlamaIndex's chat engine, with its memory in PostgreSQL.

    python examples/recipes/llama_index_chat_engine.py

`condense_plus_context` rewrites each question so that it stands alone, retrieves and reranks for
it, and answers with the whole conversation. The memory is in the database: a new engine with the
same session continues where the last one stopped.
"""

from __future__ import annotations

import asyncio
import uuid
from typing import TYPE_CHECKING

from kitchen import cook, show
from kitchen_llama_index import page_index, scored
from llama_index.core.chat_engine import CondensePlusContextChatEngine
from llama_index.core.memory import Memory
from retrieval.addresses import for_sqlalchemy
from retrieval.answering import CANDIDATES, SOURCES
from retrieval.interrupts import finish, leave_on_interrupt
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from llama_index_heroku import Heroku, HerokuRerank

if TYPE_CHECKING:
    from kitchen import Kitchen
    from llama_index.core import VectorStoreIndex

QUESTIONS = (
    "How many texts fit into one embeddings request?",
    "And how many characters may each of them have?",
)
CONTEXT = """\
Answer from these documents, briefly. If they do not hold the answer, say so.

Context:
{context_str}"""


def recipe(kitchen: Kitchen) -> None:
    """Puts the pages into the database and talks about them."""
    with page_index(kitchen, "recipe_chat_engine") as index:
        asyncio.run(talk(index, str(uuid.uuid4()), kitchen))


async def talk(index: VectorStoreIndex, session: str, kitchen: Kitchen) -> None:
    """Asks two questions, each with a new engine."""
    for question in QUESTIONS:
        kitchen.screen.question(question)
        answer = await chat_engine(index, session, kitchen).achat(question)
        (search,) = answer.sources
        show(f"Search for {search.raw_input['message']!r}", scored(answer.source_nodes))
        print(f"\n{answer}")
    saved = await memory_of(session, kitchen).aget_all()
    print(f"\nMessages in the database: {len(saved)}")


def chat_engine(
    index: VectorStoreIndex, session: str, kitchen: Kitchen
) -> CondensePlusContextChatEngine:
    """Makes an engine for one session."""
    return CondensePlusContextChatEngine.from_defaults(
        retriever=index.as_retriever(similarity_top_k=CANDIDATES),
        node_postprocessors=[HerokuRerank(top_n=SOURCES, **kitchen.connection)],
        llm=Heroku(model=kitchen.chat_model, **kitchen.connection),
        memory=memory_of(session, kitchen),
        context_prompt=CONTEXT,
    )


def memory_of(session: str, kitchen: Kitchen) -> Memory:
    """Opens the conversation so far."""
    # Without a pool, a connection ends with its use, before its event loop closes.
    engine = create_async_engine(for_sqlalchemy(kitchen.url), poolclass=NullPool)
    return Memory.from_defaults(
        session_id=session, table_name="recipe_chat_memory", async_engine=engine
    )


if __name__ == "__main__":
    leave_on_interrupt()
    finish(cook(recipe))
