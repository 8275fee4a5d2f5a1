"""An agent that searches: a retriever over PostgreSQL as the tool of a LangChain agent.

    python examples/recipes/langchain_retriever_tool.py

The model decides whether to search, and for which words. The tool returns its passages twice: as
text for the model, and as documents (`artifact`) for the program, which shows them with scores.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kitchen import cook, show
from kitchen_langchain import page_store, scored
from langchain.agents import create_agent
from langchain_classic.retrievers import ContextualCompressionRetriever
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.prompts import PromptTemplate
from langchain_core.tools import create_retriever_tool
from retrieval.answering import CANDIDATES, SOURCES
from retrieval.interrupts import finish, leave_on_interrupt

from langchain_heroku import ChatHeroku, HerokuRerank

if TYPE_CHECKING:
    from kitchen import Kitchen
    from langchain_core.messages import BaseMessage

QUESTION = "What does the page look like that a blocked request gets from the firewall?"
INSTRUCTIONS = "Answer from what search_pages finds, briefly, and name the file it is from."


def recipe(kitchen: Kitchen) -> None:
    """Gives the agent the tool, asks it, and shows each of its steps."""
    with page_store(kitchen, "recipe_retriever_tool") as store:
        retriever = ContextualCompressionRetriever(
            base_retriever=store.as_retriever(search_kwargs={"k": CANDIDATES}),
            base_compressor=HerokuRerank(top_n=SOURCES, **kitchen.connection),
        )
        tool = create_retriever_tool(
            retriever,
            "search_pages",
            "Searches the pages about the inference API: requests, errors, limits, the firewall.",
            document_prompt=PromptTemplate.from_template("File: {source}\n\n{page_content}"),
            response_format="content_and_artifact",
        )
        llm = ChatHeroku(model=kitchen.chat_model, **kitchen.connection)
        agent = create_agent(llm, [tool], system_prompt=INSTRUCTIONS)

        kitchen.screen.question(QUESTION)
        for message in agent.invoke({"messages": [HumanMessage(QUESTION)]})["messages"][1:]:
            show_step(message)


def show_step(message: BaseMessage) -> None:
    """Prints the agent's query, the tool's passages, or the answer."""
    if isinstance(message, ToolMessage):
        show("The tool finds", scored(message.artifact))
    elif isinstance(message, AIMessage) and message.tool_calls:
        for call in message.tool_calls:
            print(f"The agent calls {call['name']}({call['args']['query']!r})\n")
    else:
        print(f"\n{message.text}")


if __name__ == "__main__":
    leave_on_interrupt()
    finish(cook(recipe))
