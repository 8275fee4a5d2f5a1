"""`HerokuMessages` as an object: dumps, copies, event loops, and no key anywhere."""

from __future__ import annotations

import asyncio
import copy
import logging
import pickle
import traceback

import pytest
from llama_index.core.base.llms.types import ChatMessage

from heroku_emulator import ErrorEvent, Fault, Reset, Say
from heroku_inference import ServerError
from llama_index_heroku import HerokuMessages

MODEL = "claude-4-5-sonnet"
KEY = "inf-a-key-that-must-not-show"
MESSAGES = "/v1/messages"
HI = [ChatMessage("Hi")]


@pytest.fixture
def make(config_vars):
    def make(**arguments):
        return HerokuMessages(**{"model": MODEL, **arguments})

    return make


def test_it_is_dumped_without_its_key_and_restored(emulator, make):
    llm = make(api_key=emulator.api_key, base_url=emulator.url, extended_thinking=2000)
    assert emulator.api_key not in f"{llm.to_dict()} {llm.to_json()} {llm!r} {llm}"
    again = HerokuMessages.from_dict(llm.to_dict())
    assert again.extended_thinking == 2000


@pytest.mark.parametrize("used", [False, True])
@pytest.mark.parametrize(
    "copied",
    [copy.copy, copy.deepcopy, lambda llm: pickle.loads(pickle.dumps(llm))],
    ids=["copy", "deepcopy", "pickle"],
)
def test_copies_work_before_and_after_use(make, copied, used):
    llm = make(extended_thinking=True)
    if used:
        llm.chat(HI)
        asyncio.run(llm.achat(HI))
    assert copied(llm).chat(HI).message.content


def test_a_key_of_a_config_var_stays_out_of_pickles(emulator, make):
    llm = make()
    llm.chat(HI)
    assert emulator.api_key.encode() not in pickle.dumps(llm)


def test_one_object_serves_several_event_loops(emulator, make):
    llm = make(max_retries=0)

    async def ask():
        return await asyncio.gather(*(llm.achat(HI) for _ in range(4)))

    for _ in range(3):
        assert all(answer.message.content for answer in asyncio.run(ask()))
    assert len(emulator.journal) == 12


def test_a_stream_left_early_closes_its_connection(emulator, make):
    emulator.script(Say("one two three four " * 200, path=MESSAGES))
    emulator.switch(gap_after=5, gap_seconds=1)
    responses = make().stream_chat(HI)
    next(responses)
    responses.close()
    assert emulator.journal[0].wait()
    assert emulator.journal[0].client_left


async def test_an_async_stream_left_early_closes_its_connection(emulator, make):
    emulator.script(Say("one two three four " * 200, path=MESSAGES))
    emulator.switch(gap_after=5, gap_seconds=1)
    responses = await make().astream_chat(HI)
    await anext(responses)
    await responses.aclose()
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
        return [response async for response in await llm.astream_chat(HI)]

    return {
        "chat": lambda: llm.chat(HI),
        "achat": lambda: asyncio.run(llm.achat(HI)),
        "stream_chat": lambda: list(llm.stream_chat(HI)),
        "astream_chat": lambda: asyncio.run(acollect()),
    }


@pytest.mark.parametrize("way", ["chat", "achat", "stream_chat", "astream_chat"])
def test_tracebacks_logs_and_reprs_show_no_key(emulator, caplog, failure, way):
    caplog.set_level(logging.DEBUG)
    emulator.script(failure)
    key = emulator.api_key
    llm = HerokuMessages(
        model=MODEL, api_key=key, base_url=emulator.url, timeout=0.3, max_retries=0
    )
    shown = shown_by(ways_to_call(llm)[way])
    assert key not in shown
    assert key not in caplog.text


@pytest.mark.parametrize("way", ["stream_chat", "astream_chat"])
def test_a_server_that_quotes_the_key_in_a_stream(emulator, make, way):
    emulator.script(ErrorEvent(message=f"wrong key {emulator.api_key}", path=MESSAGES))
    with pytest.raises(ServerError, match="wrong key") as caught:
        ways_to_call(make())[way]()
    assert emulator.api_key not in f"{caught.value} {caught.value.body}"


def test_refused_arguments_show_no_key():
    def construct():
        HerokuMessages(model=MODEL, base_url="http://x", temperature="warm", api_key=KEY)

    assert KEY not in shown_by(construct)
