"""The API: what is sent to the models, what comes back, and what stays."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from uuid import uuid4

import httpx2
import pytest
from chat_app import api, assistant
from chat_app.store import shelf
from langgraph.store.postgres import AsyncPostgresStore
from retrieval.hybrid_langchain import Documents
from retrieval.pool import open_pool

from heroku_emulator import CallTools, Fault, Say

HANDBOOK = "# Holidays\n\nEverybody has thirty days of holidays a year.\n"
QUESTION = "How many days of holidays have I?"
ANSWER = "You have thirty days. [1]"


@pytest.fixture(scope="module")
def reader(running_app, give):
    """A user who has a document."""
    client = running_app.client()
    give(client, "handbook.md", HANDBOOK)
    return client


@pytest.fixture
def ann(app, reader):
    return reader


def ask(client, message="", **more):
    """Ask, and return the JSON of the answer."""
    response = client.post("/api/chat", json={"message": message, **more})
    assert response.status_code == 200, response.text
    return response.json()


@contextmanager
def streamed(client, message="", **more):
    """Ask, and yield an iterator over the events: pairs of name and data."""
    body = {"message": message, "stream": True, **more}
    with client.stream("POST", "/api/chat", json=body) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        yield events_of(response.iter_lines())


def events_of(lines):
    for line in lines:
        if line.startswith("event: "):
            kind = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield kind, json.loads(line.removeprefix("data: "))


def history(client, conversation):
    """Return what was said, as pairs."""
    told = client.get(f"/api/conversations/{conversation}").raise_for_status().json()
    return [(event["kind"], event["data"]) for event in told]


def said(client, conversation):
    return [
        data["text"] for kind, data in history(client, conversation) if kind in {"question", "text"}
    ]


def test_an_answer_has_its_sources_and_stays(ann, emulator):
    emulator.script(Say(ANSWER))
    answer = ask(ann, QUESTION)
    assert answer["text"] == ANSWER
    assert "error" not in answer
    first = answer["source"][0]
    assert first["name"] == "handbook.md"
    assert 0 <= first["score"] <= 1
    sent = [call.body for call in emulator.journal if call.path == "/v1/chat/completions"][-1]
    assert first["text"] in sent["messages"][-1]["content"]
    assert QUESTION in sent["messages"][-1]["content"]
    assert "tools" not in sent

    listed = ann.get("/api/conversations").json()
    assert (listed[0]["id"], listed[0]["title"]) == (answer["conversation"], QUESTION)
    told = history(ann, answer["conversation"])
    assert [kind for kind, _ in told] == ["question", "source", "text", "done"]
    assert [told[1][1]] == answer["source"]
    assert said(ann, answer["conversation"]) == [QUESTION, ANSWER]


def test_a_conversation_goes_on(ann, emulator):
    emulator.script(Say(ANSWER), Say("In summer."))
    conversation = ask(ann, QUESTION)["conversation"]
    assert ask(ann, "When?", conversation=conversation)["conversation"] == conversation
    sent = [message["content"] for message in emulator.journal[-1].body["messages"]]
    assert sent[1:3] == [QUESTION, ANSWER]  # only the newest question carries its sources
    assert said(ann, conversation) == [QUESTION, ANSWER, "When?", "In summer."]


def test_a_stream_says_the_same_piece_by_piece(ann, emulator):
    emulator.script(Say(ANSWER, reasoning="The handbook says it."))
    with streamed(ann, QUESTION, thinking=True) as events:
        told = list(events)
    kinds = [kind for kind, _ in told]
    assert kinds[:2] == ["conversation", "source"]
    assert kinds[-1] == "done"
    assert kinds.count("text") > 1
    assert "".join(data["text"] for kind, data in told if kind == "text") == ANSWER
    thoughts = "".join(data["text"] for kind, data in told if kind == "thinking")
    assert thoughts == "The handbook says it."
    assert emulator.journal[-1].body["extended_thinking"]["enabled"] is True


def test_an_agent_searches_when_it_likes(ann, emulator):
    emulator.script(CallTools([("search_documents", {"question": "holidays"})]), Say(ANSWER))
    answer = ask(ann, QUESTION, agent=True)
    [call], [result] = answer["tool"], answer["result"]
    assert (call["name"], call["args"]) == ("search_documents", {"question": "holidays"})
    assert result["ok"]
    assert "thirty days" in result["text"]
    assert answer["source"][0]["name"] == "handbook.md"
    assert answer["text"] == ANSWER
    assert result["text"].startswith("[1] handbook.md")
    names = {tool["function"]["name"] for tool in emulator.journal[-1].body["tools"]}
    assert names == {"search_documents", "remove_document"}


def test_an_agent_that_searches_twice_numbers_its_sources_on(ann, emulator):
    search = CallTools([("search_documents", {"question": "holidays"})])
    emulator.script(search, search, Say("You have thirty days. [1] [2]"))
    answer = ask(ann, QUESTION, agent=True)
    assert [one["text"][:3] for one in answer["result"]] == ["[1]", "[2]"]
    assert len(answer["source"]) == 2


def test_a_document_that_is_not_there_is_not_said_to_be_removed(ann, emulator):
    emulator.script(CallTools([("remove_document", {"name": "handbok.md"})]), Say("I am sorry."))
    asked = ask(ann, "Remove the handbok.", agent=True)
    decision = {"approval": asked["approval"][0]["id"], "approved": True}
    [result] = ask(ann, conversation=asked["conversation"], **decision)["result"]
    assert result["text"] == "You have no document of that name."
    assert ann.get("/api/documents").json() == ["handbook.md"]


def test_a_long_question_is_answered(ann, emulator):
    """Questions may be longer than what an embedding takes."""
    question = QUESTION + " I ask for a friend." * 150
    emulator.script(Say(ANSWER))
    answer = ask(ann, question)
    assert len(question) > 3000
    assert (answer["text"], answer["source"][0]["name"]) == (ANSWER, "handbook.md")
    assert question in emulator.journal[-1].body["messages"][-1]["content"]


def test_the_model_can_be_switched(ann, emulator):
    emulator.script(Say("From a small one."))
    ask(ann, QUESTION, model="claude-4-5-haiku")
    assert emulator.journal[-1].body["model"] == "claude-4-5-haiku"
    refused = ann.post("/api/chat", json={"message": QUESTION, "model": "gpt-2"})
    assert (refused.status_code, refused.json()["detail"]) == (
        409,
        "gpt-2 is not one of the chat models.",
    )


def test_a_list_of_models_that_is_silent_leaves_the_default(make_app, emulator):
    with make_app() as app, app.client() as ann:  # a new one: it keeps a list that it has read
        emulator.script(Fault(403, path="/available-models"), Say("Here I am."))
        assert ask(ann, "Are you there?")["text"] == "Here I am."
        # It is read again for the next question.
        emulator.script(Say("From a small one."))
        assert ask(ann, "And you?", model="claude-4-5-haiku")["text"] == "From a small one."


def test_an_error_is_told_in_words_and_the_answer_can_be_finished(ann, emulator):
    emulator.script(Fault(400, "the model is asleep", path="/v1/chat/completions"))
    broken = ask(ann, QUESTION)
    [error] = broken["error"]
    assert "the model is asleep" in error["message"]
    assert emulator.api_key not in error["message"]
    conversation = broken["conversation"]
    assert history(ann, conversation)[-1] == ("error", {"message": "This answer was interrupted."})

    emulator.script(Say(ANSWER))
    assert ask(ann, conversation=conversation)["text"] == ANSWER
    assert said(ann, conversation) == [QUESTION, ANSWER]
    again = ann.post("/api/chat", json={"conversation": conversation})
    assert (again.status_code, again.json()["detail"]) == (409, "There is nothing to finish.")


def test_a_stopped_answer_keeps_what_was_said(ann, emulator):
    words = " ".join(map(str, range(200)))
    emulator.script(Say(words))
    with emulator.switched(pace=0.05), streamed(ann, QUESTION) as events:
        for kind, data in events:
            if kind == "conversation":
                conversation = data["id"]
            if kind == "text" and data["text"].strip() == "5":
                busy = ann.post("/api/chat", json={"message": "And?", "conversation": conversation})
                assert "still being answered" in busy.json()["detail"]
                break
    until = time.monotonic() + 20
    while len(said(ann, conversation)) < 2 and time.monotonic() < until:
        time.sleep(0.05)
    question, answer = said(ann, conversation)
    assert question == QUESTION
    assert answer.startswith("0 1 2 3 4 5")
    assert answer.endswith("…")
    assert len(answer) < len(words)
    assert history(ann, conversation)[-1][0] == "done"  # nothing waits to be finished
    emulator.script(Say("Go on."))
    assert ask(ann, "And now?", conversation=conversation)["text"] == "Go on."


@pytest.mark.parametrize("form", [api._stream, api._sum_up], ids=["events", "json"])
async def test_silence_is_broken_before_the_router_ends_it(emulator, postgres, monkeypatch, form):
    for name, value in emulator.config_vars.items():
        monkeypatch.setenv(name, value)
    assert assistant.HEARTBEAT < 55
    monkeypatch.setattr(assistant, "HEARTBEAT", 0.05)
    emulator.switch(pace=0.4)
    emulator.script(Say("At last."))
    async with open_pool(postgres.get_uri()) as pool:
        talker = assistant.Assistant(Documents(pool), pool, "claude-4-5-sonnet")
        answer = await talker.answer("api:ann", assistant.Question(message=QUESTION))
        pieces = [piece async for piece in form(answer, "1")]
    if form is api._sum_up:
        assert json.loads("".join(pieces))["text"] == "At last."
        assert set(pieces[:-1]) == {" "}
        assert len(pieces) > 5
    else:
        assert pieces.count("event: silence\ndata: {}\n\n") > 3


async def test_a_conversation_that_is_removed_during_an_answer_leaves_nothing(
    app, emulator, postgres, monkeypatch
):
    for name, value in emulator.config_vars.items():
        monkeypatch.setenv(name, value)
    emulator.switch(pace=0.1)
    emulator.script(Say(" ".join(map(str, range(50)))))
    async with open_pool(postgres.get_uri()) as pool:
        talker = assistant.Assistant(Documents(pool), pool, "claude-4-5-sonnet")
        asked = assistant.Question(message=QUESTION)
        answer = await talker.answer("api:ann", asked)
        async for event in answer:
            if event.kind == "text":
                await talker.forget("api:ann", str(asked.conversation))
        await talker.wait("api:ann", str(asked.conversation))
        async with pool.connection() as connection:
            kept = await connection.execute(
                "SELECT FROM checkpoints WHERE thread_id LIKE %s", [f"%{asked.conversation}"]
            )
            assert kept.rowcount == 0
        assert str(asked.conversation) not in str(await talker.conversations("api:ann"))


def test_what_postgresql_cannot_keep_is_left_out_of_a_question(ann, emulator):
    emulator.script(Say(ANSWER))
    conversation = ask(ann, "How many \0days?")["conversation"]
    assert ann.get("/api/conversations").json()[0]["title"] == "How many days?"
    assert said(ann, conversation) == ["How many days?", ANSWER]


async def test_a_conversation_that_was_begun_only_can_be_opened(app, postgres):
    ann, conversation = app.client(), str(uuid4())
    async with open_pool(postgres.get_uri()) as pool:
        user = shelf(f"api:{ann.headers['x-user']}")
        await AsyncPostgresStore(pool).aput(user, conversation, {"title": "Hello"})
    assert history(ann, conversation) == []
    assert ann.get(f"/api/conversations/{uuid4()}").status_code == 404


def test_documents_are_uploaded_and_listed(app):
    ann = app.client()
    uploaded = ann.post("/api/documents?name=handbook.md", content=HANDBOOK)
    assert uploaded.json() == {"passages": 1}
    assert ann.get("/api/documents").json() == ["handbook.md"]
    refused = ann.post("/api/documents?name=program.exe", content=b"MZ")
    assert refused.status_code == 422
    assert "program.exe" in refused.json()["detail"]


def test_the_token_opens_the_api(app):
    for headers in ({}, {"authorization": "Bearer wrong"}):
        response = httpx2.get(f"{app.url}/api/conversations", headers=headers)
        assert response.status_code == 401


def test_openapi_describes_it(app):
    paths = httpx2.get(f"{app.url}/openapi.json").json()["paths"]
    assert {"/api/chat", "/api/conversations", "/healthz"} <= paths.keys()
    asking = paths["/api/chat"]["post"]
    assert "server-sent events" in asking["description"]
    assert asking["security"] == [{"HTTPBearer": []}]
    assert [one["name"] for one in asking["parameters"]] == ["x-user"]
