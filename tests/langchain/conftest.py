"""What the tests of the LangChain adapter share."""

from __future__ import annotations

import base64
from types import SimpleNamespace

import pytest

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5E"
    "rkJggg=="
)


@pytest.fixture
def images_without_network(monkeypatch):
    """A picture in place of the one that langchain-tests downloads from the internet as its input.

    The address stands in the suite's own tests, so nothing else can lead it elsewhere. No request
    of ours goes this way: what the models send with the picture reaches the emulator.
    """
    from langchain_tests.integration_tests import chat_models as standard

    picture = SimpleNamespace(content=PIXEL)
    monkeypatch.setattr(standard.httpx, "get", lambda *_, **__: picture)
