"""The page, with Chainlit: it shows the assistant's events, and asks it for what the user wants."""

# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

import asyncio
import base64
import json
import re
from contextlib import aclosing
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import anyio
import chainlit as cl
from chainlit.data.base import BaseDataLayer
from chainlit.types import PageInfo, PaginatedResponse, Pagination, ThreadDict, ThreadFilter
from chainlit.user import PersistedUser
from retrieval.uploads import read_upload

from chat_app.access import Limit, address, browser_user, is_secret
from chat_app.assistant import Assistant, Event, Turn, in_words

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Sequence

    from chat_app.settings import Settings

STARTERS = {
    "Embedding limits": "How many texts fit into one embeddings request?",
    "Rate limits": "How many requests a minute may I send?",
    "Errors": "What does a 422 mean?",
    "Thinking and tools": "Can thinking be used together with tools?",
}

assistant: Assistant
limit: Limit


def open_page(the_assistant: Assistant, settings: Settings, the_limit: Limit) -> None:
    """Lets people in: with the password, if there is one."""
    global assistant, limit
    assistant, limit = the_assistant, the_limit

    # A user is a browser, which the signed cookie knows again: names can be guessed.
    async def with_password(_name: str, password: str) -> cl.User | None:
        return await without_password() if is_secret(password, settings.password) else None

    async def without_password(_headers: Any = None) -> cl.User:
        return cl.User(identifier=browser_user(), display_name="You")

    if settings.password:
        cl.password_auth_callback(with_password)
    else:
        cl.header_auth_callback(without_password)


@cl.set_starters
async def starters(_user: Any) -> list[cl.Starter]:
    """Offers first questions, about the sample documents."""
    return [cl.Starter(label=label, message=text) for label, text in STARTERS.items()]


@cl.on_chat_start
async def start() -> None:
    """Offers the models, and the ways to answer."""
    modes = {
        "model": ("Model", {name: name for name in await assistant.models()}),
        "way": ("Way", {"chat": "Chat", "agent": "Agent"}),
        "thinking": ("Thinking", {"off": "Quick", "on": "Thinks first"}),
    }
    await cl.context.emitter.set_modes(
        [
            cl.Mode(mode, name, [cl.ModeOption(one, label) for one, label in options.items()])
            for mode, (name, options) in modes.items()
        ]
    )


@cl.on_chat_resume
async def resume(thread: ThreadDict) -> None:
    """Shows the buttons of a conversation again. Its steps are shown by Chainlit."""
    await start()
    for step in thread["steps"]:
        await _send_buttons(step)
    cl.user_session.set("catching_up", asyncio.create_task(_catch_up()))


async def _catch_up() -> None:
    """Shows the answer that was being written when the page was loaded."""
    waited = await assistant.wait(_conversation())
    if waited and (thread := await Conversations().get_thread(_conversation())):
        await cl.context.emitter.resume_thread(thread)
        for step in thread["steps"]:
            await _send_buttons(step)


@cl.on_message
async def message(said: cl.Message) -> None:
    """Takes uploads, then answers."""
    try:
        limit.count(_user(), address())
        taken = [await _take(file) for file in said.elements]
        if said.content.strip() and all(taken):
            chosen = {"model": assistant.default_model, **(said.modes or {})}
            agent, thinks = chosen.get("way") == "agent", chosen.get("thinking") == "on"
            turn = Turn(_user(), chosen["model"], agent=agent, thinks=thinks)
            await _show(assistant.answer(turn, _conversation(), said.content))
    except Exception as error:  # noqa: BLE001 - the user reads what went wrong
        await cl.ErrorMessage(_as_text(in_words(error))).send()


@cl.action_callback("approve")
@cl.action_callback("reject")
@cl.action_callback("finish")
async def go_on(button: cl.Action) -> None:
    """Goes on with a tool that asked first, without it, or with an interrupted answer."""
    for one in cl.user_session.get("buttons") or []:
        await one.remove()
    try:
        limit.count(_user(), address())
        turn, asked = Turn(_user(), assistant.default_model), button.payload.get("id")
        approved = button.name == "approve"
        await _show(assistant.answer(turn, _conversation(), approval=asked, approved=approved))
    except Exception as error:  # noqa: BLE001 - the user reads what went wrong
        await cl.ErrorMessage(_as_text(in_words(error))).send()


