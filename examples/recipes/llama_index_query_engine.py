"""A LlamaIndex query engine over PostgreSQL: retrieve, rerank, answer in one object.

    python examples/recipes/llama_index_query_engine.py

The answer comes with its nodes. With `keep_retrieval_score` they have both scores: the reranker's,
and the vector search's, which it replaced.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kitchen import cook, show
from kitchen_llama_index import page_index, scored
from retrieval.answering import CANDIDATES, SOURCES
from retrieval.interrupts import finish, leave_on_interrupt

from llama_index_heroku import Heroku, HerokuRerank

if TYPE_CHECKING:
    from kitchen import Kitchen

QUESTION = "Which parameters must be left out while thinking is on?"


def recipe(kitchen: Kitchen) -> None:
    """Asks one question and shows the nodes behind the answer."""
    with page_index(kitchen, "recipe_query_engine") as index:
        engine = index.as_query_engine(
            llm=Heroku(model=kitchen.chat_model, **kitchen.connection),
            similarity_top_k=CANDIDATES,
            node_postprocessors=[
                HerokuRerank(top_n=SOURCES, keep_retrieval_score=True, **kitchen.connection)
            ],
        )
        kitchen.screen.question(QUESTION)
        answer = engine.query(QUESTION)
        nodes = answer.source_nodes
        show("Found, and reranked", scored(nodes))
        before = [f"{found.metadata['retrieval_score']:.3f}" for found in nodes]
        print(f"Their similarities were {', '.join(before)}.")
        print(f"\n{answer}")


if __name__ == "__main__":
    leave_on_interrupt()
    finish(cook(recipe))
