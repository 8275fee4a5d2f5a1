"""Wrong arguments of every class of both adapters: one kind of error, when the object is made."""

from __future__ import annotations

import asyncio
import copy
import pickle
import re
import traceback

import httpx
import pytest
from langchain_core.exceptions import ModelInvalidRequestError
from pydantic import ValidationError

import langchain_heroku
import llama_index_heroku
from heroku_inference import ConfigError, UnknownArgumentError
from langchain_heroku import errors

KEY = "inf-a-key-that-must-not-show"


def load_langchain_tools(**arguments):
    arguments.pop("model", None)
    return asyncio.run(langchain_heroku.load_mcp_tools(**arguments))


def load_llama_index_tools(**arguments):
    return asyncio.run(llama_index_heroku.load_mcp_tools(**arguments))


LANGCHAIN = {
    "ChatHeroku": langchain_heroku.ChatHeroku,
    "ChatHerokuMessages": langchain_heroku.ChatHerokuMessages,
    "ChatHerokuAgent": langchain_heroku.ChatHerokuAgent,
    "HerokuEmbeddings": langchain_heroku.HerokuEmbeddings,
    "HerokuRerank (LangChain)": langchain_heroku.HerokuRerank,
    "HerokuImageTool": langchain_heroku.HerokuImageTool,
    "load_mcp_tools (LangChain)": load_langchain_tools,
}
LLAMA_INDEX = {
    "Heroku": llama_index_heroku.Heroku,
    "HerokuMessages": llama_index_heroku.HerokuMessages,
    "HerokuAgent": llama_index_heroku.HerokuAgent,
    "HerokuEmbedding": llama_index_heroku.HerokuEmbedding,
    "HerokuRerank (LlamaIndex)": llama_index_heroku.HerokuRerank,
    "HerokuToolSpec": llama_index_heroku.HerokuToolSpec,
    "HerokuImageToolSpec": llama_index_heroku.HerokuImageToolSpec,
    "load_mcp_tools (LlamaIndex)": load_llama_index_tools,
}
CLASSES = LANGCHAIN | LLAMA_INDEX
CHAT = [name for name in CLASSES if name.startswith(("Chat", "Heroku")) and name in {
    "ChatHeroku", "ChatHerokuMessages", "ChatHerokuAgent", "Heroku", "HerokuMessages",
    "HerokuAgent"}]  # fmt: skip
every_class = pytest.mark.parametrize("name", CLASSES)


def refusal(name, /, **arguments):
    """The error of this class for these arguments beside right ones, checked as all must be."""
    right = {"api_key": KEY, "base_url": "https://x.test", "model": "claude-4-5-sonnet"}
    with pytest.raises(ConfigError) as caught:
        CLASSES[name](**right | arguments)
    return checked(name, caught.value)


def checked(name, error):
    assert isinstance(error, ModelInvalidRequestError) is (name in LANGCHAIN)
    assert isinstance(error, errors.ConfigError) is (name in LANGCHAIN)
    assert error.problem.endswith(".")
    assert not error.remedy or error.remedy.endswith((".", "?"))
    assert "\n" not in str(error)
    assert not isinstance(error.__context__, ValidationError)
    assert KEY not in str(error)
    return error


def shown_by(error):
    """What a traceback shows that prints the variables of our functions."""
    trace = traceback.TracebackException.from_exception(error, capture_locals=True)
    return "".join(repr(frame.locals) for frame in trace.stack if frame.filename != __file__)


def case_name(value):
    """A value as the name of a case, without addresses: they differ in every process."""
    return re.sub(r" at 0x[0-9a-f]+", "", str(value))


@every_class
def test_a_missing_key_is_an_error_of_ours_and_of_the_framework(name):
    with pytest.raises(ConfigError, match="API key is required") as caught:
        CLASSES[name](model="claude-4-5-sonnet")
    checked(name, caught.value)


@every_class
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"timeout": 0}, "timeout must be greater than 0 seconds, got 0"),
        ({"timeout": "5"}, "timeout must be a number of seconds, got a value of type str."),
        ({"timeout": True}, "timeout must be a number of seconds, got a value of type bool."),
        ({"timeout": float("nan")}, "timeout must be a finite number of seconds, got nan."),
        ({"api_key": [KEY]}, "api_key must be a str"),
        ({"api_key": 5}, "got a value of type int."),
        ({"base_url": "ftp://x"}, "not the URL of an API"),
        ({"base_url": "http://gateway.example"}, "unencrypted over public networks"),
        ({"alias": "no alias"}, "alias"),
    ],
    ids=case_name,
)
def test_wrong_values_of_shared_arguments_are_refused(name, arguments, words):
    assert words in str(refusal(name, **arguments))


