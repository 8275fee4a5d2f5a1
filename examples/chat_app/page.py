"""The page, with Chainlit: it shows the assistant's events, and asks it for what the user wants."""

# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

import json
import re
from contextlib import aclosing
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from uuid import uuid4

import anyio
import chainlit as cl
from chainlit.data.base import BaseDataLayer
from chainlit.types import PageInfo, PaginatedResponse, Pagination, ThreadDict, ThreadFilter
from chainlit.user import PersistedUser
from retrieval.uploads import read_upload

from chat_app.access import Limit, address, browser_user, is_secret
from chat_app.assistant import Assistant, Event, Turn, in_words
from chat_app.store import shelf

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from chat_app.settings import Settings

BUTTONS = {
    "approval": [("approve", "Approve", "check"), ("reject", "Reject", "x")],
    "error": [("finish", "Try again", "refresh-cw")],
}
"""What stands under these events: names, labels and icons."""

assistant: Assistant
limit: Limit


def open_page(the_assistant: Assistant, settings: Settings, the_limit: Limit) -> None:
    """Lets people in: with the password, if there is one."""
    global assistant, limit
    assistant, limit = the_assistant, the_limit

    # A user is a browser, which the signed cookie knows again: names can be guessed.
    async def user(_who: Any, password: str = "") -> cl.User | None:
        if settings.password and not is_secret(password, settings.password):
            return None
        return cl.User(identifier=browser_user(), display_name="You")

    (cl.password_auth_callback if settings.password else cl.header_auth_callback)(user)


def saying_errors(callback: Callable[[Any], Awaitable[None]]) -> Any:
    """Counts what a user sends, and says on the page what goes wrong with it."""

    async def said(given: Any) -> None:
        try:
            limit.count(browser_user(), address())
            await callback(given)
        except Exception as error:  # noqa: BLE001 - the user reads what went wrong
            await cl.ErrorMessage(_as_text(in_words(error))).send()

    return said


@cl.set_starters
async def starters(_user: Any) -> list[cl.Starter]:
    """Offers first questions, about the sample documents."""
    return [
        cl.Starter("Embedding limits", "How many texts fit into one embeddings request?"),
        cl.Starter("Rate limits", "How many requests a minute may I send?"),
        cl.Starter("Errors", "What does a 422 mean?"),
        cl.Starter("Thinking and tools", "Can thinking be used together with tools?"),
    ]


@cl.on_chat_start
async def start() -> None:
    """Offers the models, and the ways to answer."""
    models = [cl.ModeOption(name, name) for name in await assistant.models()]
    ways = [cl.ModeOption("chat", "Chat"), cl.ModeOption("agent", "Agent")]
    speeds = [cl.ModeOption("quick", "Quick"), cl.ModeOption("thinks", "Thinks first")]
    modes = {"model": models, "way": ways, "speed": speeds}
    await cl.context.emitter.set_modes([cl.Mode(one, one, modes[one]) for one in modes])


@cl.on_chat_resume
async def resume(thread: ThreadDict) -> None:
    """Shows a conversation again, and the answer that is being written when it is whole."""
    await start()
    await _tell(thread)
    await cl.context.emitter.resume_thread(thread)
    await assistant.wait(browser_user(), thread["id"])
    await _tell(thread)  # Chainlit shows it
    for step in thread["steps"]:
        await _send_buttons(step)


@cl.on_message
@saying_errors
async def message(said: cl.Message) -> None:
    """Takes uploads, then answers."""
    for file in said.elements:
        await _take(file)
    if said.content.strip():
        await _show(said.content, modes=said.modes)


@cl.action_callback("approve")
@cl.action_callback("reject")
@cl.action_callback("finish")
@saying_errors
async def go_on(button: cl.Action) -> None:
    """Goes on with a tool that asked first, without it, or with an interrupted answer."""
    await cl.context.emitter.delete_step({"id": str(button.forId)})  # with all its buttons
    await _show(approval=button.payload.get("id", ""), approved=button.name == "approve")


async def _take(file: Any) -> None:
    """Adds an uploaded document, and tells how far it is."""
    async with cl.Step(f"Reading {file.name}", "tool", show_input=False) as step:

        async def tell(done: int, total: int) -> None:
            step.name = f"Reading {file.name}: {done} of {total} passages"
            await step.update()

        path = anyio.Path(file.path)
        content = await path.read_bytes()
        await path.unlink()
        await file.remove()
        passages = await read_upload(file.name, content)
        await assistant.documents.add(browser_user(), file.name, passages, tell)
        names = await assistant.documents.names(browser_user())
        step.output = _as_text(f"Your documents: {', '.join(names)}")


async def _show(
    question: str = "", modes: dict[str, str] | None = None, **decision: Any
) -> None:
    """Shows an answer as it comes."""
    chosen = modes or {}
    turn = Turn(
        user=browser_user(),
        conversation=cl.context.session.thread_id,
        model=chosen.get("model", assistant.default_model),
        agent=chosen.get("way") == "agent",
        thinks=chosen.get("speed") == "thinks",
    )
    run = cl.context.current_run
    transcript = Transcript(run.id if run else None)
    async with aclosing(await assistant.answer(turn, question, **decision)) as events:
        async for event in events:
            step = transcript.tell(event)
            if step and event.kind in {"text", "thinking"} and step["output"] != event.data["text"]:
                await cl.context.emitter.send_token(step["id"], event.data["text"])
            elif step:
                await cl.context.emitter.send_step(step)
                await _send_buttons(step)
    for element in transcript.elements:
        await cl.context.emitter.send_element(element)


