"""What importing the package loads, and what it leaves alone."""

from __future__ import annotations

import subprocess
import sys
from functools import cache

import pytest

import llama_index_heroku


@cache
def loaded_by(statement):
    """The modules that a fresh interpreter has after the statement."""
    program = f"{statement}\nimport sys\nprint(*sys.modules)"
    return set(subprocess.check_output([sys.executable, "-c", program], text=True).split())


def packages(modules):
    return {module.partition(".")[0] for module in modules}


def test_everything_public_is_there_and_nothing_else():
    for name in llama_index_heroku.__all__:
        assert getattr(llama_index_heroku, name).__name__ == name
        assert name in dir(llama_index_heroku)
    with pytest.raises(AttributeError, match="Heroki"):
        llama_index_heroku.Heroki  # noqa: B018 - it is to fail


def test_the_llm_loads_nothing_beyond_llama_indexs_own():
    ours = loaded_by("from llama_index_heroku import Heroku")
    core = loaded_by("import llama_index.core")
    assert packages(ours) - packages(core) <= {"heroku_inference", "llama_index_heroku"}
    assert not {m for m in ours - core if not m.startswith(("heroku_inf", "llama_index_heroku"))}
    assert not packages(ours) & {"langchain_core", "langchain_heroku", "heroku_emulator", "openai"}


def test_the_package_alone_loads_no_http_and_no_framework():
    loaded = packages(loaded_by("import llama_index_heroku"))
    assert not loaded & {"httpx", "aiohttp", "llama_index", "heroku_inference"}


@pytest.mark.parametrize("name", ["Heroku", "HerokuMessages"])
def test_a_model_is_whole_before_threads_share_it(name):
    assert getattr(llama_index_heroku, name).__pydantic_complete__
