"""`timeout`, `extra_headers` and `extra_query` of one call: sent with it, and in no body."""

from __future__ import annotations

import inspect
import time

import httpx
import pytest

from heroku_emulator import Fault
from heroku_inference import APITimeoutError, AsyncClient, Client, ConfigError

HI = [{"role": "user", "content": "Hi"}]
SENT = {"extra_headers": {"X-Team": "search"}, "extra_query": {"trace": True, "tag": ["a b", 2]}}


async def asynchronously(answer):
    """The answer, whether it is awaited or iterated."""
    if inspect.isasyncgen(answer):
        return [piece async for piece in answer]
    return await answer


CALLS = {
    "chat": lambda client, **options: client.chat(HI, **options),
    "stream_chat": lambda client, **options: client.stream_chat(HI, **options),
    "embed": lambda client, **options: client.embed(["a"], **options),
    "iter_embed": lambda client, **options: client.iter_embed(["a"], **options),
    "rerank": lambda client, **options: client.rerank("a", ["b"], **options),
    "run_agent": lambda client, **options: client.run_agent(HI, **options),
    "stream_agent": lambda client, **options: client.stream_agent(HI, **options),
    "generate_image": lambda client, **options: client.generate_image("A fox", **options),
}
every_call = pytest.mark.parametrize("name", CALLS)


def called(name, client, **options):
    answer = CALLS[name](client, **options)
    return list(answer) if inspect.isgenerator(answer) else answer


def check(request):
    assert request.headers["x-team"] == "search"
    assert request.query == "trace=true&tag=a+b&tag=2"
    assert not {"timeout", "extra_headers", "extra_query"} & request.body.keys()


@every_call
def test_headers_and_query_are_sent(emulator, config_vars, name):
    called(name, Client(), **SENT)
    check(emulator.journal[-1])


@every_call
async def test_headers_and_query_are_sent_asynchronously(emulator, config_vars, name):
    await asynchronously(CALLS[name](AsyncClient(), **SENT))
    check(emulator.journal[-1])


@every_call
def test_a_call_has_its_own_timeout(emulator, config_vars, name):
    emulator.script(Fault(delay=5))
    begun = time.monotonic()
    with pytest.raises(APITimeoutError, match=r"within 0\.2 seconds"):
        called(name, Client(timeout=50, max_retries=0), timeout=0.2)
    assert time.monotonic() - begun < 3


@every_call
async def test_an_asynchronous_call_has_its_own_timeout(emulator, config_vars, name):
    emulator.script(Fault(delay=5))
    with pytest.raises(APITimeoutError, match=r"within 0\.2 seconds"):
        await asynchronously(CALLS[name](AsyncClient(timeout=50, max_retries=0), timeout=0.2))


def test_the_timeout_of_a_call_goes_before_that_of_an_own_client(emulator, config_vars):
    emulator.script(Fault(delay=5))
    with httpx.Client(timeout=50) as own, pytest.raises(APITimeoutError):
        Client(http_client=own, max_retries=0).chat(HI, timeout=0.2)


async def test_the_timeout_of_a_call_goes_before_that_of_an_own_async_client(emulator, config_vars):
    emulator.script(Fault(delay=5))
    async with httpx.AsyncClient(timeout=50) as own:
        with pytest.raises(APITimeoutError):
            await AsyncClient(async_http_client=own, max_retries=0).chat(HI, timeout=0.2)


@every_call
@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("timeout", 0, "timeout must be greater than 0"),
        ("timeout", httpx.Timeout(3), "timeout must be a number of seconds, got a value of type T"),
        ("extra_headers", {"x y": "z"}, "extra_headers: 'x y' is not a valid header name"),
        ("extra_headers", {"x": "a\nb"}, r"extra_headers\['x'\] is not a valid header value"),
        ("extra_query", "a=b", "extra_query must be a mapping"),
        ("extra_query", {"a": {}}, "extra_query has a value of type dict"),
    ],
    ids=["zero", "object", "name", "value", "text", "mapping"],
)
def test_what_cannot_be_sent_is_refused_before(emulator, config_vars, name, option, value, words):
    with pytest.raises(ConfigError, match=words):
        called(name, Client(), **{option: value})
    assert len(emulator.journal) == 0


@every_call
@pytest.mark.parametrize("key", ["api_key", "openai_api_key", "inference_key", "access_token"])
def test_a_key_is_no_option_of_a_call(emulator, config_vars, name, key):
    with pytest.raises(ConfigError, match=rf"has no option '{key}'.* where you make the") as caught:
        called(name, Client(), **{key: "inf-secret"})
    assert "inf-secret" not in str(caught.value)
    assert len(emulator.journal) == 0