@pytest.mark.parametrize("name", [name for name in CLASSES if not name.startswith("load")])
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"max_retries": -1}, "max_retries must be 0 or more, got -1"),
        ({"max_retries": "2"}, "max_retries must be a whole number, got a value of type str."),
        ({"max_retries": True}, "max_retries must be a whole number, got a value of type bool."),
        ({"max_response_bytes": 0}, "max_response_bytes must be greater than 0, got 0."),
        ({"http_client": 7}, "http_client must be an httpx2.Client or httpx.Client, got a value"),
        ({"http_client": httpx.AsyncClient()}, "or httpx.Client, got a value of type As"),
        ({"async_http_client": httpx.Client()}, "or httpx.AsyncClient, got a value of"),
        ({"default_headers": {"x y": "z"}}, "'x y' is not a valid header name"),
        ({"default_headers": "x: y"}, "default_headers must be a mapping"),
        ({"default_headers": {"Content-Length": "5"}}, "how a request is framed"),
        ({"timeout": float("inf")}, "finite"),
        ({"model": 3}, "model must be a str"),
    ],
    ids=case_name,
)
def test_wrong_values_of_connections_are_refused(name, arguments, words):
    assert words in str(refusal(name, **arguments))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # LlamaIndex's workflows use it
@pytest.mark.parametrize("name", [name for name in CLASSES if not name.startswith("load")])
def test_an_unencrypted_address_is_taken_from_those_who_insist(name):
    right = {"api_key": KEY, "model": "claude-4-5-sonnet", "allow_plaintext": True}
    made = CLASSES[name](base_url="http://gateway.example/v1", **right)
    for same in (made, copy.deepcopy(made), pickle.loads(pickle.dumps(made))):
        connection = getattr(same, "_connection", same)
        assert connection.settings.base_url == "http://gateway.example"


@pytest.mark.parametrize("name", CHAT)
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"temperature": "hot"}, "temperature must be a number, got 'hot'."),
        ({"temperature": 5}, "temperature must be from 0 to 1, got 5.0."),
        ({"temperature": float("nan")}, "temperature must be from 0 to 1, got nan."),
        ({"model": ""}, "Model is required"),
        ({"max_tokens": "few"}, "must be a whole number from 1, got a value of type str."),
        ({"max_tokens": 0}, "must be a whole number from 1, got 0."),
        ({"max_tokens": True}, "must be a whole number from 1, got a value of type bool."),
        ({"stop": 3}, "stop must be a list or a str, got 3."),
        ({"stop": [3]}, "stop must be a list of str or a str"),
        ({"temperature": KEY}, "temperature must be a number, got a value of type str."),
    ],
    ids=case_name,
)
def test_wrong_values_of_chat_parameters_are_refused(name, arguments, words):
    assert words in str(refusal(name, **arguments))


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("ChatHeroku", {"temperature": 2.0}, "temperature"),
        ("ChatHeroku", {"n": 0}, "n must be at least 1, got 0."),
        ("ChatHeroku", {"extended_thinking": "yes"}, "extended_thinking='yes' is not documented."),
        ("ChatHerokuMessages", {"extended_thinking": "2000"}, "'2000' is not documented."),
        ("Heroku", {"extended_thinking": 5}, "A thinking budget of 5 tokens is too small."),
        ("HerokuMessages", {"extended_thinking": "yes"}, "'yes' is not documented."),
        ("ChatHeroku", {"reasoning_effort": "huge"}, "reasoning_effort='huge' is not documented."),
        ("Heroku", {"reasoning_effort": "huge"}, "reasoning_effort='huge' is not documented."),
        ("ChatHeroku", {"extra_body": 5}, "extra_body must be a mapping"),
        ("ChatHerokuMessages", {"model_kwargs": {"extra_body": 5}}, "extra_body must be a mapping"),
        ("Heroku", {"extra_body": 5}, "extra_body must be a mapping"),
        ("HerokuEmbeddings", {"extra_body": 5}, "extra_body must be a mapping"),
        ("HerokuEmbedding", {"extra_body": 5}, "extra_body must be a mapping"),
        ("HerokuImageTool", {"extra_body": 5}, "extra_body must be a mapping"),
        ("HerokuImageToolSpec", {"extra_body": 5}, "extra_body must be a mapping"),
        ("HerokuRerank (LangChain)", {"top_n": True}, "top_n must be a whole number from 1"),
        ("HerokuRerank (LlamaIndex)", {"top_n": True}, "top_n must be a whole number from 1"),
        ("Heroku", {"top_p": -1}, "top_p"),
        ("HerokuEmbeddings", {"batch_size": 200}, "batch_size"),
        ("HerokuEmbeddings", {"long_text": "ignore"}, "'error', 'truncate' or 'split'"),
        ("HerokuEmbedding", {"embed_batch_size": 200}, "embed_batch_size must be at most 96"),
        ("HerokuEmbedding", {"num_workers": 0}, "num_workers must be at least 1"),
        ("HerokuRerank (LangChain)", {"top_n": -1}, "top_n"),
        ("HerokuRerank (LlamaIndex)", {"top_n": -1}, "top_n"),
        ("HerokuRerank (LlamaIndex)", {"metadata_mode": "most"}, "metadata_mode must be"),
        ("HerokuImageTool", {"aspect_ratio": "banana"}, "aspect_ratio"),
        ("HerokuImageTool", {"save_to": 3}, "save_to must be"),
        ("HerokuImageTool", {"size": "1x1"}, "1344x768"),
        ("HerokuImageToolSpec", {"aspect_ratio": "banana"}, "aspect_ratio"),
        ("HerokuImageToolSpec", {"size": "16:9"}, "1344x768"),
        ("HerokuAgent", {"workflow_timeout": "soon"}, "workflow_timeout must be a number"),
        ("HerokuAgent", {"name": 3}, "name must be a str, got 3."),
        ("HerokuAgent", {"extra_body": "x"}, "extra_body must be a mapping"),
        ("ChatHerokuAgent", {"tools": 3}, "tools"),
        ("HerokuToolSpec", {"app": "a", "ttl_seconds": 500}, "ttl_seconds"),
    ],
)  # fmt: skip
def test_wrong_values_of_own_arguments_are_refused(name, arguments, words):
    assert words in str(refusal(name, **arguments))


