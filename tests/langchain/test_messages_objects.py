"""`ChatHerokuMessages` as an object: dumps, copies, event loops, and no key anywhere."""

from __future__ import annotations

import asyncio
import copy
import json
import logging
import pickle
import traceback

import pytest
from langchain_core.load import dumps, load

from heroku_emulator import ErrorEvent, Fault, Reset, Say
from heroku_inference import ServerError
from langchain_heroku import ChatHerokuMessages

MODEL = "claude-4-5-sonnet"
KEY = "inf-a-key-that-must-not-show"
MESSAGES = "/v1/messages"


@pytest.fixture
def make(config_vars):
    def make(**arguments):
        return ChatHerokuMessages(**{"model": MODEL, **arguments})

    return make


def test_it_is_dumped_without_its_key_and_loaded_again(emulator, make):
    llm = make(api_key=emulator.api_key, base_url=emulator.url, extended_thinking=2000, top_k=3)
    dumped = dumps(llm)
    assert emulator.api_key not in dumped
    again = load(
        json.loads(dumped),
        allowed_objects=[ChatHerokuMessages],
        valid_namespaces=["langchain_heroku"],
        secrets_from_env=True,
    )
    assert (again.model, again.extended_thinking, again.top_k) == (MODEL, 2000, 3)
    assert again.api_key.get_secret_value() == emulator.api_key


@pytest.mark.parametrize("used", [False, True])
@pytest.mark.parametrize(
    "copied",
    [
        copy.copy,
        copy.deepcopy,
        lambda llm: pickle.loads(pickle.dumps(llm)),
        lambda llm: llm.model_copy(update={"max_tokens": 5000}),
    ],
    ids=["copy", "deepcopy", "pickle", "model_copy"],
)
def test_copies_work_before_and_after_use(make, copied, used):
    llm = make(extended_thinking=True)
    if used:
        llm.invoke("Hi")
        asyncio.run(llm.ainvoke("Hi"))
    assert copied(llm).invoke("Hi").text


def test_a_key_of_a_config_var_stays_out_of_pickles(emulator, make):
    llm = make()
    llm.invoke("Hi")
    assert emulator.api_key.encode() not in pickle.dumps(llm)


def test_one_object_serves_several_event_loops(emulator, make):
    llm = make(max_retries=0)

    async def ask():
        return await asyncio.gather(*(llm.ainvoke("Hi") for _ in range(4)))

    for _ in range(3):
        assert all(answer.text for answer in asyncio.run(ask()))
    assert len(emulator.journal) == 12


def test_a_stream_left_early_closes_its_connection(emulator, make):
    emulator.script(Say("one two three four " * 200, path=MESSAGES))
    emulator.switch(gap_after=5, gap_seconds=1)
    chunks = make().stream("Count.")
    next(chunks)
    chunks.close()
    assert emulator.journal[0].wait()
    assert emulator.journal[0].client_left


async def test_an_async_stream_left_early_closes_its_connection(emulator, make):
    emulator.script(Say("one two three four " * 200, path=MESSAGES))
    emulator.switch(gap_after=5, gap_seconds=1)
    chunks = make().astream("Count.")
    await anext(chunks)
    await chunks.aclose()
    assert await asyncio.to_thread(emulator.journal[0].wait)
    assert emulator.journal[0].client_left


def shown_by(call):
    """All that a traceback of this call's error shows, causes and contexts included."""
    with pytest.raises(Exception) as caught:  # noqa: PT011 - any
        call()
    shown, seen = [], []
    errors = [caught.value]
    while errors:
        error = errors.pop()
        if error is None or error in seen:
            continue
        seen.append(error)
        errors += [error.__cause__, error.__context__]
        told = traceback.TracebackException.from_exception(error, capture_locals=True)
        frames = [frame for frame in told.stack if "/tests/" not in frame.filename]
        shown += [str(error), *(repr(frame.locals) for frame in frames)]
    return "\n".join(shown)


@pytest.fixture(params=["reset", "timeout", "refused"])
def failure(request, emulator):
    """Something that goes wrong, before an answer comes."""
    return {
        "reset": Reset(times=9),
        "timeout": Fault(delay=3),
        "refused": Fault(401, message=f"wrong key {emulator.api_key}"),
    }[request.param]


def ways_to_call(llm):
    async def acollect():
        return [chunk async for chunk in llm.astream("Hi")]

    return {
        "invoke": lambda: llm.invoke("Hi"),
        "ainvoke": lambda: asyncio.run(llm.ainvoke("Hi")),
        "stream": lambda: list(llm.stream("Hi")),
        "astream": lambda: asyncio.run(acollect()),
    }


@pytest.mark.parametrize("way", ["invoke", "ainvoke", "stream", "astream"])
def test_tracebacks_logs_and_reprs_show_no_key(emulator, caplog, failure, way):
    caplog.set_level(logging.DEBUG)
    emulator.script(failure)
    key = emulator.api_key
    llm = ChatHerokuMessages(
        model=MODEL, api_key=key, base_url=emulator.url, timeout=0.3, max_retries=0
    )
    assert key not in shown_by(ways_to_call(llm)[way])
    assert key not in caplog.text
    assert key not in f"{llm!r} {llm} {llm._identifying_params} {llm.model_dump()}"


@pytest.mark.parametrize("way", ["stream", "astream"])
def test_a_server_that_quotes_the_key_in_a_stream(emulator, make, way):
    emulator.script(ErrorEvent(message=f"wrong key {emulator.api_key}", path=MESSAGES))
    with pytest.raises(ServerError, match="wrong key") as caught:
        ways_to_call(make())[way]()
    assert emulator.api_key not in f"{caught.value} {caught.value.body}"


@pytest.mark.parametrize("spelling", ["api_key", "anthropic_api_key"])
def test_refused_arguments_show_no_key(spelling):
    def construct():
        url = "http://x"
        ChatHerokuMessages(model=MODEL, base_url=url, temperature="warm", **{spelling: KEY})

    assert KEY not in shown_by(construct)
