"""The page, with Chainlit: it shows the assistant's events, and asks it for what the user wants."""

from __future__ import annotations

import base64
import json
from contextlib import aclosing
from datetime import UTC, datetime
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
    from collections.abc import AsyncGenerator, Awaitable

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
    if settings.password:
        cl.password_auth_callback(lambda _name, password: _enter(is_password(password, settings)))
    else:
        cl.header_auth_callback(lambda _headers: _enter(True))


async def _enter(allowed: bool) -> cl.User | None:  # noqa: FBT001
    """A user is a browser, which the signed cookie knows again: names can be guessed."""
    return cl.User(identifier=browser_user.get(), display_name="You") if allowed else None


@cl.set_starters
async def starters(_user: Any) -> list[cl.Starter]:
    """Offers first questions, about the sample documents."""
    return [cl.Starter(label=label, message=text) for label, text in STARTERS.items()]


@cl.on_chat_start
async def start() -> None:
    """Offers the models, and the ways to answer."""
    await _offer_choices()


@cl.on_chat_resume
async def resume(thread: ThreadDict) -> None:
    """Shows what a conversation waits for."""
    await _offer_choices()
    for event in await assistant.history(_user(), thread["id"]):
        if event.kind == "approval":
            await _ask_for_approval(event)
        elif event.data.get("unfinished"):
            await _tell_error(event)


@cl.on_message
async def message(said: cl.Message) -> None:
    """Takes uploads, then answers."""
    try:
        limit.count(_user())
        for file in said.elements:
            await _take(file)
        if said.content.strip():
            chosen = said.modes or {}
            turn = Turn(
                _user(),
                chosen.get("model") or assistant.default_model,
                agent=chosen.get("way") == "agent",
                thinks=chosen.get("thinking") == "on",
            )
            if turn.model not in await assistant.models():
                raise Refused(f"There is no chat model {turn.model}.")
            await _show(assistant.ask(_conversation(), said.content, turn))
    except (Refused, UploadError) as error:
        await cl.ErrorMessage(str(error)).send()


@cl.action_callback("approve")
@cl.action_callback("reject")
async def decide(action: cl.Action) -> None:
    """Goes on with a tool that asked first, or without it."""
    await _go_on(
        assistant.decide(
            _user(), _conversation(), action.payload["id"], approved=action.name == "approve"
        )
    )


@cl.action_callback("finish")
async def finish(_action: cl.Action) -> None:
    """Goes on with an interrupted answer."""
    await _go_on(assistant.finish(_user(), _conversation()))


async def _go_on(answer: Awaitable[AsyncGenerator[Event]]) -> None:
    if buttons := cl.user_session.get("buttons"):
        await buttons.remove()
        cl.user_session.set("buttons", None)
    try:
        limit.count(_user())
        await _show(answer)
    except Refused as error:
        await cl.ErrorMessage(str(error)).send()


async def _take(file: Any) -> None:
    """Adds an uploaded document, and tells how far it is."""
    path = Path(file.path)
    async with cl.Step(name=f"Reading {file.name}", type="tool", show_input=False) as step:
        try:
            passages = await read_upload(file.name, path.read_bytes())
            step.output = f"{len(passages)} passages"
            count = await assistant.documents.add(_user(), file.name, passages)
        except UploadError as error:
            step.is_error, step.output = True, str(error)
            raise
        finally:
            path.unlink(missing_ok=True)
    names = await assistant.documents.names(_user())
    await cl.Message(f"Read **{file.name}**: {count} passages. You have {len(names)} documents.").send()


async def _show(answering: Awaitable[AsyncGenerator[Event]]) -> None:
    """Shows an answer as it comes: thoughts and tools as steps, the text, then its sources."""
    steps: dict[str, cl.Step] = {}
    text: cl.Message | None = None
    sources: list[dict[str, Any]] = []
    async with aclosing(await answering) as answer:
        async for event in answer:
            match event:
                case Event("thinking", data):
                    if "thinking" not in steps:
                        steps["thinking"] = await _step("Thinking", "tool")
                    await steps["thinking"].stream_token(data["text"])
                case Event("text", data):
                    if thinking := steps.pop("thinking", None):
                        await thinking.update()
                    text = text or cl.Message("")
                    await text.stream_token(data["text"])
                case Event("tool", data):
                    steps[data["id"]] = await _step(_title(data["name"]), "tool", data["args"])
                case Event("result", data) if step := steps.get(data["id"]):
                    step.output, step.language, step.is_error = data["text"], "text", not data["ok"]
                    await step.update()
                case Event("sources", data):
                    sources += data["sources"]
                case Event("approval"):
                    await _ask_for_approval(event)
                case Event("error"):
                    await _tell_error(event)
    if text:
        thread = _conversation()
        text.elements = [_element(number, one, thread) for number, one in enumerate(sources, 1)]
        text.content += _list_of(sources)
        await text.update()


async def _step(name: str, kind: Any, args: Any = None) -> cl.Step:
    step = cl.Step(name=name, type=kind, show_input="json" if args else False)
    step.input = args or ""
    await step.send()
    return step


async def _ask_for_approval(event: Event) -> None:
    args = json.dumps(event.data["args"], ensure_ascii=False)
    buttons = cl.Message(
        f"May I do this? **{_title(event.data['name'])}**\n```json\n{args}\n```",
        actions=[
            cl.Action("approve", {"id": event.data["id"]}, "Approve", icon="check"),
            cl.Action("reject", {"id": event.data["id"]}, "Reject", icon="x"),
        ],
    )
    cl.user_session.set("buttons", await buttons.send())


