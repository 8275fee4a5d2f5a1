"""What a mistake prints ends at the caller's own line, in a program and in a notebook."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import traceback
from pathlib import Path

import pytest

from heroku_emulator import Cut
from heroku_inference import (
    APIConnectionError,
    AsyncClient,
    AuthenticationError,
    Client,
    ConfigError,
    HerokuError,
    Settings,
)
from langchain_heroku import ChatHeroku, HerokuEmbeddings
from llama_index_heroku import Heroku, HerokuEmbedding

HELLO = [{"role": "user", "content": "Hello"}]
WRONG_KEY = "inf-made-up-wrong-key"
OURS = re.compile(r"[\\/](heroku_inference|langchain_heroku|llama_index_heroku)[\\/]")


@pytest.fixture
def chat(emulator):
    return {"api_key": WRONG_KEY, "base_url": emulator.url, "model": "claude-4-5-sonnet"}


@pytest.fixture
def vectors(chat):
    return {**chat, "model": "cohere-embed-multilingual"}


def frames_of_ours(error: BaseException) -> list[str]:
    frames = traceback.extract_tb(error.__traceback__)
    return [f"{frame.filename}:{frame.lineno}" for frame in frames if OURS.search(frame.filename)]


CALLS = {
    "chat": lambda chat, _: Client(**chat).chat(HELLO),
    "stream_chat": lambda chat, _: list(Client(**chat).stream_chat(HELLO)),
    "run_agent": lambda chat, _: Client(**chat).run_agent(HELLO),
    "embed": lambda _, vectors: Client(**vectors).embed(["a"]),
    "embed in batches": lambda _, vectors: Client(**vectors).embed(["a"] * 500),
    "generate_image": lambda chat, _: Client(**{**chat, "model": None}).generate_image("a"),
    "mcp_servers": lambda chat, _: Client(**chat).mcp_servers(),
    "ChatHeroku.invoke": lambda chat, _: ChatHeroku(**chat).invoke("Hello"),
    "ChatHeroku.stream": lambda chat, _: list(ChatHeroku(**chat).stream("Hello")),
    "HerokuEmbeddings": lambda _, vectors: HerokuEmbeddings(**vectors).embed_query("a"),
    "Heroku.complete": lambda chat, _: Heroku(**chat).complete("Hello"),
    "Heroku.stream_complete": lambda chat, _: list(Heroku(**chat).stream_complete("Hello")),
    "HerokuEmbedding": lambda _, vectors: HerokuEmbedding(**vectors).get_query_embedding("a"),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_wrong_key_shows_no_frame_of_ours(chat, vectors, call):
    with pytest.raises(AuthenticationError) as caught:
        call(chat, vectors)
    # The generator of `stream_complete` is the one frame that is left.
    assert len(frames_of_ours(caught.value)) <= (call is CALLS["Heroku.stream_complete"])


async def _stream(client):
    return [chunk async for chunk in client.stream_chat(HELLO)]


@pytest.mark.parametrize(
    "call",
    [
        lambda chat: AsyncClient(**chat).chat(HELLO),
        lambda chat: _stream(AsyncClient(**chat)),
        lambda chat: AsyncClient(**chat).run_agent(HELLO),
        lambda chat: ChatHeroku(**chat).ainvoke("Hello"),
        lambda chat: Heroku(**chat).acomplete("Hello"),
    ],
    ids=["chat", "stream_chat", "run_agent", "ChatHeroku.ainvoke", "Heroku.acomplete"],
)
async def test_nor_does_one_that_is_awaited(chat, call):
    with pytest.raises(AuthenticationError) as caught:
        await call(chat)
    assert frames_of_ours(caught.value) == []


@pytest.mark.parametrize(
    "call",
    [
        lambda: Client(timeout=0),
        lambda: AsyncClient(temprature=1),
        lambda: Settings(alias="GONE"),
        lambda: Client(api_key="inf-made-up", model="m").chat(HELLO, temperature=3),
        lambda: Client(api_key="inf-made-up", model="m").chat([]),
        lambda: Client(alias="GONE").chat(HELLO),
    ],
    ids=["timeout", "misspelt", "no key", "option", "messages", "no key at the first call"],
)
def test_a_wrong_argument_shows_no_frame_of_ours(call):
    with pytest.raises(ConfigError) as caught:
        call()
    assert frames_of_ours(caught.value) == []


def test_a_connection_that_fails_names_its_cause_once(chat):
    with pytest.raises(APIConnectionError) as caught:
        Client(**{**chat, "base_url": "http://127.0.0.1:9"}, max_retries=0).chat(HELLO)
    text = "".join(traceback.format_exception(caught.value))
    assert frames_of_ours(caught.value) == []
    assert text.count("direct cause") == 1
    assert "During handling" not in text


def test_a_stream_that_breaks_shows_no_frame_of_ours(emulator):
    emulator.script(Cut())
    client = Client(api_key=emulator.api_key, base_url=emulator.url, model="claude-4-5-sonnet")
    with pytest.raises(HerokuError) as caught:
        list(client.stream_chat(HELLO))
    assert frames_of_ours(caught.value) == []


def test_a_defect_keeps_its_frames(monkeypatch, emulator):
    def broken(*_: object) -> None:
        raise ZeroDivisionError("oh")

    monkeypatch.setattr("heroku_inference._client.chat_result", broken)
    client = Client(api_key=emulator.api_key, base_url=emulator.url, model="claude-4-5-sonnet")
    with pytest.raises(ZeroDivisionError) as caught:
        client.chat(HELLO)
    assert frames_of_ours(caught.value)


CELLS = {
    # Lines of a notebook: 6 are the cell itself and the message.
    'Client(**chat).chat([{"role": "user", "content": "Hello"}])': 15,
    'list(Client(**chat).stream_chat([{"role": "user", "content": "Hello"}]))': 15,
    "Client(timeout=0)": 15,
    'HerokuEmbeddings(**vectors).embed_query("Hello")': 15,
    'list(ChatHeroku(**chat).stream("Hello"))': 25,
    # The rest is what the framework's own frames take.
    'ChatHeroku(**chat).invoke("Hello")': 75,
    'Heroku(**chat).complete("Hello")': 40,
}
NOTEBOOK = """
import contextlib, io, json, sys
from IPython.core.interactiveshell import InteractiveShell

setup, *cells = json.load(sys.stdin)
shell = InteractiveShell.instance(colors="NoColor")
shell.run_cell(setup)
printed = []
for cell in cells:
    with contextlib.redirect_stdout(io.StringIO()) as out:
        shell.run_cell(cell)
    printed.append(out.getvalue())
json.dump(printed, sys.stdout)
"""


def test_a_notebook_shows_the_cell_and_the_message(chat, vectors):
    pytest.importorskip("IPython")
    setup = (
        "from heroku_inference import Client\n"
        "from langchain_heroku import ChatHeroku, HerokuEmbeddings\n"
        "from llama_index_heroku import Heroku\n"
        f"chat, vectors = {chat!r}, {vectors!r}"
    )
    ran = subprocess.run(
        [sys.executable, "-c", NOTEBOOK],
        input=json.dumps([setup, *CELLS]),
        capture_output=True,
        check=True,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    printed = json.loads(ran.stdout)
    for (cell, most), text in zip(CELLS.items(), printed, strict=True):
        assert "Error: " in text, cell
        assert len(text.splitlines()) <= most, f"{cell}\n{text}"
        assert not OURS.search(text), f"{cell}\n{text}"
