"""A wrong argument is refused when the client is constructed, with what to do about it."""

from __future__ import annotations

import asyncio
import copy
import inspect
import pickle
import traceback

import httpx
import pytest

from heroku_inference import (
    AsyncClient,
    Client,
    ConfigError,
    Settings,
    UnknownArgumentError,
    async_openai_client,
    chat_openai_options,
    openai_client,
    openai_like_options,
)
from heroku_inference._config.arguments import nearest_name, unknown_argument
from heroku_inference._errors import short_traceback

MADE_UP_KEY = "inf-made-up-key"


@pytest.mark.parametrize("make", [Client, AsyncClient])
@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"timeout": 0}, "timeout must be greater than 0 seconds, got 0."),
        ({"timeout": -1.5}, "timeout must be greater than 0 seconds, got -1.5."),
        ({"timeout": float("inf")}, "timeout must be a finite number of seconds, got inf."),
        ({"timeout": float("nan")}, "timeout must be a finite number of seconds, got nan."),
        ({"timeout": "5"}, "timeout must be a number of seconds, got a value of type str."),
        ({"timeout": True}, "timeout must be a number of seconds, got a value of type bool."),
        ({"max_retries": -1}, "max_retries must be 0 or more, got -1."),
        ({"max_retries": True}, "max_retries must be a whole number, got a value of type bool."),
        ({"max_retries": "2"}, "max_retries must be a whole number, got a value of type str."),
        ({"max_retries": None}, "max_retries must be a whole number, got None."),
        ({"max_response_bytes": 0}, "max_response_bytes must be greater than 0, got 0."),
        (
            {"max_response_bytes": "1000"},
            "max_response_bytes must be a whole number of bytes, got a value of type str.",
        ),
        (
            {"default_headers": [("a", "b")]},
            "default_headers must be a mapping of names to values, got a value of type list.",
        ),
        (
            {"default_headers": {"a b": "c"}},
            "default_headers: 'a b' is not a valid header name.",
        ),
        (
            {"default_headers": {"a": "c\nd"}},
            "default_headers['a'] is not a valid header value.",
        ),
        *(
            (
                {"default_headers": {name: "5"}},
                f"default_headers: {name!r} says how a request is framed, which the library does.",
            )
            for name in (
                "Content-Length",
                "transfer-encoding",
                "Connection",
                "keep-alive",
                "upgrade",
                "te",
                "trailer",
                "expect",
                "content-encoding",
                "proxy-connection",
            )
        ),
        ({"base_url": "ftp://x"}, "'ftp://x' is not the URL of an API: 'ftp' is an odd scheme."),
        (
            {"base_url": "http://gateway.example"},
            "'http://gateway.example' would send the key unencrypted over public networks.",
        ),
        ({"inference_url": 5}, "base_url must be a str, got a value of type int."),
        (
            {"base_url": "a.com", "inference_url": "b.com"},
            "base_url and inference_url are two names of one argument.",
        ),
        ({"on_retry": "log"}, "on_retry must be a function or None, got a value of type str."),
        ({"api_key": 5}, "api_key must be a str or a SecretStr, got a value of type int."),
        ({"api_key": " "}, "The API key is empty."),
        ({"api_key": "a b"}, "The API key contains characters that a key cannot have."),
        ({"alias": "9"}, "'9' is not a valid alias of an attachment."),
        ({"model": 5}, "model must be a str, got a value of type int."),
        ({"settings": "x"}, "settings must be a Settings, got a value of type str."),
    ],
    ids=str,
)
def test_a_wrong_value_is_refused_at_once(make, arguments, problem):
    with pytest.raises(ConfigError) as caught:
        make(**arguments)
    assert caught.value.problem == problem
    assert caught.value.remedy.endswith(".")


@pytest.mark.parametrize("make", [Client, AsyncClient])
@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("time_out", "Did you mean 'timeout'?"),
        ("key", "Did you mean 'api_key'?"),
        ("apiKey", "Did you mean 'api_key'?"),
        ("url", "Did you mean 'base_url'?"),
        ("timeout_seconds", "Did you mean 'timeout'?"),
        ("temprature", "'temperature' is an option of each call: pass it there."),
    ],
)
def test_a_misspelt_argument_names_the_nearest(make, name, remedy, monkeypatch):
    # Our frames are dropped from tracebacks; here they are kept, for their variables.
    monkeypatch.setattr(short_traceback, "__exit__", lambda *_: None)
    with pytest.raises(ConfigError) as caught:
        make(**{name: MADE_UP_KEY})
    assert isinstance(caught.value, TypeError)
    assert caught.value.problem == f"{make.__name__}() has no argument {name!r}."
    assert caught.value.remedy == remedy
    shown = "".join(traceback.TracebackException.from_exception(
        caught.value, capture_locals=True).format())  # fmt: skip
    ours = shown.partition("_constructor_arguments.py")[2].partition("File ")[2]
    assert ours
    assert MADE_UP_KEY not in ours


@pytest.mark.parametrize(
    "make",
    [
        Settings,
        Settings.from_env_file,
        openai_client,
        async_openai_client,
        chat_openai_options,
        openai_like_options,
    ],
)
def test_every_function_names_the_nearest_argument(make):
    with pytest.raises(UnknownArgumentError) as caught:
        make(api_kye=MADE_UP_KEY)
    assert caught.value.remedy == "Did you mean 'api_key'?"
    assert MADE_UP_KEY not in str(caught.value)


