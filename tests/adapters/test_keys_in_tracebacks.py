"""Tracebacks printed with their local variables, as error trackers do, show no key."""

from __future__ import annotations

import asyncio
import logging
import traceback

import pytest

import langchain_heroku
import llama_index_heroku
from heroku_emulator import CallTools, ErrorEvent, Fault, Reset
from heroku_inference import AsyncClient, Client, ServerError, Settings
from heroku_inference._errors import short_traceback
from langchain_heroku import (
    ChatHeroku,
    ChatHerokuAgent,
    ChatHerokuMessages,
    HerokuEmbeddings,
    HerokuImageTool,
)
from llama_index_heroku import (
    Heroku,
    HerokuAgent,
    HerokuEmbedding,
    HerokuImageToolSpec,
    HerokuMessages,
    HerokuToolSpec,
    load_mcp_tools,
)
from tests.adapters.conftest import AGENT_PATH, AGENTS, OTHERS, TOOL, every_model

KEY = "inf-a-key-that-must-not-show"
HELLO = [{"role": "user", "content": "Hello"}]
# Frames of the caller, who has the key in a variable of its own, are not ours to clean.
FOREIGN = ("/tests/", "_pytest", "pluggy")


@pytest.fixture(autouse=True)
def kept_frames(monkeypatch):
    """Our frames are dropped from tracebacks; here they are kept, for their variables."""
    monkeypatch.setattr(short_traceback, "__exit__", lambda *_: None)


def shown_by(call) -> str:
    """All that a traceback of this call's error shows, causes and contexts included."""
    with pytest.raises(Exception) as caught:  # noqa: PT011 - any
        call()
    shown, errors = [], [traceback.TracebackException.from_exception(
        caught.value, capture_locals=True)]  # fmt: skip
    while errors:
        error = errors.pop()
        errors += [link for link in (error.__cause__, error.__context__) if link is not None]
        shown.append(str(error))
        shown += [
            repr(frame.locals)
            for frame in error.stack
            if not any(part in frame.filename for part in FOREIGN)
        ]
    assert shown
    return "\n".join(shown)


def ways_to_call(**arguments):
    arguments = {"api_key": KEY, "model": "claude-4-5-sonnet", "max_retries": 0} | arguments
    client, async_client = Client(**arguments), AsyncClient(**arguments)
    heroku, claude = Heroku(**arguments), HerokuMessages(**arguments)

    async def stream() -> None:
        async for _ in async_client.stream_chat(HELLO):
            pass

    return {
        "chat": lambda: client.chat(HELLO),
        "stream": lambda: list(client.stream_chat(HELLO)),
        "async chat": lambda: asyncio.run(async_client.chat(HELLO)),
        "async stream": lambda: asyncio.run(stream()),
        "Heroku's complete": lambda: heroku.complete("Hello"),
        "Heroku's acomplete": lambda: asyncio.run(heroku.acomplete("Hello")),
        "HerokuMessages' complete": lambda: claude.complete("Hello"),
        "HerokuMessages' acomplete": lambda: asyncio.run(claude.acomplete("Hello")),
    }


NOWHERE = "http://127.0.0.1:9"
CALLS = list(ways_to_call(base_url=NOWHERE))
WAYS = ("send", "stream", "asend", "astream")
failures = pytest.mark.parametrize(
    "step",
    [Reset(times=9), Fault(delay=3), Fault(401, message=f"wrong key {KEY}")],
    ids=["reset", "timeout", "refused"],
)


@pytest.mark.parametrize("call", CALLS)
def test_an_unreachable_server(call):
    assert KEY not in shown_by(ways_to_call(base_url=NOWHERE)[call])


@pytest.mark.parametrize("call", CALLS)
@failures
def test_a_server_that_fails(emulator, call, step):
    emulator.script(step)
    assert KEY not in shown_by(ways_to_call(base_url=emulator.url, timeout=0.3)[call])


@every_model
@pytest.mark.parametrize("way", WAYS)
def test_a_model_without_its_server(adapter, ask, way):
    llm = adapter.model_class(api_key=KEY, base_url=NOWHERE, model="m", max_retries=0)
    assert KEY not in shown_by(lambda: ask(llm, way))


@every_model
@pytest.mark.parametrize("way", WAYS)
@failures
def test_a_model_whose_server_fails(emulator, adapter, ask, way, step, caplog):
    caplog.set_level(logging.DEBUG)
    emulator.script(step)
    url = emulator.url
    llm = adapter.model_class(api_key=KEY, base_url=url, model="m", timeout=0.3, max_retries=0)
    assert KEY not in shown_by(lambda: ask(llm, way))
    assert KEY not in f"{caplog.text} {llm!r} {llm} {llm.model_dump()} {llm.model_dump_json()}"


