"""A server that remembers what it sold, and what a folder of parts holds."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from tests.corpus.limited_server import LimitedServer


@pytest.fixture(scope="session")
def running_shop() -> Iterator[LimitedServer]:
    """A server without a limit."""
    with LimitedServer() as server:
        yield server


@pytest.fixture
def shop(running_shop: LimitedServer, monkeypatch: pytest.MonkeyPatch) -> LimitedServer:
    """The server, which has sold nothing yet, named by the config vars."""
    for name, value in running_shop.config_vars.items():
        monkeypatch.setenv(name, value)
    running_shop.forget()
    return running_shop


@pytest.fixture(autouse=True)
def fresh_gates() -> Iterator[None]:
    """No test waits for the limit that another one met."""
    yield
    if (gates := sys.modules.get("heroku_inference._http.rate_gate")) is not None:
        gates._gates.clear()