PUBLIC = "http://gateway.example"
MAKERS = {
    "Settings": lambda **given: Settings(**given).base_url,
    "Client": lambda **given: Client(**given).settings().base_url,
    "AsyncClient": lambda **given: AsyncClient(**given).settings("embedding").base_url,
    "a copy of a Client": lambda **given: copy.deepcopy(Client(**given)).settings().base_url,
    "openai_client": lambda **given: str(openai_client(**given).base_url),
    "async_openai_client": lambda **given: str(async_openai_client(**given).base_url),
    "chat_openai_options": lambda **given: chat_openai_options(model="m", **given)["base_url"],
    "openai_like_options": lambda **given: openai_like_options(model="m", **given)["api_base"],
}


@pytest.mark.parametrize("spelling", ["base_url", "inference_url"])
@pytest.mark.parametrize("name", MAKERS)
def test_an_unencrypted_address_needs_consent(name, spelling):
    given = {"api_key": MADE_UP_KEY, spelling: PUBLIC}
    with pytest.raises(ConfigError, match="allow_plaintext=True"):
        MAKERS[name](**given)
    url = MAKERS[name](**given, allow_plaintext=True)
    assert url.removesuffix("/").removesuffix("/v1") == PUBLIC


def test_a_key_in_place_of_a_name_is_not_shown():
    with pytest.raises(UnknownArgumentError) as caught:
        Client(**{MADE_UP_KEY: 1})
    assert MADE_UP_KEY not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    "wrong", [7, httpx.AsyncClient(), httpx.Client], ids=["number", "async", "class"]
)
@pytest.mark.parametrize("make", [Client, openai_client])
def test_a_blocking_client_must_be_one_of_httpx(make, wrong):
    with pytest.raises(
        ConfigError, match=r"^http_client must be an httpx2\.Client or httpx\.Client, got a value"
    ):
        make(api_key=MADE_UP_KEY, http_client=wrong)


@pytest.mark.parametrize(
    "wrong", [7, httpx.Client(), httpx.AsyncClient], ids=["number", "blocking", "class"]
)
@pytest.mark.parametrize("make", [AsyncClient, async_openai_client])
def test_an_asynchronous_client_must_be_one_of_httpx(make, wrong):
    with pytest.raises(
        ConfigError,
        match=r"^async_http_client must be an httpx2\.AsyncClient or httpx\.AsyncClient, got",
    ):
        make(api_key=MADE_UP_KEY, async_http_client=wrong)


CALLS = {
    "chat": lambda client, **options: client.chat([{"role": "user", "content": "x"}], **options),
    "run_agent": lambda client, **options: client.run_agent(
        [{"role": "user", "content": "x"}], **options
    ),
    "embed": lambda client, **options: client.embed(["x"], **options),
    "generate_image": lambda client, **options: client.generate_image("x", **options),
}


def outcome(result):
    return asyncio.run(result) if inspect.iscoroutine(result) else result


@pytest.mark.parametrize(
    ("call", "options", "problem"),
    [
        *((call, {"extra_body": 5}, "extra_body must be a mapping, got") for call in CALLS),
        ("chat", {"temperature": "hot"}, "temperature must be a number, got"),
        ("run_agent", {"top_p": True}, "top_p must be a number, got"),
        ("chat", {"stop": 5}, "stop must be a list or a str, got"),
        ("run_agent", {"stop": 5}, "stop must be a list or a str, got"),
        ("chat", {"tools": 5}, "tools must be a list, got"),
        ("chat", {"tools": "get_weather"}, "tools must be a list, got"),
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_a_wrong_option_of_a_call_is_refused_before_a_request(kind, call, options, problem):
    client = kind(api_key=MADE_UP_KEY, model="m")
    with pytest.raises(ConfigError, match=f"^{problem}"):
        outcome(CALLS[call](client, **options))


def test_texts_must_be_a_list():
    with pytest.raises(ConfigError, match=r"^texts must be a list of str, got a value of type int"):
        Client(api_key=MADE_UP_KEY, model="m").embed(5)


def test_an_argument_like_no_other_lists_those_that_exist():
    with pytest.raises(
        UnknownArgumentError, match=r"arguments are alias, .*http_client, .*timeout"
    ):
        Client(foo=1)
    with pytest.raises(UnknownArgumentError, match="async_http_client"):
        AsyncClient(foo=1)


def test_arguments_of_a_subclass_are_known_too():
    class Mine(Client):
        def __init__(self, *, team: str = "", **arguments):
            super().__init__(**arguments)
            self.team = team

    with pytest.raises(UnknownArgumentError, match=r"Mine\(\) .* Did you mean 'team'\?"):
        Mine(taem="x")


def test_right_values_are_taken_as_they_are():
    settings = Settings(api_key=MADE_UP_KEY, model="m")
    client = Client(
        settings=settings, timeout=0.5, max_retries=0, default_headers={}, on_retry=None
    )
    assert client.settings() == settings


def test_an_error_for_an_unknown_argument_can_be_pickled():
    error = unknown_argument("x", ["timeout"], owner="Client")
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), again.problem, again.remedy) == (type(error), error.problem, error.remedy)


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("topp", "top_p"), ("Max-Tokens", "max_tokens"), ("n", None), ("", None), ("quality", None)],
)
def test_the_nearest_name_is_near(name, nearest):
    assert nearest_name(name, ["top_p", "max_tokens", "stop", "temperature"]) == nearest
