"""What the packages export, and what importing them does not do."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys

import pytest

PACKAGES = ["heroku_inference", "langchain_heroku", "llama_index_heroku", "heroku_emulator"]


@pytest.mark.parametrize("name", PACKAGES)
def test_everything_exported_exists_once_and_is_documented(name):
    package = importlib.import_module(name)
    assert len(set(package.__all__)) == len(package.__all__)
    public = {name: getattr(package, name) for name in package.__all__}
    assert [name for name, value in public.items() if callable(value) and not value.__doc__] == []


@pytest.mark.parametrize("name", ["heroku_inference", "langchain_heroku"])
def test_the_version_is_the_distributions(name):
    assert re.match(r"\d+\.\d+\.\d+", importlib.import_module(name).__version__)


@pytest.mark.parametrize("name", PACKAGES)
def test_unknown_names_are_attribute_errors(name):
    with pytest.raises(AttributeError, match="nonsense"):
        importlib.import_module(name).nonsense  # noqa: B018


@pytest.mark.parametrize(
    ("statement", "not_loaded"),
    [
        ("import heroku_inference", "httpx aiohttp langchain_core llama_index starlette dotenv"),
        ("import heroku_emulator", "heroku_inference langchain_core llama_index starlette uvicorn"),
        (
            "from langchain_heroku import ChatHeroku, HerokuRerank, register",
            "llama_index heroku_emulator langchain langchain_openai openai anthropic mcp",
        ),
        (
            "from langchain_heroku import HerokuEmbeddings",
            "langchain_core.language_models.chat_models llama_index heroku_emulator openai",
        ),
    ],
)
def test_importing_loads_no_more_than_is_needed_and_opens_no_socket(statement, not_loaded):
    program = (
        "import socket, sys\n"
        "def refuse(*_): raise AssertionError('a socket was opened')\n"
        "socket.socket.connect = socket.socket.bind = refuse\n"
        f"{statement}\n"
        f"loaded = [name for name in {not_loaded.split()!r} if name in sys.modules]\n"
        "sys.exit(repr(loaded) if loaded else 0)\n"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True, timeout=60)