@cl.action_callback("sources")
async def open_sources(button: cl.Action) -> None:
    """Opens the sources beside their answer: as text, which is neither HTML nor Markdown."""
    elements = []
    for number, source in enumerate(button.payload["sources"], start=1):
        place = "" if source["place"] in source["text"] else f", {source['place']}"
        told = f"**{_as_text(_name(number, source) + place)}**\n\n{_as_text(source['text'])}"
        address = f"data:text/plain;charset=utf-8;base64,{base64.b64encode(told.encode()).decode()}"
        elements.append(cl.Text(name=_name(number, source), url=address, display="side"))
    await cl.ElementSidebar.set_elements(elements)
    await cl.ElementSidebar.set_title("Sources")


async def _take(file: Any) -> bool:
    """Adds an uploaded document, and tells how far it is; says whether that went well."""
    path = anyio.Path(file.path)
    try:
        async with cl.Step(
            f"Reading {file.name}", "tool", show_input=False, icon="file-text"
        ) as step:

            async def tell_progress(done: int, total: int) -> None:
                step.name = f"Reading {file.name}: {done} of {total} passages"
                await step.update()

            passages = await read_upload(file.name, await path.read_bytes())
            await assistant.documents.add(_user(), file.name, passages, tell_progress)
        names = [_as_text(name) for name in await assistant.documents.names(_user())]
        await cl.Message(f"Your documents: {', '.join(names)}").send()
    except Exception as error:  # noqa: BLE001 - as above
        await cl.ErrorMessage(_as_text(in_words(error))).send()
        return False
    else:
        return True
    finally:
        await path.unlink(missing_ok=True)
        await file.remove()


async def _show(answering: Awaitable[AsyncGenerator[Event]]) -> None:
    """Shows an answer as it comes."""
    run = cl.context.current_run
    transcript = Transcript(_conversation(), run.id if run else None)
    async with aclosing(await answering) as events:
        async for event in events:
            step = transcript.tell(event)
            if step and event.kind in {"text", "thinking"} and step["output"] != event.data["text"]:
                await cl.context.emitter.send_token(step["id"], event.data["text"])
            elif step:
                await cl.context.emitter.send_step(step)
                await _send_buttons(step)


async def _send_buttons(step: Any) -> None:
    buttons = [cl.Action(**button) for button in step["metadata"].get("buttons", ())]
    for button in buttons:
        await button.send(step["id"])
    once = [button for button in buttons if button.name != "sources"]
    cl.user_session.set("buttons", [*(cl.user_session.get("buttons") or []), *once])


class Transcript:
    """Tells events as Chainlit's steps: those of a live answer, and those of old ones alike."""

    def __init__(self, thread: str, parent: str | None = None) -> None:
        self.steps: list[Any] = []
        self._every = {"threadId": thread, "parentId": parent, "input": "", "createdAt": None}
        self._calls: dict[str, Any] = {}
        self._sources: list[dict[str, Any]] = []

    def tell(self, event: Event) -> Any:
        """Returns the step that the event adds or changes; `None` if it shows nothing yet."""
        match event:
            case Event("text", {"question": True, "text": text}):
                return self._add("user_message", "You", text)
            case Event("text", {"text": text}):
                return self._continue("assistant_message", "Assistant", text)
            case Event("thinking", {"text": text}):
                return self._continue("tool", "Thinking", text)
            case Event("tool", {"id": call, "name": name, "args": args}):
                asked = {"input": json.dumps(args), "showInput": "json"}
                self._calls[call] = self._add("tool", _title(name), **asked)
                return self._calls[call]
            case Event("result", {"id": call, "name": name, "text": text, "ok": ok}):
                step = self._calls.get(call) or self._add("tool", _title(name))
                step.update(output=text, language="text", isError=not ok)
                return step
            case Event("sources", {"sources": found}):
                self._sources += found
            case Event("approval", {"id": approval, "name": name, "args": args}):
                told = ", ".join(f"{key}: {value}" for key, value in args.items())
                return self._ask(
                    f"May I do this? **{_title(name)}**, {_as_text(told)}",
                    _button("approve", "Approve", "check", id=approval),
                    _button("reject", "Reject", "x", id=approval),
                )
            case Event("error", {"message": text}):
                again = _button("finish", "Try again", "refresh-cw")
                return self._ask(_as_text(text), again, isError=True)
            case Event("done") if self._sources and self.steps:
                step, label = self.steps[-1], _count(self._sources)
                button = _button("sources", label, "book-open", sources=self._sources)
                step.update(
                    output=step["output"] + _list_of(self._sources),
                    metadata={"buttons": [button]},
                )
                self._sources = []
                return step
        return None

    def _add(self, kind: str, name: str, output: str = "", **more: Any) -> Any:
        step = {"id": str(uuid4()), "type": kind, "name": name, "output": output, "metadata": {}}
        self.steps.append(self._every | step | more)
        return self.steps[-1]

    def _continue(self, kind: str, name: str, text: str) -> Any:
        last = self.steps[-1] if self.steps else None
        if last and last["name"] == name and not last["metadata"]:
            last["output"] += text
            return last
        return self._add(kind, name, text)

    def _ask(self, text: str, *buttons: Any, **more: Any) -> Any:
        return self._add(
            "assistant_message", "Assistant", text, metadata={"buttons": [*buttons]}, **more
        )


