"""The assistant: one LangGraph agent for everybody, whose answers are streams of events.

The page and the API read the same events. What a conversation holds is the checkpointer's, so it
outlives the process, and an answer that was interrupted can be finished.
"""

from __future__ import annotations

import asyncio
import logging
from asyncio import Queue
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import psycopg
from fastapi import HTTPException
from langchain.agents import AgentState, create_agent
from langchain.agents.middleware import (
    HumanInTheLoopMiddleware,
    ModelCallLimitMiddleware,
    wrap_model_call,
)
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from langgraph.graph import END
from langgraph.store.postgres import AsyncPostgresStore
from langgraph.types import Command, Interrupt
from pydantic import BaseModel, Field
from retrieval.middleware import Retrieval, sources_of
from retrieval.uploads import UploadError

from chat_app.settings import INSTRUCTIONS
from chat_app.store import shelf, storable
from heroku_inference import AsyncClient, HerokuError
from langchain_heroku import ChatHeroku

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator

    from langchain_core.messages import AnyMessage
    from retrieval.hybrid import Documents
    from retrieval.pool import Pool

MOST_CHARACTERS = 8000
"""How long a question may be."""
HEARTBEAT = 15.0
"""Seconds of silence until a stream says that it is silent. Heroku's router ends it after 55."""

STREAMED = ["messages", "updates"]
ANSWERING = "This conversation is still being answered."


class Refused(HTTPException):
    """The user asked for what cannot be done. It says why, and what to do."""

    def __init__(self, why: str, status: int = 409) -> None:
        super().__init__(status, why)


@dataclass(frozen=True)
class Event:
    """A piece of an answer.

    Its kind is `text`, `thinking`, `source`, `tool` (a call), `result` (of a call), `approval`
    (a call that waits for one), `error`, `silence` or `done`; that of a question is `question`.
    """

    kind: str
    data: dict[str, Any]


class Question(BaseModel):
    """A question, or how to go on: with a decision, or else with an interrupted answer."""

    message: str = Field("", description=f"It has {MOST_CHARACTERS} characters at most.")
    conversation: UUID = Field(default_factory=uuid4, description="Goes on with it, or begins it.")
    model: str = Field("", description="A chat model. Default: the app's.")
    agent: bool = Field(default=False, description="The model chooses its tools itself.")
    thinking: bool = Field(default=False, description="The model thinks before it answers.")
    approval: str = Field("", description="The `id` of the `approval` to decide.")
    approved: bool = Field(default=False, description="Whether that tool may run.")
    stream: bool = Field(default=False, description="The API answers in server-sent events.")


class State(AgentState[Any]):
    """What a conversation holds besides its messages: how its last question is answered."""

    model: str
    thinking: bool


@wrap_model_call
async def as_chosen(request: Any, handler: Any) -> Any:
    """Asks the model that the user has chosen."""
    model, thinking = request.state["model"], request.state["thinking"]
    chosen = ChatHeroku(model=model, extended_thinking=thinking or None)
    return await handler(request.override(model=chosen))


asking_first = HumanInTheLoopMiddleware({"remove_document": True}, interrupt_mode="per_call")
ending_in_time = ModelCallLimitMiddleware(run_limit=15)