@every_class
@pytest.mark.parametrize(
    ("misspelt", "meant"), [("api_kee", "api_key"), ("base_ulr", "base_url"), ("aliass", "alias")]
)
def test_a_misspelt_argument_names_the_nearest(name, misspelt, meant):
    error = refusal(name, **{misspelt: KEY})
    assert isinstance(error, UnknownArgumentError)
    assert f"has no argument {misspelt!r}" in error.problem
    assert error.problem.startswith(name.partition(" ")[0])
    assert error.remedy == f"Did you mean {meant!r}?"
    assert KEY not in shown_by(error)


@every_class
@pytest.mark.parametrize(
    "key",
    [
        "openai_api_key",
        "heroku_api_key",
        "HEROKU_API_KEY",
        "inference_key",
        "cohere_api_key",
        "access_token",
        "client_secret",
        "password",
    ],
)
def test_a_key_under_another_name_is_refused_with_the_right_one(name, key):
    error = refusal(name, **{key: KEY})
    assert isinstance(error, UnknownArgumentError)
    assert f"has no argument {key!r}" in error.problem
    assert error.remedy == "Did you mean 'api_key'?"
    assert KEY not in shown_by(error)


@pytest.mark.parametrize("name", CHAT)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of LlamaIndex's workflows
def test_a_number_of_tokens_is_no_key(name):
    assert CLASSES[name](
        model="claude-4-5-sonnet", api_key=KEY, base_url="https://x.test", max_tokens=5
    )


@pytest.mark.parametrize(
    ("name", "misspelt", "meant"),
    [
        ("ChatHeroku", "temprature", "temperature"),
        ("ChatHerokuMessages", "temprature", "temperature"),
        ("ChatHerokuAgent", "temprature", "temperature"),
        ("Heroku", "temprature", "temperature"),
        ("HerokuMessages", "temprature", "temperature"),
        ("HerokuAgent", "temprature", "temperature"),
        ("HerokuAgent", "heroku_tool", "heroku_tools"),
        ("HerokuEmbeddings", "batchsize", "batch_size"),
        ("HerokuEmbedding", "batch_size", "embed_batch_size"),
        ("HerokuToolSpec", "db_attachement", "db_attachment"),
        ("HerokuImageToolSpec", "aspectratio", "aspect_ratio"),
        ("HerokuImageTool", "safe_to", "save_to"),
    ],
)
def test_a_misspelt_argument_of_a_class_names_the_nearest(name, misspelt, meant):
    assert refusal(name, **{misspelt: 1}).remedy == f"Did you mean {meant!r}?"


@pytest.mark.parametrize("name", ["ChatHeroku", "ChatHerokuMessages"])
def test_options_of_a_call_go_to_model_kwargs_with_a_warning(name):
    with pytest.warns(UserWarning, match="has no argument 'of_tomorrow'; it went into model_kwarg"):
        model = CLASSES[name](
            model="claude-4-5-sonnet", api_key=KEY, base_url="https://x.test", of_tomorrow=1
        )
    assert model.model_kwargs == {"of_tomorrow": 1}