async def _send_buttons(step: Any) -> None:
    for name, label, icon in BUTTONS.get(step["metadata"].get("kind"), ()):
        await cl.Action(name, step["metadata"], label, icon=icon).send(step["id"])


async def _tell(thread: Any) -> None:
    transcript = Transcript()
    for event in await assistant.history(browser_user(), thread["id"]):
        transcript.tell(event)
    thread.update(steps=transcript.steps, elements=transcript.elements)


class Transcript:
    """Tells events as Chainlit's steps: those of a live answer, and those of old ones alike."""

    def __init__(self, parent: str | None = None) -> None:
        self.steps: list[Any] = []
        self.elements: list[Any] = []
        self._parent = parent
        self._calls: dict[str, Any] = {}
        self._sources: list[dict[str, Any]] = []

    def tell(self, event: Event) -> Any:
        """Returns the step that the event adds or changes; `None` if it shows nothing yet."""
        match event.kind, event.data:
            case "question", {"text": text}:
                return self._add("user_message", "You", text)
            case "text", {"text": text}:
                return self._say("assistant_message", "Assistant", text)
            case "thinking", {"text": text}:
                return self._say("tool", "Thinking", text)
            case "tool", {"id": call, "name": name, "args": args}:
                asked = {"input": json.dumps(args), "showInput": "json"}
                self._calls[call] = self._add("tool", _title(name), **asked)
                return self._calls[call]
            case "result", {"id": call, "name": name, "text": text, "ok": ok}:
                step = self._calls.get(call) or self._add("tool", _title(name))
                step.update(output=text, language="text", isError=not ok)
                return step
            case "sources", {"sources": found}:
                self._sources += found
            case "approval", {"id": approval, "name": name, "args": args}:
                told = ", ".join(f"{key}: {value}" for key, value in args.items())
                asked = {"kind": "approval", "id": approval}
                text = f"May I do this? **{_title(name)}**, {_as_text(told)}"
                return self._add("assistant_message", "Assistant", text, metadata=asked)
            case "error", {"message": text}:
                again = {"metadata": {"kind": "error"}, "isError": True}
                return self._add("assistant_message", "Assistant", _as_text(text), **again)
            case "done", _ if self._sources:
                return self._cite()
        return None

    def _say(self, kind: str, name: str, text: str) -> Any:
        last = self.steps[-1] if self.steps else None
        if last is None or last["name"] != name or last["metadata"]:
            return self._add(kind, name, text)
        last["output"] += text
        return last

    def _add(self, kind: str, name: str, output: str = "", **more: Any) -> Any:
        step = {"id": str(uuid4()), "type": kind, "name": name, "output": output, "metadata": {}}
        self.steps.append({**step, "parentId": self._parent, "createdAt": None, **more})
        return self.steps[-1]

    def _cite(self) -> Any:
        step = self.steps[-1]
        ...


def _as_text(text: str) -> str:
    """Writes a text in Markdown that shows it as it is."""
    return "\n".join(re.sub(r"([^\w\s])", r"\\\1", line.strip()) for line in text.splitlines())


def _title(tool: str) -> str:
    return tool.replace("_", " ").capitalize()


class Conversations(BaseDataLayer):
    """What Chainlit asks of a database. It saves nothing here: the assistant has it already."""

    async def get_user(self, identifier: str) -> PersistedUser:
        """Knows everybody whose cookie is signed."""
        return PersistedUser(id=identifier, identifier=identifier, createdAt="")

    async def list_threads(
        self, pagination: Pagination, filters: ThreadFilter
    ) -> PaginatedResponse[ThreadDict]:
        """Lists the conversations of a user whose titles have the words he looks for."""
        words = (filters.search or "").lower()
        found = [
            _thread(one["id"], one["title"], one["changed"])
            for one in await assistant.conversations(browser_user())
            if words in one["title"].lower()
        ]
        return PaginatedResponse(PageInfo(False, None, None), found)

    async def get_thread_author(self, thread_id: str) -> str:
        """Names the user, if it is a conversation of his."""
        listed = await assistant.store.aget(shelf(browser_user()), thread_id)
        return browser_user() if listed else ""

    async def get_thread(self, thread_id: str) -> ThreadDict | None:
        """Finds a conversation. `resume` tells what was said."""
        return _thread(thread_id) if await self.get_thread_author(thread_id) else None

    async def update_thread(self, thread_id: str, name: str | None = None, **_: Any) -> None:
        """Begins a conversation, or renames one whose author Chainlit has asked for."""
        if name:
            await assistant.store.aput(shelf(browser_user()), thread_id, {"title": name[:80]})

    async def delete_thread(self, thread_id: str) -> None:
        """Removes a conversation whose author Chainlit has asked for."""
        await assistant.forget(browser_user(), thread_id)

    async def _nothing(self, *_: Any, **__: Any) -> Any: ...

    create_step = update_step = delete_step = create_element = delete_element = _nothing
    get_element = upsert_feedback = delete_feedback = get_favorite_steps = _nothing
    create_user = build_debug_url = close = _nothing


def _thread(id: str, title: str = "", changed: str = "") -> Any:
    thread = {"id": id, "name": title, "createdAt": changed, "steps": [], "elements": []}
    return {**thread, "userIdentifier": browser_user()}


cl.data_layer(Conversations)
