"""The page, with Chainlit: it shows the assistant's events, and asks it for what the user wants."""

from __future__ import annotations

import base64
import json
import re
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

import chainlit as cl
from chainlit.data.base import BaseDataLayer
from chainlit.types import PageInfo, PaginatedResponse, Pagination, ThreadDict, ThreadFilter
from chainlit.user import PersistedUser

from chat_app.access import Limit, browser_user, is_password
from chat_app.assistant import Assistant, Event, Refused, Turn
from chat_app.reading import UploadError, read_upload

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Sequence

    from chat_app.settings import Settings

TITLES = {
    "search_documents": "Search your documents",
    "list_documents": "List your documents",
    "remove_document": "Remove a document",
}
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
    global assistant, limit  # noqa: PLW0603 - Chainlit's callbacks take no arguments of ours
    assistant, limit = the_assistant, the_limit

    # A user is a browser, which the signed cookie knows again: names can be guessed.
    async def with_password(_name: str, password: str) -> cl.User | None:
        return await without_password() if is_password(password, settings) else None

    async def without_password(_headers: Any = None) -> cl.User:
        return cl.User(identifier=browser_user.get(), display_name="You")

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
    """Shows again what can be done in a conversation: its buttons are not among its steps."""
    await start()
    told = _told(thread["id"], await assistant.history(_user(), thread["id"]))
    for step, buttons in told:
        await _send_buttons(buttons, step["id"])


@cl.on_message
async def message(said: cl.Message) -> None:
    """Takes uploads, then answers."""
    try:
        limit.count(_user())
        for file in said.elements:
            await _take(file)
        if said.content.strip():
            chosen = {"model": assistant.default_model, **(said.modes or {})}
            if chosen["model"] not in await assistant.models():
                raise Refused(f"There is no chat model {chosen['model']}.")
            agent, thinks = chosen.get("way") == "agent", chosen.get("thinking") == "on"
            turn = Turn(_user(), chosen["model"], agent=agent, thinks=thinks)
            await _show(assistant.ask(_conversation(), said.content, turn))
    except (Refused, UploadError) as error:
        await cl.ErrorMessage(str(error)).send()


@cl.action_callback("approve")
@cl.action_callback("reject")
@cl.action_callback("finish")
async def go_on(button: cl.Action) -> None:
    """Goes on with a tool that asked first, without it, or with an interrupted answer."""
    for one in cl.user_session.get("buttons") or []:
        await one.remove()
    try:
        limit.count(_user())
        if button.name == "finish":
            await _show(assistant.finish(_user(), _conversation()))
        else:
            approved = button.name == "approve"
            asked = str(button.payload["id"])
            await _show(assistant.decide(_user(), _conversation(), asked, approved=approved))
    except Refused as error:
        await cl.ErrorMessage(str(error)).send()


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


async def _take(file: Any) -> None:
    """Adds an uploaded document, and tells how far it is."""
    path = Path(file.path)
    async with cl.Step(f"Reading {file.name}", "tool", show_input=False) as step:
        try:
            passages = await read_upload(file.name, path.read_bytes())
            await step.stream_token(f"{len(passages)} passages")
            await assistant.documents.add(_user(), file.name, passages)
        finally:
            path.unlink(missing_ok=True)
            await file.remove()
    names = [_as_text(name) for name in await assistant.documents.names(_user())]
    await cl.Message(f"I have read {_as_text(file.name)}. Your documents: {', '.join(names)}").send()


async def _show(answering: Awaitable[AsyncGenerator[Event]]) -> None:
    """Shows an answer as it comes: thoughts and tools as steps, its text, then its sources."""
    steps: dict[str, cl.Step] = {}
    answer: cl.Message | None = None
    sources: list[dict[str, Any]] = []
    async with aclosing(await answering) as events:
        async for event in events:
            match event:
                case Event("thinking", {"text": text}):
                    if "thinking" not in steps:
                        steps["thinking"] = await _step("Thinking")
                    await steps["thinking"].stream_token(text)
                case Event("text", {"text": text}):
                    answer = answer or cl.Message("")
                    await answer.stream_token(text)
                case Event("tool", {"id": call, "name": name, "args": args}):
                    steps[call] = await _step(TITLES.get(name, name), args)
                case Event("result", {"id": call, "name": name, "text": text, "ok": ok}):
                    step = steps.get(call) or await _step(TITLES.get(name, name))
                    step.output, step.language, step.is_error = text, "text", not ok
                    await step.update()
                case Event("sources", {"sources": found}):
                    sources += found
                case Event("approval" | "error"):
                    told, buttons = _request(event)
                    request = cl.Message(told)
                    request.is_error = event.kind == "error"
                    await request.send()
                    await _send_buttons(buttons, request.id)
            if event.kind != "thinking" and (thought := steps.pop("thinking", None)):
                await thought.update()
    if answer:
        answer.content += _list_of(sources)
        await answer.update()
        await _send_buttons(_open_button(sources), answer.id)


