"""The assistant: one LangGraph agent for everybody, whose answers are streams of events.

The page and the API read the same events. What a conversation holds is the checkpointer's, so it
outlives the process, and an answer that was interrupted can be finished.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import asdict, dataclass
from itertools import takewhile
from typing import TYPE_CHECKING, Any, Literal

import psycopg
from fastapi import HTTPException
from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware, before_agent, wrap_model_call
from langchain.tools import ToolRuntime
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, ToolMessage
from langchain_core.tools import tool
from langgraph.errors import GraphRecursionError
from langgraph.graph import END
from langgraph.types import Command
from retrieval.uploads import UploadError

from chat_app.settings import INSTRUCTIONS
from heroku_inference import AsyncClient, HerokuError
from langchain_heroku import ChatHeroku

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator, Sequence

    from langchain_core.messages import AnyMessage
    from langgraph.checkpoint.base import BaseCheckpointSaver
    from retrieval.hybrid import Documents

    from chat_app.store import Conversations

MOST_CHARACTERS = 8000
"""How long a question may be."""
HEARTBEAT = 15.0
MOST_STEPS = 30
"""How many steps an agent may take for one question."""

log = logging.getLogger("chat_app")


class Refused(HTTPException):
    """The user asked for what cannot be done. It says why, and what to do."""

    def __init__(self, why: str, status: int = 409) -> None:
        super().__init__(status, why)


@dataclass(frozen=True)
class Event:
    """A piece of an answer."""

    kind: Literal["text", "thinking", "sources", "tool", "result", "approval", "error", "done", "silence"]
    data: dict[str, Any]


@dataclass(frozen=True)
class Turn:
    """Who asks, and how he wants to be answered."""

    user: str
    model: str
    agent: bool = False
    """Whether the model decides itself when to search, and may use the other tools."""
    thinks: bool = False


class Assistant:
    """Answers the questions of all users. Each call names the user, and sees only what is his.

    Args:
        documents: The users' documents.
        conversations: The list of each user's conversations.
        checkpointer: What was said in them.
        default_model: The chat model of those who choose none.
    """

    def __init__(
        self,
        documents: Documents,
        conversations: Conversations,
        checkpointer: BaseCheckpointSaver[str],
        default_model: str,
    ) -> None:
        self.documents, self.conversations = documents, conversations
        self.default_model = default_model
        self._checkpointer = checkpointer
        self._running: dict[str, asyncio.Task[None]] = {}
        self._models: list[str] = []
        self._ending = False
        self._agent = self._make_agent()

    async def answer(
        self,
        turn: Turn,
        conversation: str,
        question: str | None = None,
        approval: str | None = None,
        *,
        approved: bool = False,
    ) -> AsyncGenerator[Event]:
        """Answers a question, or goes on after a decision, or finishes an interrupted answer.

        Closing the stream stops the answer; what was said is kept. Only an approval, which names
        the call, runs a tool that asks first: nothing that is written can.

        Raises:
            Refused: The question is empty or too long, the model is unknown, the conversation is
                another user's or is being answered, or there is nothing to decide or to finish.
        """
        if question is not None:
            if not question.strip() or len(question) > MOST_CHARACTERS:
                raise Refused(f"A question has 1 to {MOST_CHARACTERS} characters.")
            if turn.model not in await self.models():
                raise Refused(f"{turn.model} is not one of the chat models.")
            with suppress(LookupError):  # `_state` refuses another user's
                await self.conversations.start(turn.user, question[:80], conversation)
        state = await self._state(turn.user, conversation)
        waiting = {interrupt.id for interrupt in state.interrupts}
        work: Any = None
        if approval:
            if approval not in waiting:
                raise Refused("This was decided already.")
            work = Command(resume={approval: {"type": "approve" if approved else "reject"}})
        elif waiting:
            raise Refused("The assistant waits for your decision. Approve or reject first.")
        elif question is not None:
            asked = HumanMessage(question, additional_kwargs={"turn": asdict(turn)})
            work = {"messages": [asked]}
        elif not state.next:
            raise Refused("There is nothing to finish.")
        if question is None:  # how it was to be answered, the last question knows
            [*_, last] = [one for one in state.values["messages"] if not _is_answer(one)]
            turn = Turn(**last.additional_kwargs["turn"])
        if conversation in self._running:
            raise Refused("This conversation is still being answered.")
        # The answer is a task of its own, which outlives its reader by what it must save.
        events: asyncio.Queue[Event | None] = asyncio.Queue()
        task = asyncio.create_task(self._run(conversation, turn, work, events))
        self._running[conversation] = task

        async def read() -> AsyncGenerator[Event]:
            try:
                while True:
                    try:
                        event = await asyncio.wait_for(events.get(), HEARTBEAT)
                    except TimeoutError:
                        event = Event("silence", {})
                    if event is None:
                        return
                    yield event
            finally:
                task.cancel()

        return read()

    async def history(self, user: str, conversation: str) -> list[Event]:
        """Returns what was said. The `text` of a question has `"question": True` beside it.

        Raises:
            Refused: The user has no such conversation.
        """
        state = await self._state(user, conversation)
        told = [
            event for message in state.values.get("messages", []) for event in _events_of(message)
        ]
        told += [_approval(interrupt) for interrupt in state.interrupts]
        if state.next and not state.interrupts and conversation not in self._running:
            told.append(Event("error", {"message": "This answer was interrupted."}))
        return told

    async def forget(self, user: str, conversation: str) -> None:
        """Removes a conversation."""
        if await self.conversations.remove(user, conversation):
            await self._checkpointer.adelete_thread(conversation)

    async def wait(self, conversation: str) -> bool:
        """Waits until a conversation is answered; says whether it had to."""
        if running := self._running.get(conversation):
            await asyncio.wait([running])
        return running is not None

    async def models(self) -> list[str]:
        """Returns the chat models that Heroku offers, the default first."""
        if not self._models:
            try:
                offered = await AsyncClient().models()
            except HerokuError as error:
                log.warning("The list of models is not available: %s", error)
                return [self.default_model]
            chat = {model.model_id for model in offered if "chat" in model.kinds and model.state != "deprecated"}
            self._models = [self.default_model, *sorted(chat - {self.default_model})]
        return self._models

    async def end(self, seconds: float) -> None:
        """Lets running answers end; after these seconds they stop, and can be finished later."""
        if running := [*self._running.values()]:
            _, late = await asyncio.wait(running, timeout=seconds)
            self._ending = True
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def _make_agent(self) -> Any:
        documents = self.documents

        @tool(response_format="content_and_artifact")
        async def search_documents(
            question: str, runtime: ToolRuntime[Turn]
        ) -> tuple[str, list[dict[str, Any]]]:
            """Find passages in the user's documents that answer a question."""
            found = await documents.search(runtime.context.user, question)
            sources = [asdict(source) for source in found]
            asked_after = takewhile(_is_answer, reversed(runtime.state["messages"]))
            earlier = sum(len(getattr(one, "artifact", None) or ()) for one in asked_after)
            return _quoted(sources, earlier + 1) or "Nothing was found.", sources

        @tool
        async def remove_document(name: str, runtime: ToolRuntime[Turn]) -> str:
            """Remove a document of the user for good. The user is asked first."""
            await documents.remove(runtime.context.user, name)
            return f"Removed {name}."

        @before_agent
        async def search_first(state: Any, runtime: Any) -> dict[str, Any] | None:
            if runtime.context.agent:
                return None
            asked = state["messages"][-1]
            sources = await documents.search(runtime.context.user, asked.text)
            known = {**asked.additional_kwargs, "sources": [asdict(one) for one in sources]}
            return {"messages": [asked.model_copy(update={"additional_kwargs": known})]}

        @wrap_model_call
        async def as_chosen(request: Any, handler: Any) -> Any:
            turn: Turn = request.runtime.context
            model = ChatHeroku(model=turn.model, extended_thinking=turn.thinks or None)
            *before, last = request.messages
            if sources := last.additional_kwargs.get("sources"):
                last = HumanMessage(f"Sources:\n\n{_quoted(sources)}\n\nQuestion: {last.text}")
            tools = request.tools if turn.agent else []
            return await handler(
                request.override(model=model, messages=[*before, last], tools=tools)
            )

        return create_agent(
            ChatHeroku(model=self.default_model),
            [search_documents, remove_document],
            system_prompt=INSTRUCTIONS,
            middleware=[
                search_first,
                as_chosen,
                HumanInTheLoopMiddleware(
                    {"remove_document": {"allowed_decisions": ["approve", "reject"]}},
                    interrupt_mode="per_call",
                ),
            ],
            context_schema=Turn,
            checkpointer=self._checkpointer,
        )

    async def _state(self, user: str, conversation: str) -> Any:
        if await self.conversations.author(conversation) != user:
            raise Refused("There is no such conversation.", 404)
        return await self._agent.aget_state(_config(conversation))

    async def _run(
        self, conversation: str, turn: Turn, work: Any, events: asyncio.Queue[Event | None]
    ) -> None:
        said = ""
        try:
            async for event in self._events(conversation, turn, work):
                said = said + event.data["text"] if event.kind == "text" else ""
                events.put_nowait(event)
            events.put_nowait(Event("done", {}))
        except asyncio.CancelledError:
            if not self._ending:  # the user stopped it, so it is not finished later
                config, stopped = _config(conversation), AIMessage(f"{said.rstrip()} …")
                await self._agent.aupdate_state(config, {"messages": [stopped]}, as_node="model")
                await self._agent.aupdate_state(config, None, as_node=END)
            raise
        except Exception as error:  # noqa: BLE001 - the user reads what went wrong
            events.put_nowait(Event("error", {"message": in_words(error)}))
        finally:
            del self._running[conversation]
            events.put_nowait(None)

    async def _events(self, conversation: str, turn: Turn, work: Any) -> AsyncGenerator[Event]:
        stream = self._agent.astream(
            work,
            _config(conversation),
            context=turn,
            stream_mode=["messages", "updates"],
            durability="sync",
        )
        async for mode, part in stream:
            if mode == "messages":
                if isinstance(part[0], AIMessageChunk):
                    for event in _spoken(part[0]):
                        yield event
                continue
            for interrupt in part.pop("__interrupt__", ()):
                yield _approval(interrupt)
            for update in part.values():
                for message in (update or {}).get("messages", ()):
                    for event in _events_of(message):
                        if event.kind not in {"text", "thinking", "done"}:  # these were streamed
                            yield event


