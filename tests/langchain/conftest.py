"""What the tests of the LangChain adapter share."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tests.wire_cases import PIXEL


@pytest.fixture
def images_without_network(monkeypatch):
    """A picture in place of the one that langchain-tests downloads from the internet as its input.

    The address stands in the suite's own tests, so nothing else can lead it elsewhere. No request
    of ours goes this way: what the models send with the picture reaches the emulator.
    """
    from langchain_tests.integration_tests import chat_models as standard

    picture = SimpleNamespace(content=PIXEL)
    monkeypatch.setattr(standard.httpx, "get", lambda *_, **__: picture)


@pytest.fixture
def make_model(config_vars):
    """Make a model of the Messages endpoint, set up by the emulator's config vars."""
    from langchain_heroku import ChatHerokuMessages

    def make_model(**arguments):
        return ChatHerokuMessages(**{"model": "claude-4-5-sonnet", **arguments})

    return make_model
