"""Hybrid search in LlamaIndex's PostgreSQL store, sorted by the reranker.

    python examples/recipes/llama_index_hybrid.py

`hybrid_search=True` adds a column of words to the table. A hybrid query returns the nearest vectors
first, then what only full text search found. The scores of the two parts cannot be compared, so
the reranker sorts them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kitchen import cook, show
from kitchen_llama_index import page_index, scored, sources_of
from llama_index.core.llms import ChatMessage
from llama_index.core.schema import MetadataMode
from llama_index.core.vector_stores.types import VectorStoreQueryMode
from retrieval.answering import INSTRUCTIONS, SOURCES, prompt_for
from retrieval.interrupts import finish, leave_on_interrupt

from llama_index_heroku import Heroku, HerokuRerank

if TYPE_CHECKING:
    from kitchen import Kitchen

QUESTION = "What does a 422 mean?"
FOUND = 10
"""How many nodes each search contributes."""


def recipe(kitchen: Kitchen) -> None:
    """Searches both ways, reranks and answers."""
    with page_index(kitchen, "recipe_hybrid_nodes", hybrid=True) as index:
        retriever = index.as_retriever(
            vector_store_query_mode=VectorStoreQueryMode.HYBRID,
            similarity_top_k=FOUND,
            sparse_top_k=FOUND,
        )
        # The text of a node includes its heading; the reranker need not see the metadata.
        reranker = HerokuRerank(
            top_n=SOURCES, metadata_mode=MetadataMode.NONE, **kitchen.connection
        )
        kitchen.screen.question(QUESTION)
        found = retriever.retrieve(QUESTION)
        nearest = index.as_retriever(similarity_top_k=FOUND).retrieve(QUESTION)
        known = {node.node_id for node in nearest}
        show("Nearest vectors", scored(nearest))
        show("Only by full text", scored([node for node in found if node.node_id not in known]))
        sources = sources_of(reranker.postprocess_nodes(found, query_str=QUESTION))
        llm = Heroku(model=kitchen.chat_model, **kitchen.connection)
        prompt = [
            ChatMessage(INSTRUCTIONS, role="system"),
            ChatMessage(prompt_for(QUESTION, sources)),
        ]
        print()
        said = kitchen.screen.answer(chunk.delta or "" for chunk in llm.stream_chat(prompt))
        kitchen.screen.sources(sources, said)


if __name__ == "__main__":
    leave_on_interrupt()
    finish(cook(recipe))
