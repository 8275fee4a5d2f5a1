"""The page, with Chainlit: it shows the assistant's events, and asks it for what the user wants."""

# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

import asyncio
import json
import re
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_OID, UUID, uuid4, uuid5

import chainlit as cl
from chainlit.config import FILES_DIRECTORY
from chainlit.data.base import BaseDataLayer
from chainlit.session import BaseSession
from chainlit.types import PageInfo, PaginatedResponse, Pagination, ThreadDict, ThreadFilter
from chainlit.user import PersistedUser
from chainlit.utils import wrap_user_function
from retrieval.uploads import read_upload

from chat_app.access import Limit, address, browser_user, is_secret
from chat_app.assistant import Assistant, Event, Question, in_words
from chat_app.store import shelf, storable

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from chat_app.settings import Settings

BUTTONS = {"approval": {"Approve": "check", "Reject": "x"}, "error": {"Try again": "refresh-cw"}}
"""What stands under these events: labels and icons."""
ICONS = {"source": "book-open", "thinking": "lightbulb", "tool": "wrench", "result": "wrench"}

# The page sends the id of its session, which may be a path. Chainlit writes there, and removes it.
BaseSession.files_dir = property(lambda one: FILES_DIRECTORY / uuid5(NAMESPACE_OID, one.id).hex)  # type: ignore[method-assign,assignment]

assistant: Assistant
limit: Limit


def open_page(the_assistant: Assistant, settings: Settings, the_limit: Limit) -> None:
    """Lets people in: with the password, if there is one."""
    global assistant, limit
    assistant, limit = the_assistant, the_limit

    # A user is a browser, which the signed cookie knows again: names can be guessed.
    async def user(_who: Any, password: str = "") -> cl.User | None:
        enters = not settings.password or is_secret(password, settings.password)
        return cl.User(identifier=browser_user(), display_name="You") if enters else None

    (cl.password_auth_callback if settings.password else cl.header_auth_callback)(user)


@cl.set_starters
async def starters(_user: Any) -> list[cl.Starter]:
    """Offers first questions, about the sample documents."""
    questions = Path(__file__).with_name("starters.json").read_text()
    return [cl.Starter(**one) for one in json.loads(questions)]


@cl.on_chat_start
async def start(chosen: Any = None) -> None:
    """Offers the models, and the ways to answer, under the names of a `Question`."""
    models = [cl.ModeOption(name, name) for name in await assistant.models()]
    ways = [cl.ModeOption("False", "Chat"), cl.ModeOption("True", "Agent")]
    speeds = [cl.ModeOption("False", "Quick"), cl.ModeOption("True", "Thinks first")]
    modes = {"model": models, "agent": ways, "thinking": speeds}
    for mode, options in modes.items():
        for option in options:
            option.default = option.id == str((chosen or {}).get(mode))
    await cl.context.emitter.set_modes([cl.Mode(one, one, modes[one]) for one in modes])


@cl.on_chat_resume
async def resume(thread: ThreadDict) -> None:
    """Shows a conversation again, then the answer that was being written when it is whole."""
    await start(await assistant.chosen(browser_user(), thread["id"]))
    thread["steps"] = await _steps(thread["id"])
    await cl.context.emitter.resume_thread(thread)
    await cl.context.emitter.task_end()  # the stop button belongs to the page that asked
    await assistant.wait(browser_user(), thread["id"])
    thread["steps"] = await _steps(thread["id"])  # which Chainlit shows
    for step in thread["steps"]:
        await _send_buttons(step)


def saying_errors(callback: Callable[[Any], Awaitable[None]]) -> Any:
    """Says on the page what goes wrong with what a user sends."""

    async def said(given: Any) -> None:
        try:
            await callback(given)
        except Exception as error:  # noqa: BLE001 - the user reads what went wrong
            await cl.ErrorMessage(_as_text(in_words(error))).send()

    return said


@cl.on_message
@saying_errors
async def message(said: cl.Message) -> None:
    """Takes uploads, then answers."""
    for file in said.elements[:5]:
        await _take(file)
        Path(str(file.path)).unlink(missing_ok=True)  # noqa: ASYNC240 - at once
    if said.content.strip():
        await _show(await _answer(message=said.content, **(said.modes or {})))


@cl.action_callback("go on")
async def begin_to_go_on(button: cl.Action) -> None:
    """Answers a click at once. What it begins can be stopped, as what a message begins."""
    task = wrap_user_function(go_on, with_task=True)(button)
    cl.context.session.current_task = asyncio.create_task(task)


@saying_errors
async def go_on(button: cl.Action) -> None:
    """Goes on with a tool that asked first, without it, or with an interrupted answer."""
    answer = await _answer(approval=button.forId, approved=button.label == "Approve")
    await cl.context.emitter.delete_step({"id": str(button.forId)})  # with all its buttons
    await _show(answer)


async def _answer(**asked: Any) -> AsyncGenerator[Event]:
    limit.count(browser_user(), address())
    question = Question(conversation=UUID(cl.context.session.thread_id), **asked)
    return await assistant.answer(browser_user(), question)


