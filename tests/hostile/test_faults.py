"""Every fault in each way to call: the right answer or an error of ours, never anything else."""

from __future__ import annotations

import socket
import time

import pytest

from heroku_inference import APIConnectionError, HerokuError
from tests.hostile.faults import FAULTS
from tests.hostile.ways import WAYS, outcome

# One of each kind of request and each library; `make hostile` runs them all.
IN_SUITE = {
    "Client.chat",
    "AsyncClient.stream_chat",
    "Client.run_agent",
    "AsyncClient.embed",
    "Client.rerank",
    "AsyncClient.generate_image",
    "ChatHeroku.stream",
    "ChatHeroku.ainvoke with a tool",
    "ChatHerokuMessages.invoke",
    "ChatHerokuMessages.astream",
    "ChatHerokuAgent.stream",
    "Heroku.achat",
    "Heroku.stream_chat with a tool",
    "HerokuMessages.stream_chat",
    "HerokuMessages.achat",
}
CASES = [
    pytest.param(
        way,
        name,
        id=f"{way.name}-{name}",
        marks=[] if way.name in IN_SUITE else pytest.mark.hostile,
    )
    for way in WAYS
    for name, fault in FAULTS.items()
    if fault.kinds in {"", "streamed" if way.right.streamed else "whole"}
]
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of LlamaIndex's workflows


def spoilt(read, lost):
    """What was read, if this character of its text is replaced."""
    if not lost or not isinstance(read, tuple):
        return read
    text, calls = read
    return text.replace(lost, "\ufffd"), calls


@pytest.mark.parametrize(("way", "name"), CASES)
def test_a_fault_gives_the_right_answer_or_a_typed_error(serve, way, name):
    fault = FAULTS[name]
    server = serve(lambda connection: fault.serve(connection, way.right))
    began = time.monotonic()
    came = outcome(way, server.url, timeout=5)
    assert time.monotonic() - began < 4
    is_error = isinstance(came, HerokuError)
    assert is_error or came in (way.right.read, spoilt(way.right.read, fault.lost))
    if fault.expected != "either":
        assert is_error is (fault.expected == "error"), came
    assert server.requests <= 1


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_a_refused_connection_is_a_connection_error(way):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
    assert isinstance(outcome(way, address), APIConnectionError)


def test_each_kind_of_answer_is_in_the_suite():
    kinds = {way.kind for way in WAYS if way.name in IN_SUITE}
    assert {way.kind for way in WAYS} - kinds == {"models", "mcp servers"}


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_without_a_fault_every_way_reads_the_right_answer(serve, way):
    server = serve(lambda connection: (connection.request(), connection.send(way.right.sent())))
    assert outcome(way, server.url) == way.right.read
