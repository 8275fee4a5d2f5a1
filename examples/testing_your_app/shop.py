"""A small app on Heroku's models: an agent, answers from pages, and a streamed answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from langchain.agents import create_agent
from langchain_core.vectorstores import InMemoryVectorStore

from heroku_inference import HerokuError, StreamInterruptedError
from langchain_heroku import ChatHeroku, HerokuEmbeddings, HerokuRerank

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGES = [
    "Parcels are sent within two days. You pay nothing for orders over 50 euros.",
    "You can return what you bought within 30 days. We pay for the return parcel.",
    "Our shops in Oslo and Lyon are open from nine to six, but not on Sundays.",
]
ORDERS = {"A17": "on its way", "B4": "waiting for your payment"}
SORRY = "Sorry, I cannot answer right now. Please write to help@shop.example."
CUT_OFF = " [The answer was cut off: please ask again.]"


def order_status(order: str) -> str:
    """Look up where an order is.

    Args:
        order: The number of the order, such as A17.
    """
    return ORDERS.get(order, f"There is no order {order}.")


def ask_agent(question: str) -> str:
    """Answers with the help of a tool, and says sorry if Heroku fails."""
    agent = create_agent(ChatHeroku(), tools=[order_status])
    try:
        state = agent.invoke({"messages": [{"role": "user", "content": question}]})
    except HerokuError:
        return SORRY
    return str(state["messages"][-1].text)


def answer_from_pages(question: str) -> str:
    """Answers from the one page that fits best."""
    store = InMemoryVectorStore.from_texts(PAGES, HerokuEmbeddings())
    found = store.similarity_search(question, k=len(PAGES))
    best = HerokuRerank(top_n=1).compress_documents(found, question)
    prompt = f"Answer from this page alone.\n\n{best[0].page_content}\n\nQuestion: {question}"
    return str(ChatHeroku().invoke(prompt).text)


def write_answer(question: str) -> Iterator[str]:
    """Answers piece by piece, and says so if the connection is lost."""
    try:
        for chunk in ChatHeroku().stream(question):
            yield str(chunk.text)
    except StreamInterruptedError:
        yield CUT_OFF
