"""Agentic RAG as a LangGraph: search, grade the passages, search in other words, answer.

    python examples/recipes/langgraph_agentic_rag.py
    python examples/recipes/langgraph_agentic_rag.py --thread 1b9d6bcd "A question?"

Each step is saved in PostgreSQL. The first run stops before the answer, as if the dyno restarted
there. Then a new graph continues from the database, without another search. With `--thread` you do
the same by hand: repeat the command to continue a failed run; another question starts anew.
"""

from __future__ import annotations

import argparse
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypedDict

from kitchen import cook, show
from kitchen_langchain import page_store, scored, sources_of
from langchain_core.documents import Document
from langchain_core.messages import HumanMessage, SystemMessage
from langgraph.checkpoint.postgres import PostgresSaver
from langgraph.graph import END, START, StateGraph
from retrieval.answering import CANDIDATES, INSTRUCTIONS, SOURCES, prompt_for
from retrieval.interrupts import finish, leave_on_interrupt

from langchain_heroku import ChatHeroku, HerokuRerank

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kitchen import Kitchen
    from langchain_core.runnables import RunnableConfig
    from langchain_postgres import PGVectorStore

QUESTION = "How do I keep vectors?"
GOOD = 0.5
"""The least relevance of a good passage. It depends on the rerank model."""
SEARCHES = 2

REWRITE = """\
A search in a documentation found too little. Of its sections, name the one that the question is \
about, and nothing else: it becomes the next search.

Context:
{sections}

Question: {question}"""


class State(TypedDict):
    """The state that is saved after each step."""

    question: str
    query: str
    searches: int
    found: list[Document]
    answer: str


class Steps:
    """The nodes of the graph: each takes the state and returns what it changes."""

    def __init__(self, kitchen: Kitchen, store: PGVectorStore) -> None:
        self._store = store
        self._reranker = HerokuRerank(top_n=SOURCES, **kitchen.connection)
        self._llm = ChatHeroku(model=kitchen.chat_model, **kitchen.connection)

    def search(self, state: State) -> dict[str, Any]:
        """Retrieves and reranks by the query."""
        query = state["query"]
        found = self._store.similarity_search(query, k=CANDIDATES)
        best = [*self._reranker.compress_documents(found, query)]
        show(f"Search for {query!r}", scored(best))
        return {"found": best, "searches": state["searches"] + 1}

    def grade(self, state: State) -> str:
        """Chooses the next step by the rerank model's score of the best passage."""
        best = state["found"][0].metadata["relevance_score"]
        good = best >= GOOD or state["searches"] == SEARCHES
        print(f"Graded {best:.2f}: {'good enough' if good else 'ask in other words'}\n")
        return "answer" if good else "rewrite"

    def rewrite(self, state: State) -> dict[str, Any]:
        """Asks the model for the section's name, in the words of the documentation."""
        near = self._store.similarity_search(state["question"], k=CANDIDATES)
        sections = "\n".join(f"{page.metadata['place']}." for page in near)
        task = REWRITE.format(sections=sections, question=state["question"])
        return {"query": self._llm.invoke(task).text}

    def answer(self, state: State) -> dict[str, Any]:
        """Answers from the passages."""
        task = prompt_for(state["question"], sources_of(state["found"]))
        said = self._llm.invoke([SystemMessage(INSTRUCTIONS), HumanMessage(task)])
        return {"answer": said.text}


@contextmanager
def open_graph(kitchen: Kitchen, store: PGVectorStore) -> Iterator[Any]:
    """Makes the graph, with a connection of its own to the checkpoints."""
    steps = Steps(kitchen, store)
    graph = StateGraph(State)
    for node in (steps.search, steps.rewrite, steps.answer):
        graph.add_node(node)
    graph.add_edge(START, "search")
    graph.add_conditional_edges("search", steps.grade, ["rewrite", "answer"])
    graph.add_edge("rewrite", "search")
    graph.add_edge("answer", END)
    with PostgresSaver.from_conn_string(kitchen.url) as checkpoints:
        checkpoints.setup()
        yield graph.compile(checkpointer=checkpoints)


def recipe(kitchen: Kitchen, question: str = QUESTION, thread: str | None = None) -> None:
    """Starts or continues a thread; without a thread it does both."""
    config: RunnableConfig = {"configurable": {"thread_id": thread or str(uuid.uuid4())}}
    # A thread keeps the state of its last question, so set all that a new question starts with.
    start = {"question": question, "query": question, "searches": 0}
    with page_store(kitchen, "recipe_agentic_rag") as store:
        kitchen.screen.question(question)
        if thread is None:
            with open_graph(kitchen, store) as graph:
                graph.invoke(start, config, interrupt_before=["answer"])
            print("Stopped before the answer. A new graph continues from the database:")
        with open_graph(kitchen, store) as graph:
            saved = graph.get_state(config)
            steps = saved.metadata["step"] if saved.metadata else 0
            resumes = saved.next and saved.values.get("question") == question
            print(f"{steps} steps are saved, next: {saved.next[0] if resumes else 'search'}\n")
            state = graph.invoke(None if resumes else start, config)
        kitchen.screen.answer([state["answer"]])
        kitchen.screen.sources(sources_of(state["found"]), state["answer"])


def main(arguments: Sequence[str] | None = None) -> int:
    """Reads the command line and runs the recipe; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("question", nargs="?", default=QUESTION)
    parser.add_argument("--thread", help="a name for the run, to continue it after a failure")
    options = parser.parse_args(arguments)
    return cook(lambda kitchen: recipe(kitchen, options.question, options.thread))


if __name__ == "__main__":
    leave_on_interrupt()
    finish(main())
