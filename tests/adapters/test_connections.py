"""How a chat model of either adapter uses connections: threads, event loops, streams left early."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

from heroku_emulator import Say
from tests.adapters.conftest import every_model

WAYS = ("send", "stream", "asend", "astream")


@every_model
def test_one_object_serves_many_threads_and_event_loops(make, ask):
    llm = make()
    together = threading.Barrier(6)

    def work(number):
        together.wait()
        return [ask(llm, way, f"Say {number}").text for way in WAYS]

    with ThreadPoolExecutor(6) as pool:
        for number, answers in enumerate(pool.map(work, range(6))):
            assert all(str(number) in answer for answer in answers)


@every_model
def test_event_loops_one_after_the_other_make_one_request_each(emulator, make, ask):
    llm = make()
    for number in range(1, 4):
        ask(llm, "asend")
        ask(llm, "astream")
        assert len(emulator.journal) == 2 * number


@every_model
def test_a_stream_left_early_closes_its_connection(emulator, adapter, make):
    emulator.switch(pace=0.02)
    emulator.script(Say("word " * 500, path=adapter.path))
    llm, messages = make(), adapter.messages(("user", "Hello"))
    stream = llm.stream(messages) if hasattr(llm, "invoke") else llm.stream_chat(messages)
    next(stream)
    stream.close()
    assert emulator.journal[-1].wait()
    assert emulator.journal[-1].client_left


@every_model
async def test_an_async_stream_left_early_closes_its_connection(emulator, adapter, make):
    emulator.switch(pace=0.02)
    emulator.script(Say("word " * 500, path=adapter.path))
    llm, messages = make(), adapter.messages(("user", "Hello"))
    langchain = hasattr(llm, "invoke")
    stream = llm.astream(messages) if langchain else await llm.astream_chat(messages)
    await anext(stream)
    await stream.aclose()
    assert await asyncio.to_thread(emulator.journal[-1].wait)
    assert emulator.journal[-1].client_left
