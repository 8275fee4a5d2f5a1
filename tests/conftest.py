"""A clean environment for every test, and one emulator for all of them."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from heroku_emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Iterator

_FOREIGN_PREFIXES = (
    "ANTHROPIC_",
    "DIFFUSION",
    "EMBEDDING",
    "HEROKU_",
    "INFERENCE",
    "LANGCHAIN_",
    "LANGSMITH_",
    "LC_",
    "OPENAI_",
    "RERANK",
    "SSL_CERT_",
)
_PROXIES = {"http_proxy", "https_proxy", "all_proxy", "no_proxy"}


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--write-outputs`: what the blocks of the pages print is written below them."""
    parser.addoption("--write-outputs", action="store_true", help="renew the outputs in docs/")


@pytest.fixture(autouse=True)
def clean_environment(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """No config var, proxy or foreign key of the machine reaches a test, except a live one."""
    if request.node.get_closest_marker("live"):
        return
    for name in list(os.environ):  # noqa: TID251 - reading it all is how it is cleaned
        if name.startswith(_FOREIGN_PREFIXES) or name.lower() in _PROXIES:
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def running_emulator() -> Iterator[Emulator]:
    """One emulator for the whole run, on a free port of the loopback interface."""
    with Emulator(engine="deterministic") as emulator:
        yield emulator


@pytest.fixture
def emulator(running_emulator: Emulator) -> Iterator[Emulator]:
    """The emulator with default switches, an empty journal and nothing scripted.

    Each test opens connections of its own: a failure on a used one is not counted as an attempt.
    """
    if (core := sys.modules.get("heroku_inference")) is not None:
        core.close_connections()
    if (gates := sys.modules.get("heroku_inference._http.rate_gate")) is not None:
        gates._gates.clear()
    running_emulator.reset()
    yield running_emulator
    running_emulator.reset()


@pytest.fixture
def config_vars(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The emulator's config vars, set in the environment as Heroku would."""
    for name, value in emulator.config_vars.items():
        monkeypatch.setenv(name, value)
    return dict(emulator.config_vars)
