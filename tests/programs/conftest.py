"""Small programs of others on our classes, against the emulator at its strictest.

They need packages that the development environment does not have, so they run in an environment
of their own, made of `requirements/programs.txt` (`make programs`, part of `make foreign`).
Elsewhere they are not collected: skipped tests would only say so on every run.

The emulator plays a script, so each program shows that what it is for has happened: the tool was
called, the work was handed on, the summary was sent, the approval resumed.
"""

from __future__ import annotations

import asyncio
import importlib.util
from dataclasses import replace

import pytest

_INSTALLED = all(map(importlib.util.find_spec, ("deepagents", "langmem", "ragas", "trustcall")))
collect_ignore_glob = [] if _INSTALLED else ["test_*.py"]

_MESSAGES = "/v1/messages"
_MODEL = "claude-4-5-sonnet"


@pytest.fixture(autouse=True, scope="session")
def programs_stay_at_home():
    """ragas and Chroma send statistics of their use, unless they are told not to."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAGAS_DO_NOT_TRACK", "true")
        patch.setenv("ANONYMIZED_TELEMETRY", "False")
        yield


@pytest.fixture(autouse=True)
def strict_emulator(emulator, config_vars):
    """The emulator refuses whatever Heroku may refuse, and the config vars lead to it."""
    emulator.switch(
        bare_tool_history="reject",
        ended_models="reject",
        response_format="rejected",
        strict_tools="rejected",
    )
    return emulator


@pytest.fixture(params=["chat completions", "Messages"])
def endpoint(request):
    """The endpoint that the model of a program talks to."""
    return request.param


@pytest.fixture
def script(emulator, endpoint):
    """Script the next answers of the model, at whichever endpoint it talks to."""

    def script(*steps):
        path = _MESSAGES if endpoint == "Messages" else None
        emulator.script(*(replace(step, path=path) for step in steps))

    return script


@pytest.fixture
def chat_model(endpoint):
    """Make one of our chat models of LangChain."""
    from langchain_heroku import ChatHeroku, ChatHerokuMessages

    kind = ChatHerokuMessages if endpoint == "Messages" else ChatHeroku
    return lambda **arguments: kind(**{"model": _MODEL, **arguments})


@pytest.fixture
def llm(endpoint):
    """Make one of our LLMs of LlamaIndex."""
    from llama_index_heroku import Heroku, HerokuMessages

    kind = HerokuMessages if endpoint == "Messages" else Heroku
    return lambda **arguments: kind(**{"model": _MODEL, **arguments})


@pytest.fixture(params=["invoke", "stream", "ainvoke", "astream"])
def run(request):
    """Run a graph to its end, by each way there is, and return its state."""
    return _WAYS[request.param]


def _stream(graph, question, config=None):
    state = None
    for mode, part in graph.stream(question, config, stream_mode=["messages", "values"]):
        state = part if mode == "values" else state
    return state


async def _astream(graph, question, config=None):
    state = None
    async for mode, part in graph.astream(question, config, stream_mode=["messages", "values"]):
        state = part if mode == "values" else state
    return state


_WAYS = {
    "invoke": lambda graph, question, config=None: graph.invoke(question, config),
    "stream": _stream,
    "ainvoke": lambda graph, question, config=None: asyncio.run(graph.ainvoke(question, config)),
    "astream": lambda graph, question, config=None: asyncio.run(_astream(graph, question, config)),
}


@pytest.fixture
def sent(emulator):
    """Return what each request to the model said so far, as text; Heroku took all requests."""

    def sent():
        assert {entry.status for entry in emulator.journal} == {200}, emulator.journal
        bodies = [entry.body for entry in emulator.journal if "messages" in entry.body]
        return [str([body.get("system"), body["messages"]]) for body in bodies]

    return sent


@pytest.fixture(autouse=True)
def script_is_used_up(emulator):
    """A step that nobody took means that the program did less than the test says."""
    yield
    assert list(emulator.remaining_script) == []
