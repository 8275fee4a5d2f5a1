"""What the tests of the LlamaIndex adapter share."""

from __future__ import annotations

import pytest


@pytest.fixture
def make_model(config_vars):
    """Make a model of the Messages endpoint, set up by the emulator's config vars."""
    from llama_index_heroku import HerokuMessages

    def make_model(**arguments):
        return HerokuMessages(**{"model": "claude-4-5-sonnet", **arguments})

    return make_model


@pytest.fixture
def runs_are_over(emulator):
    """Wait for every run: for a moment one without a client could take the next test's script."""
    yield
    assert all(entry.wait() for entry in emulator.journal)
