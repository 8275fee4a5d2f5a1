"""The loop over a stream: how it ends, blocking and async, for each kind of reader."""

import asyncio
import json
from contextlib import aclosing, closing
from itertools import chain, islice

import pytest

from heroku_inference import _errors
from heroku_inference._agents.reading import AgentReader
from heroku_inference._anthropic.reading import MessageStream
from heroku_inference._chat.reading import ChunkReader
from heroku_inference._chat.request import ChatRequest
from heroku_inference._http.streams import async_batches, batches
from heroku_inference._values import Reply


def data(value):
    return (None, json.dumps(value).encode())


def piece(text, finish_reason=None):
    return data({"choices": [{"delta": {"content": text}, "finish_reason": finish_reason}]})


def block(text):
    start = {"type": "text", "text": text}
    return data({"type": "content_block_start", "index": 0, "content_block": start})


CALL = {"id": "c", "function": {"name": "now", "arguments": "{}"}}
CALLED = {"role": "assistant", "content": "One", "tool_calls": [CALL]}
RAN = data({"choices": [{"message": CALLED, "finish_reason": "tool_calls"}]})
SAID = data({"choices": [{"message": {"content": "Two"}, "finish_reason": "stop"}]})
STOPPED = data({"type": "message_delta", "delta": {"stop_reason": "end_turn"}})

READERS = {
    "chat": (lambda: ChunkReader(ChatRequest({}), Reply(200)), piece("One"), piece("Two", "stop")),
    "agents": (lambda: AgentReader(Reply(200)), RAN, SAID),
    "messages": (lambda: MessageStream(Reply(200)), block("One"), STOPPED),
}
END = (None, b"[DONE]")


class Stream:
    """A stream whose batches are known; it remembers how it was left."""

    def __init__(self, events, broken=None):
        self.events = [events[:1], events[1:]] if len(events) > 2 else [events]
        self.broken = broken
        self.left = []

    def __iter__(self):
        yield from self.events
        if self.broken:
            raise self.broken

    def drain(self):
        self.left.append("drained")

    def close(self):
        self.left.append("closed")


class AsyncStream(Stream):
    async def __aiter__(self):
        for events in self:
            yield events

    async def drain(self):
        super().drain()

    async def close(self):
        super().close()


async def collect(stream, reader, items, leave_after):
    async with aclosing(async_batches(stream, reader)) as all_batches:
        async for batch in all_batches:
            for item in batch:
                items.append(item)
                if len(items) == leave_after:
                    return


def run(asynchronous, reader, events, broken=None, leave_after=None):
    """The items, the error if there was one, and how the stream was left."""
    stream = (AsyncStream if asynchronous else Stream)(events, broken)
    items = []
    try:
        if asynchronous:
            asyncio.run(collect(stream, reader, items, leave_after))
        else:
            with closing(batches(stream, reader)) as all_batches:
                every_item = chain.from_iterable(all_batches)
                items.extend(islice(every_item, leave_after))
    except _errors.HerokuError as error:
        return items, error, stream.left
    return items, None, stream.left


pytestmark = [
    pytest.mark.parametrize("asynchronous", [False, True], ids=["blocking", "async"]),
    pytest.mark.parametrize("kind", READERS),
]
BROKE = _errors.APIConnectionError("It broke.")


@pytest.mark.parametrize("broken", [None, BROKE], ids=["ended", "broke"])
def test_a_complete_answer_is_whole_however_its_stream_ends(asynchronous, kind, broken):
    make, first, last = READERS[kind]
    items, error, left = run(asynchronous, make(), [first, last], broken)
    assert (len(items), error) == (2, None)
    assert left == ["drained", "closed"]


def test_nothing_is_read_after_the_end_mark(asynchronous, kind):
    make, first, last = READERS[kind]
    items, error, left = run(asynchronous, make(), [first, last, END, (None, b"oops")])
    assert (len(items), error) == (2, None)
    assert left == ["drained", "closed"]


@pytest.mark.parametrize(
    ("broken", "error_class"),
    [
        (None, _errors.StreamInterruptedError),
        (BROKE, _errors.StreamInterruptedError),
        (_errors.APITimeoutError("It was slow."), _errors.APITimeoutError),
    ],
    ids=["ended", "broke", "timed out"],
)
def test_an_early_end_is_an_error_that_holds_what_came(asynchronous, kind, broken, error_class):
    make, first, _ = READERS[kind]
    items, error, left = run(asynchronous, make(), [first], broken)
    assert len(items) == 1
    assert type(error) is error_class
    assert error.partial == "One"
    assert len(error.steps) == (1 if kind == "agents" else 0)
    assert error is broken or error.__cause__ is broken
    assert left == ["closed"]


def test_the_items_before_an_error_come_first(asynchronous, kind):
    make, first, _ = READERS[kind]
    items, error, left = run(asynchronous, make(), [first, ("error", b"no")])
    assert len(items) == 1
    assert isinstance(error, _errors.ServerError)
    assert error.partial == "One"
    assert left == ["closed"]


def test_leaving_early_closes_the_stream(asynchronous, kind):
    make, first, last = READERS[kind]
    items, error, left = run(asynchronous, make(), [first, last], leave_after=1)
    assert (len(items), error) == (1, None)
    assert left == ["closed"]