class Assistant:
    """Answers the questions of all users. Each call names the user, and sees only what is his."""

    def __init__(self, documents: Documents, pool: Pool, default_model: str) -> None:
        self.documents, self.default_model = documents, default_model
        self.store = AsyncPostgresStore(pool)
        self._models: list[str] = []
        self._running: dict[tuple[str, str], asyncio.Task[None]] = {}
        saver = AsyncPostgresSaver(pool)
        # Its lock is for those who share one connection. The pool lends each to one task only.
        saver.lock = nullcontext()  # type: ignore[assignment]
        around = [Retrieval(documents), as_chosen, asking_first, ending_in_time]
        self._agent: Any = create_agent(
            ChatHeroku(model=default_model),
            system_prompt=INSTRUCTIONS,
            middleware=around,
            state_schema=State,
            checkpointer=saver,
        )

    async def answer(self, user: str, asked: Question) -> AsyncGenerator[Event]:
        """Answers a question, or goes on after a decision, or finishes an interrupted answer.

        Closing the stream stops the answer; what was said is kept. Only an approval, which names
        the call, runs a tool that asks first: nothing that is written can.

        Raises:
            Refused: The question is empty or too long, the model is unknown, the conversation is
                being answered, or there is nothing to decide or to finish.
        """
        conversation, question = str(asked.conversation), storable(asked.message)
        place = user, conversation
        if place in self._running:
            raise Refused(ANSWERING)
        state = await self._agent.aget_state(_config(*place))
        work: Any = None
        if asked.approval in (waiting := {interrupt.id for interrupt in state.interrupts}):
            decision = {"type": "approve" if asked.approved else "reject"}
            work = Command(resume={asked.approval: decision})
        elif waiting:
            raise Refused("The assistant waits for your decision. Approve or reject first.")
        elif question:
            if not question.strip() or len(question) > MOST_CHARACTERS:
                raise Refused(f"A question has 1 to {MOST_CHARACTERS} characters.", 422)
            asked.model = asked.model or self.default_model
            if asked.model not in await self.models():
                raise Refused(f"{asked.model} is not one of the chat models.")
            listed = await self.store.aget(shelf(user), conversation)
            title = listed.value if listed else {"title": question[:80]}
            await self.store.aput(shelf(user), conversation, title)
            work = {"messages": [HumanMessage(question)], "user": user, **asked.model_dump()}
        elif not state.next:
            raise Refused("There is nothing to finish.", 409 if state.values else 404)
        if place in self._running:  # since it was looked up
            raise Refused(ANSWERING)
        # The answer is a task of its own, which outlives its reader by what it must save.
        events: Queue[Event | None] = Queue()
        task = self._running[place] = asyncio.create_task(self._run(place, work, events))

        async def read() -> AsyncGenerator[Event]:
            try:
                while event := await _next(events):
                    yield event
            finally:
                task.cancel()

        return read()

    async def history(self, user: str, conversation: str) -> list[Event]:
        """Returns what was said.

        Raises:
            Refused: The user has no such conversation.
        """
        state = await self._agent.aget_state(_config(user, conversation))
        if not state.values and not await self.store.aget(shelf(user), conversation):
            raise Refused("This conversation does not exist.", 404)
        messages = [*state.values.get("messages", ()), *state.interrupts]
        told = [event for message in messages for event in _told(message)]
        if state.next and not state.interrupts and (user, conversation) not in self._running:
            told.append(Event("error", {"message": "This answer was interrupted."}))
        return told

    async def chosen(self, user: str, conversation: str) -> dict[str, Any]:
        """Returns how the last question was asked, under the names of a `Question`."""
        return dict((await self._agent.aget_state(_config(user, conversation))).values)

    async def conversations(self, user: str) -> list[dict[str, str]]:
        """Lists the user's conversations, the last changed first."""
        return [
            {"id": one.key, **one.value, "changed": one.updated_at.isoformat()}
            for one in await self.store.asearch(shelf(user), limit=100)
        ]

    async def forget(self, user: str, conversation: str) -> None:
        """Stops the answer of a conversation, and removes it."""
        if running := self._running.get((user, conversation)):
            running.cancel()
        await self.wait(user, conversation)
        thread = _config(user, conversation)["configurable"]["thread_id"]
        await self._agent.checkpointer.adelete_thread(thread)
        await self.store.adelete(shelf(user), conversation)

    async def wait(self, user: str, conversation: str) -> None:
        """Waits until a conversation is answered."""
        if running := self._running.get((user, conversation)):
            await asyncio.wait([running])

    async def models(self) -> list[str]:
        """Returns the chat models that Heroku offers, the default first, or only it."""
        if not self._models:
            with suppress(HerokuError):
                offered = await AsyncClient().models()
                live = [one for one in offered if one.state != "deprecated"]
                chat = {one.model_id for one in live if "chat" in one.kinds}
                self._models = [self.default_model, *sorted(chat - {self.default_model})]
        return self._models or [self.default_model]

    async def end(self, seconds: float) -> None:
        """Lets running answers end; after these seconds they stop, and can be finished later."""
        if self._running:
            await asyncio.wait(self._running.values(), timeout=seconds)
        self._running.clear()

    async def _run(self, place: tuple[str, str], work: Any, events: Queue[Event | None]) -> None:
        config, said = _config(*place), ""
        stream = self._agent.astream(work, config, stream_mode=STREAMED, durability="sync")
        try:
            async for mode, part in stream:
                for event in _live(mode, part):
                    said = said + event.data["text"] if event.kind == "text" else ""
                    events.put_nowait(event)
        except asyncio.CancelledError:
            if place in self._running:  # the user stopped it, so it is not finished later
                stopped = {"messages": [AIMessage(f"{said.rstrip()} …")]}
                await self._agent.aupdate_state(config, stopped, as_node="model")
                await self._agent.aupdate_state(config, None, as_node=END)
        except Exception as error:  # noqa: BLE001 - the user reads what went wrong
            events.put_nowait(Event("error", {"message": in_words(error)}))
        finally:
            self._running.pop(place, None)
            events.put_nowait(None)


def _config(user: str, conversation: str) -> dict[str, Any]:
    """Names a conversation under its user, so that nobody else finds it."""
    return {"configurable": {"thread_id": ":".join([*shelf(user), conversation])}}


async def _next(events: Queue[Event | None]) -> Event | None:
    try:
        return await asyncio.wait_for(events.get(), HEARTBEAT)
    except TimeoutError:
        return Event("silence", {})


def _live(mode: str, part: Any) -> Iterator[Event]:
    """Tells what LangGraph streams: words piece by piece, all else when it is whole."""
    if mode == "messages":
        pieces = [part[0]]
    else:
        pieces = [*part.pop("__interrupt__", ())]
        pieces += [one for update in part.values() for one in (update or {}).get("messages", ())]
    for piece in pieces:
        for event in _told(piece):
            if (event.kind in {"question", "text", "thinking"}) == (mode == "messages"):
                yield event


def _told(message: AnyMessage | Interrupt) -> Iterator[Event]:
    """Tells a message, or a piece of one."""
    match message:
        case Interrupt():
            yield Event("approval", {"id": message.id, **message.value})
        case HumanMessage():
            yield Event("question", {"text": message.text})
        case ToolMessage():
            result = {"id": message.tool_call_id, "name": message.name, "text": message.text}
            yield Event("result", {**result, "ok": message.status == "success"})
        case AIMessage():
            for block in message.content_blocks:
                if text := block.get(block["type"]):  # `text` or `reasoning`
                    kind = "thinking" if block["type"] == "reasoning" else "text"
                    yield Event(kind, {"text": text})
            for call in message.tool_calls:
                yield Event("tool", {**call})
            if not message.tool_calls:
                yield Event("done", {})
    for source in sources_of(message):
        yield Event("source", source)


def in_words(error: Exception) -> str:
    """Says what went wrong. Errors of Heroku say it themselves, and never hold a key."""
    match error:
        case Refused():
            return error.detail
        case HerokuError() | UploadError():
            return str(error)
        case psycopg.OperationalError() | TimeoutError():
            return "The database does not answer. Try again in a moment."
    logging.getLogger("chat_app").error("An answer failed", exc_info=error)
    return "Something went wrong. Try again; the log says more."
