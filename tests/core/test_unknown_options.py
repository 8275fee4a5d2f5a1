"""An option that does not exist is refused by every call, and the nearest one is named."""

from __future__ import annotations

import pytest

from heroku_inference import AsyncClient, Client, ConfigError, UnknownArgumentError

HELLO = [{"role": "user", "content": "Hello"}]
ARGUMENTS = {"api_key": "inf-made-up", "base_url": "http://127.0.0.1:9", "model": "m"}

CALLS = {
    "chat": lambda client: client.chat(HELLO, temprature=1),
    "run_agent": lambda client: client.run_agent(HELLO, temprature=1),
    "embed": lambda client: client.embed(["a"], batchsize=3),
    "rerank": lambda client: client.rerank("a", ["b"], topn=3),
    "generate_image": lambda client: client.generate_image("a", sead=1),
}
NEAREST = dict(
    zip(CALLS, ["temperature", "temperature", "batch_size", "top_n", "seed"], strict=True)
)


@pytest.mark.parametrize("name", CALLS)
def test_the_nearest_option_is_named(name):
    with pytest.raises(ConfigError, match=rf"{name}\(\) has no option .* Did you mean") as caught:
        CALLS[name](Client(**ARGUMENTS))
    assert isinstance(caught.value, TypeError)
    assert caught.value.remedy == f"Did you mean {NEAREST[name]!r}?"


@pytest.mark.parametrize("name", CALLS)
async def test_the_awaited_calls_name_it_too(name):
    with pytest.raises(UnknownArgumentError, match=f"Did you mean '{NEAREST[name]}'"):
        await CALLS[name](AsyncClient(**ARGUMENTS))


def test_streams_name_it_before_anything_is_sent():
    client = Client(**ARGUMENTS)
    with pytest.raises(UnknownArgumentError, match="Did you mean 'top_p'"):
        list(client.stream_chat(HELLO, topp=1))
    with pytest.raises(UnknownArgumentError, match="Did you mean 'batch_size'"):
        list(client.iter_embed(["a"], batchsize=1))


def test_an_option_of_another_call_names_the_way():
    client = Client(**ARGUMENTS)
    with pytest.raises(UnknownArgumentError, match=r"Call stream_chat\(\)"):
        client.chat(HELLO, stream=True)
    with pytest.raises(UnknownArgumentError, match="Use max_tokens_per_inference_request"):
        client.run_agent(HELLO, max_tokens=5)