def _config(conversation: str) -> dict[str, Any]:
    return {"configurable": {"thread_id": conversation}, "recursion_limit": MOST_STEPS}


def _is_answer(message: AnyMessage) -> bool:
    return not isinstance(message, HumanMessage)


def _quoted(sources: Sequence[dict[str, Any]], first: int = 1) -> str:
    """Numbers the sources as the page does."""
    numbered = enumerate(sources, start=first)
    return "\n\n".join(f"[{number}] {one['name']}\n\n{one['text']}" for number, one in numbered)


def _events_of(message: AnyMessage) -> Iterator[Event]:
    """Tells a whole message."""
    if isinstance(message, HumanMessage):
        yield Event("text", {"text": message.text, "question": True})
        if sources := message.additional_kwargs.get("sources"):
            yield Event("sources", {"sources": sources})
    elif isinstance(message, ToolMessage):
        result = {"id": message.tool_call_id, "name": message.name, "text": message.text}
        yield Event("result", {**result, "ok": message.status == "success"})
        if message.artifact:
            yield Event("sources", {"sources": message.artifact})
    elif isinstance(message, AIMessage):
        yield from _spoken(message)
        for call in message.tool_calls:
            yield Event("tool", {"id": call["id"], "name": call["name"], "args": call["args"]})
        if not message.tool_calls:
            yield Event("done", {})


def _spoken(message: AIMessage) -> Iterator[Event]:
    for block in message.content_blocks:
        if block["type"] == "reasoning" and block.get("reasoning"):
            yield Event("thinking", {"text": block["reasoning"]})
        elif block["type"] == "text" and block["text"]:
            yield Event("text", {"text": block["text"]})


def _approval(interrupt: Any) -> Event:
    asked = interrupt.value
    return Event("approval", {"id": interrupt.id, "name": asked["name"], "args": asked["args"]})


def in_words(error: Exception) -> str:
    """Says what went wrong. Errors of Heroku say it themselves, and never hold a key."""
    if isinstance(error, Refused):
        return error.detail
    if isinstance(error, HerokuError | UploadError):
        return str(error)
    if isinstance(error, psycopg.OperationalError | TimeoutError):
        log.warning("The database does not answer: %s", type(error).__name__)
        return "The database does not answer. Try again in a moment."
    if isinstance(error, GraphRecursionError):
        return f"The agent took more than {MOST_STEPS} steps. Ask for less at once."
    log.error("An answer failed", exc_info=error)
    return "Something went wrong. Try again; the log says more."