@saying_errors
async def _take(file: Any) -> None:
    """Adds an uploaded document, and tells how far it is."""
    async with cl.Step(f"Reading {file.name}", "tool", show_input=False, icon="file-text") as step:

        async def tell(done: int, total: int) -> None:
            step.name = f"Reading {file.name}: {done} of {total} passages"
            await step.update()

        passages = await read_upload(file.name, Path(file.path))
        await assistant.documents.add(browser_user(), file.name, passages, tell)


async def _show(answer: AsyncGenerator[Event]) -> None:
    """Shows an answer as it comes."""
    last: Any = {}
    parent = cl.context.current_run and cl.context.current_run.id
    async with aclosing(answer) as events:
        async for event in events:
            step = _step(event)
            if event.kind in {"text", "thinking"} and step["name"] == last.get("name"):
                await cl.context.emitter.send_token(last["id"], event.data["text"])
            elif step:
                last = {**step, "parentId": parent}
                await cl.context.emitter.send_step(last)
                await _send_buttons(last)


async def _send_buttons(step: Any) -> None:
    for label, icon in BUTTONS.get(step["metadata"]["kind"], {}).items():
        await cl.Action("go on", {}, label, icon=icon).send(step["id"])


async def _steps(thread: str) -> list[Any]:
    return [*filter(None, map(_step, await assistant.history(browser_user(), thread)))]


def _step(event: Event) -> Any:
    """Tells an event as a step of Chainlit, which puts those of one id together."""
    data: Any = event.data
    name = data.get("name", event.kind).replace("_", " ").capitalize()
    tool = {"id": data.get("id") or str(uuid4()), "type": "tool", "name": name, "createdAt": None}
    tool |= {"metadata": {"kind": event.kind, "icon": ICONS.get(event.kind)}}
    tool |= {"output": data.get("text", "")}
    said = tool | {"type": "assistant_message", "name": "Assistant"}
    match event.kind:
        case "question":
            return said | {"type": "user_message", "name": "You"}
        case "text":
            return said
        case "thinking":
            return tool
        case "source":
            title = f"[{data['number']}] {data['name']} ({data['score']:.2f})"
            return tool | {"name": title, "output": _as_text(data["text"])}
        case "tool":
            return tool | {"input": json.dumps(data["args"]), "showInput": "json"}
        case "result":
            return tool | {"language": "text", "isError": not data["ok"]}
        case "approval":
            told = ", ".join(f"{key}: {value}" for key, value in data["args"].items())
            return said | {"output": f"May I do this? **{name}**, {_as_text(told)}"}
        case "error":
            return said | {"output": _as_text(data["message"]), "isError": True}
    return None


def _as_text(text: str) -> str:
    """Writes a text in Markdown that shows it as it is."""
    return "\n".join(re.sub(r"([^\w\s]|_)", r"\\\1", line.strip()) for line in text.splitlines())


class Conversations(BaseDataLayer):
    """What Chainlit asks of a database. It saves nothing here: the assistant has it already."""

    async def get_user(self, identifier: str) -> PersistedUser:
        """Knows everybody whose cookie is signed."""
        return PersistedUser(id=identifier, identifier=identifier, createdAt="")

    async def list_threads(self, pagination: Pagination, filters: ThreadFilter) -> Any:  # noqa: ARG002 - there are 100 at most
        """Lists the conversations of a user whose titles have the words he looks for."""
        listed, words = await assistant.conversations(browser_user()), filters.search or ""
        found = [_thread(**one) for one in listed if words.lower() in one["title"].lower()]
        return PaginatedResponse(PageInfo(False, None, None), found)

    async def get_thread_author(self, thread_id: str) -> str:
        """Names the user, if it is a conversation of his."""
        listed = await assistant.store.aget(shelf(browser_user()), storable(thread_id))
        return browser_user() if listed else ""

    async def get_thread(self, thread_id: str) -> ThreadDict | None:
        """Finds a conversation; `resume` tells what was said."""
        return _thread(thread_id) if await self.get_thread_author(thread_id) else None

    async def update_thread(self, thread_id: str, name: Any = None, *_: Any, **__: Any) -> None:
        """Begins a conversation, or renames one whose author Chainlit has asked for."""
        if name:
            listed, title = storable(thread_id), {"title": storable(name[:80])}
            await assistant.store.aput(shelf(browser_user()), listed, title)

    async def delete_thread(self, thread_id: str) -> None:
        """Removes a conversation whose author Chainlit has asked for."""
        await assistant.forget(browser_user(), thread_id)

    async def _nothing(self, *_: Any, **__: Any) -> Any: ...

    create_step = update_step = delete_step = create_element = delete_element = _nothing
    get_element = upsert_feedback = delete_feedback = get_favorite_steps = _nothing
    create_user = build_debug_url = close = _nothing


def _thread(id: str, title: str = "", changed: str = "") -> Any:  # noqa: A002 - as the API says
    return {"id": id, "name": title, "createdAt": changed, "userIdentifier": browser_user()}


cl.data_layer(Conversations)
