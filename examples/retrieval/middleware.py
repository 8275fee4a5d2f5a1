"""Retrieval for agents of LangChain: two tools, and a search before the model is asked."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from langchain.agents import AgentState
from langchain.agents.middleware import AgentMiddleware
from langchain.tools import ToolRuntime, tool
from langchain_core.messages import HumanMessage

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from langchain.agents.middleware import ModelRequest, ModelResponse

    from retrieval.hybrid import Documents


class RetrievalState(AgentState[Any]):
    """What the search must know."""

    user: str
    """Whose documents are searched."""
    agent: bool
    """Whether the model calls the tools; if not, each question is searched for first."""


class Retrieval(AgentMiddleware[Any, Any, Any]):
    """Lets a model answer from the user's documents. `sources_of` a message tells what it found."""

    state_schema = RetrievalState

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

        @tool(response_format="content_and_artifact")
        async def search_documents(
            question: str, runtime: ToolRuntime[Any, Any]
        ) -> tuple[str, list[dict[str, Any]]]:
            """Find passages in the user's documents that answer a question."""
            known = sum(len(sources_of(message)) for message in runtime.state["messages"])
            sources = await self._search(runtime.state["user"], question, known)
            return _quoted(sources) or "Nothing was found.", sources

        @tool
        async def remove_document(name: str, runtime: ToolRuntime[Any, Any]) -> str:
            """Remove a document of the user for good. The user is asked first."""
            removed = await documents.remove(runtime.state["user"], name)
            return f"Removed {name}." if removed else "You have no document of that name."

        self.tools = [search_documents, remove_document]

    async def abefore_agent(self, state: Any, runtime: Any) -> dict[str, Any] | None:  # noqa: ARG002
        """Searches for a question, unless the model does."""
        if state["agent"]:
            return None
        asked = state["messages"][-1]
        sources = await self._search(state["user"], asked.text)
        return {"messages": [asked.model_copy(update={"additional_kwargs": {"sources": sources}})]}

    async def awrap_model_call(
        self,
        request: ModelRequest[Any],
        handler: Callable[[ModelRequest[Any]], Awaitable[ModelResponse[Any]]],
    ) -> ModelResponse[Any]:
        """Quotes the sources of the newest question. Those of earlier ones are not sent again."""
        *before, last = request.messages
        if sources := sources_of(last):
            last = HumanMessage(f"Sources:\n\n{_quoted(sources)}\n\nQuestion: {last.text}")
        tools = request.tools if request.state.get("agent") else []
        return await handler(request.override(messages=[*before, last], tools=tools))

    async def _search(self, user: str, question: str, known: int = 0) -> list[dict[str, Any]]:
        found = await self._documents.search(user, question)
        return [{"number": n, **asdict(source)} for n, source in enumerate(found, start=known + 1)]


def sources_of(message: Any) -> list[dict[str, Any]]:
    """Returns what was found for a question, or by a call of the search.

    Each source has a `number`, by which it is cited, a `name`, `place`, `text` and `score`.
    """
    found = getattr(message, "artifact", None)
    return found or getattr(message, "additional_kwargs", {}).get("sources") or []


def _quoted(sources: list[dict[str, Any]]) -> str:
    return "\n\n".join(f"[{one['number']}] {one['name']}\n\n{one['text']}" for one in sources)
