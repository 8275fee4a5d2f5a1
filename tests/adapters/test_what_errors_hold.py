"""Errors of both adapters hold no request: no key in causes, contexts and variables of frames."""

from __future__ import annotations

import time

import pytest

from tests.adapters.conftest import AGENTS, OTHERS, every_model
from tests.hostile.raw_server import Connection, RawServer, answer
from tests.hostile.reachable import places_of

KEY = "inf-a-key-that-must-not-be-held"
TOKEN = "tok-that-must-not-be-held"
USUAL = {"api_key": KEY, "model": "claude-4-5-sonnet", "timeout": 0.3}
USUAL |= {"default_headers": {"x-token": TOKEN}}

FAULTS = {
    "not HTTP": lambda connection: connection.send(b"SSH-2.0-OpenSSH_9.7\r\n\r\n"),
    "reset": Connection.reset,
    "silence": lambda _: time.sleep(0.5),
    "refusal": lambda connection: connection.send(
        answer(
            b'{"error":{"message":"bad %s and %s"}}' % (KEY.encode(), TOKEN.encode()),
            "401 Unauthorized",
            "application/json",
            f"x-sent: {KEY} {TOKEN}",
        )
    ),
    "another shape": lambda connection: connection.send(
        answer(b'["%s", "%s"]' % (KEY.encode(), TOKEN.encode()))
    ),
}


@pytest.fixture(params=FAULTS)
def url(request):
    """That of a server with a fault."""

    def handle(connection: Connection) -> None:
        connection.request()
        FAULTS[request.param](connection)

    with RawServer(handle) as server:
        yield server.url


def places(call) -> list[str]:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - any
        call()
    return [*places_of(KEY, caught.value), *places_of(TOKEN, caught.value)]


@every_model
@pytest.mark.parametrize("way", ["send", "stream", "asend", "astream"])
def test_errors_of_models(adapter, ask, url, way):
    llm = adapter.model_class(base_url=url, max_retries=0, **USUAL)
    assert places(lambda: ask(llm, way)) == []


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # LlamaIndex's workflows use it
@pytest.mark.parametrize("way", AGENTS)
def test_errors_of_agents(url, way):
    assert places(lambda: AGENTS[way][1](base_url=url, **USUAL)) == []


@pytest.mark.parametrize(
    ("framework", "way"), [(framework, way) for framework in OTHERS for way in OTHERS[framework]]
)
def test_errors_of_vectors_and_images(url, framework, way):
    arguments = {"base_url": url, "max_retries": 0, **USUAL}
    assert places(lambda: OTHERS[framework][way](**arguments)) == []
