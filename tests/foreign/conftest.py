"""Clients of others, pointed at the emulator to keep it honest.

They need openai 2, which cannot be installed beside the openai 3 of the development environment,
so these tests run in an environment of their own, made of `requirements/foreign.txt`. Elsewhere
they are not collected: skipped tests would only say so on every run.
"""

from __future__ import annotations

import importlib.util

import pytest

_INSTALLED = all(
    map(
        importlib.util.find_spec,
        ("instructor", "litellm", "llama_index.llms.openai_like", "openinference"),
    )
)
collect_ignore_glob = [] if _INSTALLED else ["test_*.py"]


@pytest.fixture(autouse=True, scope="session")
def litellm_stays_at_home():
    """litellm fetches prices from the web when it is imported, unless it is told to use its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LITELLM_LOCAL_MODEL_COST_MAP", "True")
        yield


@pytest.fixture(params=["spaced", "split"])
def framing(request, emulator):
    """Streams as documented and as probed: spaces, end marks, and pieces of any size."""
    if request.param == "split":
        emulator.switch(sse_space=False, terminator="message", split_bytes=7)


@pytest.fixture(params=["object", "string"])
def envelope(request, emulator):
    """Each of the envelopes that Heroku's errors come in."""
    emulator.switch(error_envelope=request.param)
