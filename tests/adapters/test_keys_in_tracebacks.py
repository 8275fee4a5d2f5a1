"""Tracebacks printed with their local variables, as error trackers do, show no key."""

from __future__ import annotations

import asyncio
import traceback

import pytest

from heroku_emulator import ErrorEvent, Fault, Reset
from heroku_inference import AsyncClient, Client, Settings
from langchain_heroku import (
    ChatHeroku,
    ChatHerokuAgent,
    ChatHerokuMessages,
    HerokuEmbeddings,
    HerokuImageTool,
    HerokuRerank,
)
from llama_index_heroku import (
    Heroku,
    HerokuAgent,
    HerokuImageToolSpec,
    HerokuMessages,
    HerokuToolSpec,
)

KEY = "inf-a-key-that-must-not-show"
HELLO = [{"role": "user", "content": "Hello"}]
# Frames of the caller, who has the key in a variable of its own, are not ours to clean.
FOREIGN = ("/tests/", "_pytest", "pluggy")


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
    llm, claude = ChatHeroku(**arguments), ChatHerokuMessages(**arguments)
    others = {"Heroku": Heroku(**arguments), "HerokuMessages": HerokuMessages(**arguments)}

    async def stream() -> None:
        async for _ in async_client.stream_chat(HELLO):
            pass

    return {
        "chat": lambda: client.chat(HELLO),
        "stream": lambda: list(client.stream_chat(HELLO)),
        "async chat": lambda: asyncio.run(async_client.chat(HELLO)),
        "async stream": lambda: asyncio.run(stream()),
        "invoke": lambda: llm.invoke("Hello"),
        "ainvoke": lambda: asyncio.run(llm.ainvoke("Hello")),
        "messages": lambda: claude.invoke("Hello"),
        "async messages": lambda: asyncio.run(claude.ainvoke("Hello")),
        "messages stream": lambda: list(claude.stream("Hello")),
        **{name: lambda llm=llm: llm.complete("Hello") for name, llm in others.items()},
        **{
            f"async {name}": lambda llm=llm: asyncio.run(llm.acomplete("Hello"))
            for name, llm in others.items()
        },
    }


WAYS = list(ways_to_call(base_url="http://127.0.0.1:9"))


@pytest.mark.parametrize("way", WAYS)
def test_an_unreachable_server(way):
    assert KEY not in shown_by(ways_to_call(base_url="http://127.0.0.1:9")[way])


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "step",
    [Reset(), Fault(delay=3), Fault(401, message=f"wrong key {KEY}")],
    ids=["reset", "timeout", "refused"],
)
def test_a_server_that_fails(emulator, way, step):
    emulator.script(step)
    assert KEY not in shown_by(ways_to_call(base_url=emulator.url, timeout=0.3)[way])


@pytest.mark.parametrize("way", ["stream", "async stream"])
def test_a_server_that_quotes_the_key_in_a_stream(emulator, way):
    emulator.script(ErrorEvent(message=f"bad key {emulator.api_key}"))
    call = ways_to_call(base_url=emulator.url, api_key=emulator.api_key)[way]
    with pytest.raises(Exception, match="bad key") as caught:
        call()
    assert emulator.api_key not in f"{caught.value} {caught.value.body}"


@pytest.mark.parametrize(
    "construct",
    [
        lambda: Settings(api_key=KEY, base_url="ftp://x"),
        lambda: Settings(api_key=f"{KEY} with spaces", base_url="http://x"),
        lambda: Settings(base_url="http://elsewhere.example"),
        lambda: ChatHeroku(api_key=KEY, base_url="http://x", model="m", temperature="warm"),
        lambda: ChatHerokuMessages(api_key=KEY, base_url="http://x", model="m", top_k="warm"),
        lambda: ChatHerokuAgent(api_key=KEY, base_url="http://x", model="m", top_p="warm"),
        lambda: HerokuImageTool(api_key=KEY, base_url="http://x", save_to=1),
        lambda: Heroku(api_key=KEY, base_url="http://x", model="m", top_k="warm"),
        lambda: HerokuMessages(api_key=KEY, base_url="http://x", model="m", top_k="warm"),
        lambda: HerokuAgent(api_key=KEY, base_url="http://x", model="m", temperature="warm"),
        lambda: HerokuToolSpec(api_key=KEY, base_url="http://x", model="m", timeout="warm"),
        lambda: HerokuImageToolSpec(api_key=KEY, base_url="http://x", timeout="warm"),
        lambda: HerokuEmbeddings(api_key=KEY, base_url="http://x", batch_size=200),
        lambda: HerokuRerank(api_key=KEY, base_url="http://x", top_n=-1),
        lambda: Client(
            api_key=KEY, base_url="http://x", model="m", default_headers={"x": "a\nb"}
        ).chat(HELLO),
    ],
    ids=[
        "url",
        "key",
        "conflict",
        "chat model",
        "Messages model",
        "agent",
        "image tool",
        "Heroku",
        "HerokuMessages",
        "HerokuAgent",
        "tool spec",
        "image tool spec",
        "embeddings",
        "reranker",
        "header",
    ],
)
def test_arguments_that_are_refused(monkeypatch, construct):
    monkeypatch.setenv("INFERENCE_KEY", KEY)
    monkeypatch.setenv("INFERENCE_URL", "http://us.example")
    assert KEY not in shown_by(construct)