async def _tell_error(event: Event) -> None:
    buttons = cl.Message(
        event.data["message"], actions=[cl.Action("finish", {}, "Try again", icon="refresh-cw")]
    )
    buttons.is_error = True
    cl.user_session.set("buttons", await buttons.send())


async def _offer_choices() -> None:
    def mode(key: str, name: str, options: list[tuple[str, str]]) -> cl.Mode:
        return cl.Mode(
            key,
            name,
            [cl.ModeOption(one, label, default=one == options[0][0]) for one, label in options],
        )

    models = [(one, one) for one in await assistant.models()]
    await cl.context.emitter.set_modes(
        [
            mode("model", "Model", models),
            mode("way", "Way", [("chat", "Chat"), ("agent", "Agent")]),
            mode("thinking", "Thinking", [("off", "Quick"), ("on", "Thinks first")]),
        ]
    )


def _title(tool: str) -> str:
    return TITLES.get(tool, tool)


def _list_of(sources: list[dict[str, Any]]) -> str:
    """Names the sources; the names open the passages."""
    names = [_name(number, one) for number, one in enumerate(sources, start=1)]
    return f"\n\nSources: {', '.join(names)}" if names else ""


def _name(number: int, source: dict[str, Any]) -> str:
    return f"[{number}] {source['name']} ({source['score']:.2f})"


def _element(number: int, source: dict[str, Any], thread: str) -> cl.Text:
    """Makes a source that opens beside the answer, as text and never as HTML."""
    told = f"{source['place']}\n\n{source['text']}".encode()
    address = f"data:text/plain;charset=utf-8;base64,{base64.b64encode(told).decode()}"
    return cl.Text(
        thread_id=thread, name=_name(number, source), url=address, display="side", language="text"
    )


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
        self, pagination: Pagination, filters: ThreadFilter
    ) -> PaginatedResponse[ThreadDict]:
        """Lists the conversations of a user, or those whose title has the words he looks for."""
        words = (filters.search or "").lower()
        found = [
            _thread(filters.userId or "", one.id, one.title, one.changed)
            for one in await assistant.conversations.names(filters.userId or "")
            if words in one.title.lower()
        ]
        return PaginatedResponse(pageInfo=PageInfo(False, None, None), data=found)

    async def get_thread_author(self, thread_id: str) -> str:
        """Names the user whose conversation it is."""
        return await assistant.conversations.author(thread_id) or ""

    async def get_thread(self, thread_id: str) -> ThreadDict | None:
        """Tells a conversation as steps. Chainlit asks for its author before it shows it."""
        author = await self.get_thread_author(thread_id)
        if not author:
            return None
        return _told(author, thread_id, await assistant.history(author, thread_id))

    async def update_thread(self, thread_id: str, name: str | None = None, **_: Any) -> None:
        """Gives a conversation another title. Chainlit has asked for its author."""
        if name:
            author = await self.get_thread_author(thread_id)
            await assistant.conversations.rename(author, thread_id, name)

    async def delete_thread(self, thread_id: str) -> None:
        """Removes a conversation. Chainlit has asked for its author."""
        await assistant.forget(await self.get_thread_author(thread_id), thread_id)

    async def _nothing(self, *_: Any, **__: Any) -> Any: ...

    create_step = update_step = delete_step = create_element = delete_element = _nothing
    get_element = upsert_feedback = delete_feedback = get_favorite_steps = _nothing
    build_debug_url = close = _nothing


def _thread(user: str, thread: str, title: str, changed: datetime) -> ThreadDict:
    return ThreadDict(
        id=thread,
        createdAt=changed.isoformat(),
        name=title,
        userId=user,
        userIdentifier=user,
        tags=[],
        metadata={},
        steps=[],
        elements=[],
    )


def _told(user: str, thread: str, history: list[Event]) -> ThreadDict:
    """Tells a conversation in Chainlit's steps, which look as when they came."""
    told = _thread(user, thread, "", datetime.now(UTC))
    steps: list[Any] = told["steps"]
    sources: list[dict[str, Any]] = []

    def add(kind: str, name: str, output: str = "", **more: Any) -> dict[str, Any]:
        step = {"id": str(uuid5(UUID(thread), str(len(steps)))), "threadId": thread, "type": kind}
        step |= {"name": name, "output": output, "input": "", "createdAt": told["createdAt"]}
        steps.append(step | {"metadata": {}} | more)
        return step

    for event in history:
        match event:
            case Event("text", {"question": True, "text": text}):
                add("user_message", "You", text)
                sources = []
            case Event("text", {"text": text}):
                answer = add("assistant_message", "Assistant", text + _list_of(sources))
                told["elements"] += _elements(sources, answer["id"], thread)  # type: ignore[operator]
            case Event("thinking", {"text": text}):
                add("tool", "Thinking", text)
            case Event("tool", {"id": call, "name": name, "args": args}):
                metadata = {"call": call}
                add("tool", _title(name), input=json.dumps(args), showInput="json", metadata=metadata)
            case Event("result", {"id": call, "text": text, "ok": ok}):
                for step in steps:
                    if step["metadata"].get("call") == call:
                        step.update(output=text, language="text", isError=not ok)
            case Event("sources", {"sources": found}):
                sources = sources + found
    return told


def _elements(sources: list[dict[str, Any]], answer: str, thread: str) -> list[Any]:
    elements = [_element(number, one, thread) for number, one in enumerate(sources, start=1)]
    return [{**element.to_dict(), "forId": answer} for element in elements]
