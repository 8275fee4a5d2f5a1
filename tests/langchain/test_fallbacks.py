"""Models with fallbacks keep the methods of models: LangChain reads the annotations of these."""

from __future__ import annotations

import asyncio

import pytest
from pydantic import BaseModel

from heroku_emulator import CallTools, Fault
from langchain_heroku import ChatHeroku, ChatHerokuMessages

PATHS = {ChatHeroku: "/v1/chat/completions", ChatHerokuMessages: "/v1/messages"}
every_class = pytest.mark.parametrize("kind", PATHS)


class Weather(BaseModel):
    """The weather of a city."""

    city: str


def with_fallbacks(kind):
    first = kind(model="claude-4-5-haiku", max_retries=0)
    return first.with_fallbacks([kind(model="claude-4-5-sonnet", max_retries=0)])


async def astreamed(runnable):
    return [piece async for piece in runnable.astream("Hi")]


WAYS = {
    "invoke": lambda runnable: runnable.invoke("Hi"),
    "ainvoke": lambda runnable: asyncio.run(runnable.ainvoke("Hi")),
    "stream": lambda runnable: list(runnable.stream("Hi"))[-1],
    "astream": lambda runnable: asyncio.run(astreamed(runnable))[-1],
}


@every_class
@pytest.mark.parametrize("way", WAYS)
def test_tools_are_bound_to_every_model(emulator, config_vars, kind, way):
    emulator.script(Fault(status=503))
    WAYS[way](with_fallbacks(kind).bind_tools([Weather]))
    sent = [request.body for request in emulator.journal]
    assert [body["model"] for body in sent] == ["claude-4-5-haiku", "claude-4-5-sonnet"]
    assert sent[0]["tools"] == sent[1]["tools"]


@every_class
@pytest.mark.parametrize("way", WAYS)
def test_an_answer_in_the_form_of_a_schema_may_come_from_the_fallback(
    emulator, config_vars, kind, way
):
    emulator.script(Fault(status=503), CallTools([("Weather", {"city": "Lyon"})], path=PATHS[kind]))
    answer = WAYS[way](with_fallbacks(kind).with_structured_output(Weather))
    assert answer == Weather(city="Lyon")