async def _step(name: str, args: dict[str, Any] | None = None) -> cl.Step:
    run = cl.context.current_run
    step = cl.Step(name, "tool", parent_id=run.id if run else None, show_input="json" if args else False)
    step.input = args or ""
    await step.send()
    return step


async def _send_buttons(buttons: Sequence[cl.Action], step: str) -> None:
    for button in buttons:
        await button.send(step)
    once = [button for button in buttons if button.name != "sources"]
    cl.user_session.set("buttons", [*(cl.user_session.get("buttons") or []), *once])


def _request(event: Event) -> tuple[str, list[cl.Action]]:
    """Tells what the user is asked: whether a tool may run, or an answer be tried again."""
    if event.kind == "error":
        again = cl.Action("finish", {}, "Try again", icon="refresh-cw")
        return _as_text(event.data["message"]), [again] if event.data["unfinished"] else []
    name, asked = event.data["name"], {"id": event.data["id"]}
    args = ", ".join(f"{key}: {value}" for key, value in event.data["args"].items())
    return f"May I do this? **{TITLES.get(name, name)}**, {_as_text(args)}", [
        cl.Action("approve", asked, "Approve", icon="check"),
        cl.Action("reject", asked, "Reject", icon="x"),
    ]


def _open_button(sources: list[dict[str, Any]]) -> list[cl.Action]:
    label = f"{len(sources)} sources"
    return [cl.Action("sources", {"sources": sources}, label, icon="book-open")] if sources else []


def _list_of(sources: list[dict[str, Any]]) -> str:
    names = [_as_text(_name(number, one)) for number, one in enumerate(sources, start=1)]
    return f"\n\nSources: {', '.join(names)}" if names else ""


def _name(number: int, source: dict[str, Any]) -> str:
    return f"[{number}] {source['name']} ({source['score']:.2f})"


def _as_text(text: str) -> str:
    """Writes a text in Markdown that shows it as it is."""
    return "\n".join(re.sub(r"([^\w\s])", r"\\\1", line.strip()) for line in text.splitlines())


def _user() -> str:
    return str(cl.context.session.user.identifier)  # type: ignore[union-attr]


def _conversation() -> str:
    return str(cl.context.session.thread_id)


def _told(thread: str, history: list[Event]) -> list[tuple[Any, list[cl.Action]]]:
    """Tells a conversation in Chainlit's steps, each with its buttons, as when it came."""
    told: list[tuple[Any, list[cl.Action]]] = []
    sources: list[dict[str, Any]] = []

    def add(kind: str, name: str, output: str, *buttons: cl.Action, **more: Any) -> None:
        step = {"id": str(uuid5(UUID(thread), str(len(told)))), "threadId": thread, "type": kind}
        step |= {"name": name, "output": output, "input": "", "metadata": {}, "createdAt": None}
        told.append((step | more, [*buttons]))

    for event in history:
        match event:
            case Event("text", {"question": True, "text": text}):
                add("user_message", "You", text)
                sources = []
            case Event("text", {"text": text}):
                add("assistant_message", "Assistant", text + _list_of(sources), *_open_button(sources))
            case Event("thinking", {"text": text}):
                add("tool", "Thinking", text)
            case Event("tool", {"id": call, "name": name, "args": args}):
                asked = {"input": json.dumps(args), "showInput": "json", "metadata": {"call": call}}
                add("tool", TITLES.get(name, name), "", **asked)
            case Event("result", {"id": call, "text": text, "ok": ok}):
                for step, _ in told:
                    if step["metadata"].get("call") == call:
                        step.update(output=text, language="text", isError=not ok)
            case Event("sources", {"sources": found}):
                sources = sources + found
            case Event("approval" | "error"):
                text, buttons = _request(event)
                add("assistant_message", "Assistant", text, *buttons, isError=event.kind == "error")
    return told


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
        self, pagination: Pagination, filters: ThreadFilter
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
        told = _told(thread_id, await assistant.history(author, thread_id))
        return _thread(author, thread_id, "", steps=[step for step, _ in told])

    async def update_thread(
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
    told = {"id": thread, "createdAt": created, "name": title, "userId": user, "tags": []}
    return ThreadDict(**told, userIdentifier=user, metadata={}, steps=[*steps], elements=[])
