"""Retrieve broadly, rerank, answer: with a LangChain retriever, and in LCEL.

    python examples/recipes/langchain_rerank.py

Both find the same. `ContextualCompressionRetriever` (langchain-classic) is itself a retriever, so
it works wherever a retriever does. The chain needs only langchain-core, and returns the documents
with the answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kitchen import cook, show
from kitchen_langchain import nearest, page_store, scored, sources_of
from langchain_classic.retrievers import ContextualCompressionRetriever
from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage
from langchain_core.runnables import RunnableLambda, RunnableParallel, RunnablePassthrough
from retrieval.answering import CANDIDATES, INSTRUCTIONS, SOURCES, prompt_for
from retrieval.interrupts import finish, leave_on_interrupt

from langchain_heroku import ChatHeroku, HerokuRerank

if TYPE_CHECKING:
    from kitchen import Kitchen
    from langchain_core.retrievers import BaseRetriever

QUESTION = "How many documents may one rerank request have?"


def recipe(kitchen: Kitchen) -> None:
    """Asks the same question both ways."""
    with page_store(kitchen, "recipe_rerank") as store:
        retriever = store.as_retriever(search_kwargs={"k": CANDIDATES})
        reranker = HerokuRerank(top_n=SOURCES, **kitchen.connection)

        kitchen.screen.question(QUESTION)
        show("Nearest vectors", scored(nearest(store, QUESTION, CANDIDATES), "similarity"))
        compressed = ContextualCompressionRetriever(
            base_retriever=retriever, base_compressor=reranker
        )
        show("The best of them", scored(compressed.invoke(QUESTION)))

        result = answering_chain(retriever, reranker, kitchen).invoke(QUESTION)
        print()
        said = kitchen.screen.answer([result["answer"].text])
        kitchen.screen.sources(sources_of(result["documents"]), said)


def answering_chain(retriever: BaseRetriever, reranker: HerokuRerank, kitchen: Kitchen) -> Any:
    """Makes an LCEL chain from a question to the `documents` and the `answer`."""
    llm = ChatHeroku(model=kitchen.chat_model, **kitchen.connection)
    found = RunnableParallel(documents=retriever, query=RunnablePassthrough())
    best = found | RunnableLambda(lambda found: reranker.compress_documents(**found))
    asked = RunnableParallel(documents=best, question=RunnablePassthrough())
    return asked | RunnablePassthrough.assign(answer=RunnableLambda(prompt) | llm)


def prompt(asked: dict[str, Any]) -> list[BaseMessage]:
    """Puts the question behind its numbered sources."""
    task = prompt_for(asked["question"], sources_of(asked["documents"]))
    return [SystemMessage(INSTRUCTIONS), HumanMessage(task)]


if __name__ == "__main__":
    leave_on_interrupt()
    finish(cook(recipe))
