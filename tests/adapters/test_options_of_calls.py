"""Options of one call, in every class: what is honoured, and what is refused before it is sent."""

from __future__ import annotations

import asyncio
import re
import traceback
from contextlib import suppress

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.exceptions import ModelInvalidRequestError

from heroku_emulator import Fault
from heroku_inference import (
    APITimeoutError,
    ConfigError,
    InvalidRequestError,
    UnknownArgumentError,
)
from langchain_heroku import ChatHeroku, ChatHerokuAgent, ChatHerokuMessages
from llama_index_heroku import Heroku, HerokuMessages
from tests.adapters.conftest import LangChain, every_model

WAYS = ("send", "stream", "asend", "astream")
every_way = pytest.mark.parametrize("way", WAYS)
KEY = "inf-a-key-that-must-not-show"
SENT = {"extra_headers": {"X-Team": "search"}, "extra_query": {"trace": "on"}}


class Agent(LangChain):
    """`ChatHerokuAgent`."""

    model_class = ChatHerokuAgent
    path = "/v1/agents/heroku"


every_class = pytest.mark.parametrize("adapter", [*every_model.args[1], Agent], indirect=True)


@every_class
@every_way
def test_headers_and_query_of_a_call_are_sent(emulator, adapter, make, ask, way):
    ask(make(), way, **SENT)
    request = emulator.journal.only(adapter.path)
    assert request.headers["x-team"] == "search"
    assert "trace=on" in request.query
    assert not {"extra_headers", "extra_query", "timeout"} & request.body.keys()


@every_class
@every_way
def test_a_call_has_its_own_timeout(emulator, make, ask, way):
    emulator.script(Fault(delay=5))
    with pytest.raises(APITimeoutError, match=r"within 0\.3 seconds"):
        ask(make(timeout=50, max_retries=0), way, timeout=0.3)


@pytest.mark.parametrize("kind", [ChatHeroku, ChatHerokuMessages, ChatHerokuAgent])
def test_they_can_be_bound(emulator, config_vars, kind):
    kind(model="claude-4-5-sonnet").bind(**SENT, timeout=20).invoke("Hi")
    assert emulator.journal[-1].headers["x-team"] == "search"
    assert "trace=on" in emulator.journal[-1].query


@every_class
@every_way
@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("timeout", "soon", "timeout must be a number of seconds"),
        ("timeout", 0, "timeout must be greater than 0"),
        ("extra_headers", {"x y": "z"}, "extra_headers: 'x y' is not a valid header name"),
        ("extra_query", "a=b", "extra_query must be a mapping"),
        ("max_tokens", 0, "must be a whole number from 1, got 0"),
        ("max_tokens", True, "must be a whole number from 1, got a value of type bool"),
        ("model", "", "model must be the id of a model, got ''"),
        ("temperature", 3, "temperature must be from 0 to 1, got 3"),
        ("temprature", 1, "There is no option 'temprature'. Did you mean 'temperature'?"),
        ("quux", 1, "There is no option 'quux'."),
        ("on_retry", print, "There is no option 'on_retry'."),
    ],
)
def test_what_cannot_work_is_refused_before_anything_is_sent(
    emulator, adapter, make, ask, way, option, value, words
):
    with pytest.raises(ConfigError) as caught:
        ask(make(), way, **{option: value})
    assert words in str(caught.value)
    assert isinstance(caught.value, ModelInvalidRequestError) is issubclass(adapter, LangChain)
    assert len(emulator.journal) == 0


@every_class
@every_way
@pytest.mark.parametrize(
    "name", ["api_key", "openai_api_key", "heroku_api_key", "inference_key", "a_token", "MY_SECRET"]
)
def test_a_key_is_no_option_of_a_call(emulator, make, ask, way, name):
    with pytest.raises(UnknownArgumentError) as caught:
        ask(make(), way, **{name: KEY})
    assert f"There is no option {name!r}." in str(caught.value)
    assert "api_key=... where you make the object" in str(caught.value)
    assert KEY not in "".join(traceback.format_exception(caught.value))
    assert KEY not in shown_by_ours(caught.value)
    assert len(emulator.journal) == 0


def shown_by_ours(error):
    """What a traceback shows that prints the variables of the library's functions."""
    trace = traceback.TracebackException.from_exception(error, capture_locals=True)
    ours = [frame for frame in trace.stack if re.search(r"heroku\w*/", frame.filename)]
    return "".join(repr(frame.locals) for frame in ours)


class Ear(BaseCallbackHandler):
    """Writes down everything that callbacks are told."""

    def __init__(self):
        self.heard = []

    def on_chat_model_start(self, *arguments, **further):
        self.heard.append(repr((arguments, further)))