def _button(name: str, label: str, icon: str, **payload: Any) -> dict[str, Any]:
    return {"name": name, "label": label, "icon": icon, "payload": payload}


def _list_of(sources: list[dict[str, Any]]) -> str:
    names = [_as_text(_name(number, one)) for number, one in enumerate(sources, start=1)]
    return f"\n\nSources: {', '.join(names)}" if names else ""


def _name(number: int, source: dict[str, Any]) -> str:
    return f"[{number}] {source['name']} ({source['score']:.2f})"


def _as_text(text: str) -> str:
    """Writes a text in Markdown that shows it as it is."""
    return "\n".join(re.sub(r"([^\w\s])", r"\\\1", line.strip()) for line in text.splitlines())


def _count(sources: list[Any]) -> str:
    return "1 source" if len(sources) == 1 else f"{len(sources)} sources"


def _title(tool: str) -> str:
    return tool.replace("_", " ").capitalize()


def _user() -> str:
    return str(cl.context.session.user.identifier)  # type: ignore[union-attr]


def _conversation() -> str:
    return str(cl.context.session.thread_id)


@cl.data_layer
def conversations() -> BaseDataLayer:
    """Gives Chainlit the list of conversations, and what was said in them."""
    return Conversations()


class Conversations(BaseDataLayer):
    """What Chainlit asks of a database. It saves nothing here: the checkpointer has it already."""

    async def get_user(self, identifier: str) -> PersistedUser:
        """Knows everybody whose cookie is signed."""
        return PersistedUser(id=identifier, identifier=identifier, createdAt="")

    async def create_user(self, user: cl.User) -> PersistedUser:
        """As `get_user`."""
        return await self.get_user(user.identifier)

    async def list_threads(
        self,
        pagination: Pagination,  # noqa: ARG002 - there are 100 at most
        filters: ThreadFilter,
    ) -> PaginatedResponse[ThreadDict]:
        """Lists the conversations of a user whose titles have the words he looks for."""
        user, words = filters.userId or "", (filters.search or "").lower()
        found = [
            _thread(user, one.id, one.title, created=one.changed.isoformat())
            for one in await assistant.conversations.names(user)
            if words in one.title.lower()
        ]
        everything = PageInfo(hasNextPage=False, startCursor=None, endCursor=None)
        return PaginatedResponse(everything, found)

    async def get_thread_author(self, thread_id: str) -> str:
        """Names the user whose conversation it is."""
        return await assistant.conversations.author(thread_id) or ""

    async def get_thread(self, thread_id: str) -> ThreadDict | None:
        """Tells a conversation. Chainlit asks for its author before it shows it."""
        if not (author := await self.get_thread_author(thread_id)):
            return None
        transcript = Transcript(thread_id)
        for event in await assistant.history(author, thread_id):
            transcript.tell(event)
        return _thread(author, thread_id, "", steps=transcript.steps)

    async def update_thread(  # type: ignore[override]
        self, thread_id: str, name: str | None = None, user_id: str | None = None, **_: Any
    ) -> None:
        """Begins a conversation, or renames one whose author Chainlit has asked for."""
        if name and user_id:
            await assistant.conversations.start(user_id, name[:80], thread_id)
        elif name:
            author = await self.get_thread_author(thread_id)
            await assistant.conversations.rename(author, thread_id, name[:80])

    async def delete_thread(self, thread_id: str) -> None:
        """Removes a conversation whose author Chainlit has asked for."""
        await assistant.forget(await self.get_thread_author(thread_id), thread_id)

    async def _nothing(self, *_: Any, **__: Any) -> Any: ...

    create_step = update_step = delete_step = create_element = delete_element = _nothing
    get_element = upsert_feedback = delete_feedback = get_favorite_steps = _nothing
    build_debug_url = close = _nothing


def _thread(
    user: str, thread: str, title: str, created: str = "", steps: Sequence[Any] = ()
) -> ThreadDict:
    return ThreadDict(
        id=thread,
        createdAt=created,
        name=title,
        userId=user,
        userIdentifier=user,
        tags=[],
        metadata={},
        steps=[*steps],
        elements=[],
    )