CALL = CallTools([(TOOL, {})], text="Let me see.", path=AGENT_PATH)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # LlamaIndex's workflows use it
@pytest.mark.parametrize("way", AGENTS)
@pytest.mark.parametrize("failure", ["reset", "timeout", "refused", "quoted in a run"])
def test_an_agent_whose_server_fails(emulator, way, failure):
    key = emulator.api_key
    quoted = {"message": f"bad key {key}", "path": AGENT_PATH}
    steps = {
        "reset": Reset(),
        "timeout": Fault(delay=3),
        "refused": Fault(401, **quoted),
        "quoted in a run": ErrorEvent(after=1, answer=CALL, **quoted),
    }
    emulator.script(steps[failure])
    arguments = {"api_key": key, "base_url": emulator.url, "model": "m", "timeout": 0.3}
    assert key not in shown_by(lambda: AGENTS[way][1](**arguments))


@pytest.mark.parametrize(
    ("framework", "way"), [(framework, way) for framework in OTHERS for way in OTHERS[framework]]
)
@failures
def test_vectors_and_images_whose_server_fails(emulator, framework, way, step):
    emulator.script(step)
    arguments = {"api_key": KEY, "base_url": emulator.url, "model": "m", "timeout": 0.3}
    assert KEY not in shown_by(lambda: OTHERS[framework][way](max_retries=0, **arguments))


@pytest.mark.parametrize("call", ["stream", "async stream"])
def test_a_server_that_quotes_the_key_in_a_stream(emulator, call):
    emulator.script(ErrorEvent(message=f"bad key {emulator.api_key}"))
    ask = ways_to_call(base_url=emulator.url, api_key=emulator.api_key)[call]
    with pytest.raises(ServerError, match="bad key") as caught:
        ask()
    assert emulator.api_key not in f"{caught.value} {caught.value.body}"


@every_model
@pytest.mark.parametrize("way", ["stream", "astream"])
def test_a_server_that_quotes_the_key_in_the_stream_of_a_model(emulator, adapter, make, ask, way):
    emulator.script(ErrorEvent(message=f"bad key {emulator.api_key}", path=adapter.path))
    with pytest.raises(ServerError, match="bad key") as caught:
        ask(make(), way)
    assert emulator.api_key not in f"{caught.value} {caught.value.body}"


USUAL = {"api_key": KEY, "base_url": "http://x", "model": "m"}
REFUSED = {
    "settings, url": lambda: Settings(api_key=KEY, base_url="ftp://x"),
    "settings, key": lambda: Settings(api_key=f"{KEY} with spaces", base_url="http://x"),
    "settings, conflict": lambda: Settings(base_url="https://elsewhere.example"),
    "client, header": lambda: Client(**USUAL, default_headers={"x": "a\nb"}).chat(HELLO),
    "Messages model, Anthropic's spelling": lambda: ChatHerokuMessages(
        anthropic_api_key=KEY, model="m", temperature="warm"
    ),
    "MCP tools, url": lambda: asyncio.run(load_mcp_tools(api_key=KEY, base_url="ftp://x")),
    **{
        f"{kind.__module__.partition('.')[0]}.{kind.__name__}, {name}": (
            lambda kind=kind, arguments=arguments: kind(**{**USUAL, **arguments})
        )
        for kind, named in {
            ChatHeroku: {"value": {"temperature": "warm"}},
            ChatHerokuMessages: {"value": {"top_k": "warm"}},
            ChatHerokuAgent: {
                "value": {"top_p": "warm"},
                "tools": {"tools": [print]},
                "name": {"unknown": 1},
            },
            HerokuEmbeddings: {"value": {"batch_size": 200}},
            langchain_heroku.HerokuRerank: {"value": {"top_n": -1}},
            HerokuImageTool: {
                "folder": {"save_to": 1},
                "value": {"timeout": -1},
                "name": {"unknown": 1},
                "url": {"base_url": "ftp://x"},
            },
            Heroku: {
                "value": {"temperature": "warm"},
                "name": {"tempretaure": 1},
                "spelling": {"model_name": "m"},
                "url": {"base_url": "ftp://x"},
            },
            HerokuMessages: {"value": {"top_k": "warm"}},
            HerokuAgent: {
                "value": {"temperature": "warm"},
                "tools": {"tools": [print]},
                "name": {"x": 1},
                "url": {"base_url": "ftp://x"},
            },
            HerokuEmbedding: {"value": {"embed_batch_size": 2000}},
            llama_index_heroku.HerokuRerank: {"value": {"top_n": -1}},
            HerokuToolSpec: {
                "value": {"timeout": "warm"},
                "tools": {"cmd": "date"},
                "url": {"base_url": "ftp://x"},
            },
            HerokuImageToolSpec: {"value": {"timeout": "warm"}, "url": {"base_url": "ftp://x"}},
        }.items()
        for name, arguments in named.items()
    },
}


@pytest.mark.parametrize("construct", REFUSED.values(), ids=REFUSED)
def test_arguments_that_are_refused(monkeypatch, construct):
    monkeypatch.setenv("INFERENCE_KEY", KEY)
    monkeypatch.setenv("INFERENCE_URL", "https://us.example")
    assert KEY not in shown_by(construct)


def test_the_key_is_read_as_text_in_every_type_it_is_passed_as():
    arguments = {"base_url": "http://x", "model": "m"}
    settings = Settings(api_key=KEY, **arguments)
    assert Heroku(api_key=KEY, **arguments).api_key == KEY
    assert Heroku(api_key=settings.api_key, **arguments).api_key == KEY