@pytest.mark.parametrize("kind", [ChatHeroku, ChatHerokuMessages, ChatHerokuAgent])
def test_traces_get_no_key(emulator, config_vars, kind):
    llm, ear = kind(model="claude-4-5-sonnet"), Ear()
    config = {"callbacks": [ear]}
    llm.invoke("Hi", config)
    assert ear.heard
    for call in (
        lambda: llm.invoke("Hi", config, api_key=KEY),
        lambda: list(llm.stream("Hi", config, api_key=KEY)),
        lambda: asyncio.run(llm.ainvoke("Hi", config, api_key=KEY)),
        lambda: llm.with_config(config).invoke("Hi", api_key=KEY),
        lambda: llm.bind(api_key=KEY),
    ):
        with pytest.raises(UnknownArgumentError):
            call()
    assert KEY not in "".join(ear.heard)


@pytest.mark.parametrize(
    ("kind", "place"),
    [
        (ChatHeroku, "model_kwargs"),
        (ChatHerokuMessages, "model_kwargs"),
        (Heroku, "additional_kwargs"),
        (HerokuMessages, "additional_kwargs"),
    ],
)
def test_a_key_among_further_options_is_refused(config_vars, kind, place):
    with pytest.raises(UnknownArgumentError, match=f"{place} has 'openai_api_key'") as caught:
        kind(model="claude-4-5-sonnet", **{place: {"openai_api_key": KEY}})
    assert KEY not in "".join(traceback.format_exception(caught.value))


@every_model
@every_way
def test_extra_body_sends_any_field(emulator, adapter, make, ask, way):
    with suppress(InvalidRequestError):  # the emulator is strict about fields
        ask(make(), way, extra_body={"quux": 1})
    assert emulator.journal.only(adapter.path).body["quux"] == 1


@pytest.mark.parametrize(
    ("kind", "arguments", "words"),
    [
        (ChatHeroku, {"on_retry": print}, "has no argument 'on_retry'"),
        (ChatHerokuMessages, {"on_retry": print}, "has no argument 'on_retry'"),
        (ChatHerokuMessages, {"prompt_caching": False}, "set cache_control in content blocks"),
        (ChatHerokuMessages, {"tools": 5}, "llm.bind_tools"),
        (ChatHerokuMessages, {"response_format": 5}, "llm.bind(response_format"),
        (ChatHerokuMessages, {"model_kwargs": {"tools": 5}}, "model_kwargs cannot have 'tools'"),
    ],
)  # fmt: skip
def test_arguments_that_belong_elsewhere_are_refused(config_vars, kind, arguments, words):
    with pytest.raises(ConfigError) as caught:
        kind(model="claude-4-5-sonnet", **arguments)
    assert words in str(caught.value)


@every_way
@pytest.mark.parametrize("of_call", [False, True], ids=["of the model", "of the call"])
@pytest.mark.parametrize("adapter", every_model.args[1][2:], indirect=True)
def test_parallel_tool_calls_of_the_messages_endpoint(emulator, adapter, make, of_call, way):
    from langchain_core.tools import tool
    from llama_index.core.tools import FunctionTool

    def now() -> str:
        """The time."""
        return "12:00"

    if not issubclass(adapter, LangChain):
        llm = make()
        llm.chat_with_tools([FunctionTool.from_defaults(now)], "Hi")
    elif of_call:
        make().bind_tools([tool(now)]).invoke("Hi", parallel_tool_calls=False)
    else:
        make(parallel_tool_calls=False).bind_tools([tool(now)]).invoke("Hi")
    choice = emulator.journal.only(adapter.path).body["tool_choice"]
    assert choice == {"type": "auto", "disable_parallel_tool_use": True}


@pytest.mark.parametrize("adapter", every_model.args[1][2:], indirect=True)
@every_way
@pytest.mark.parametrize("of_call", [False, True], ids=["of the model", "of the call"])
def test_the_user_is_metadata_of_the_messages_endpoint(emulator, adapter, make, ask, way, of_call):
    if of_call:
        ask(make(), way, user="ada")
    else:
        ask(make(user="ada"), way)
    body = emulator.journal.only(adapter.path).body
    assert body["metadata"] == {"user_id": "ada"}
    assert "user" not in body


# LangChain has `metadata` of its own, for traces.
@pytest.mark.parametrize("adapter", every_model.args[1][3:], indirect=True)
@every_way
def test_metadata_of_the_messages_endpoint_is_sent(emulator, adapter, make, ask, way):
    metadata = {"user_id": "eve"}
    ask(make(user="ada"), way, metadata=metadata)
    assert emulator.journal.only(adapter.path).body["metadata"] == {"user_id": "eve"}
