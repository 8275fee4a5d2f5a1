"""The tools of Heroku's guides for users of OpenAI, through the SDK and through our classes."""

from __future__ import annotations

import copy
import json

import openai
import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from llama_index.core.tools import FunctionTool

from heroku_emulator import CallTools
from heroku_inference import Client
from langchain_heroku import ChatHeroku
from llama_index_heroku import Heroku
from tests.openai_sdk import ways
from tests.openai_sdk.ways import QUESTION, WEATHER


def call() -> CallTools:
    return CallTools([("weather_in", {"city": "Porto"})], text="Let me look.", ids=["tooluse_1"])


async def tools_by_sdk(sdk) -> tuple[str, dict, str]:
    messages = [{"role": "user", "content": QUESTION}]
    first = (await sdk.chat(messages, tools=[WEATHER])).choices[0].message
    (asked,) = first.tool_calls
    messages += [
        first,
        {"role": "tool", "tool_call_id": asked.id, "content": "18 degrees"},
    ]
    second = await sdk.chat(messages, tools=[WEATHER])
    arguments = json.loads(asked.function.arguments)
    return asked.function.name, arguments, second.choices[0].message.content


def tools_by_core() -> tuple[str, dict, str]:
    client = Client()
    messages = [{"role": "user", "content": QUESTION}]
    first = client.chat(messages, tools=[WEATHER])
    (asked,) = first.tool_calls
    function = {"name": asked.name, "arguments": asked.arguments}
    messages += [
        {
            "role": "assistant",
            "content": first.text,
            "tool_calls": [{"id": asked.id, "type": "function", "function": function}],
        },
        {"role": "tool", "tool_call_id": asked.id, "content": "18 degrees"},
    ]
    return asked.name, json.loads(asked.arguments), client.chat(messages, tools=[WEATHER]).text


def tools_by_langchain() -> tuple[str, dict, str]:
    model = ChatHeroku().bind_tools([WEATHER])
    question = HumanMessage(QUESTION)
    first = model.invoke([question])
    (asked,) = first.tool_calls
    result = ToolMessage("18 degrees", tool_call_id=asked["id"])
    assert isinstance(first, AIMessage)
    return asked["name"], asked["args"], model.invoke([question, first, result]).text


def sent(entry) -> list[dict]:
    """The messages of a request, but for `refusal: null` and white space in a call's arguments."""
    messages = copy.deepcopy(entry.body["messages"])
    for message in messages:
        assert message.pop("refusal", None) is None
    for asked in [one for message in messages for one in message.get("tool_calls", [])]:
        asked["function"]["arguments"] = json.loads(asked["function"]["arguments"])
    return messages


def weather_in(city: str) -> str:
    """The weather in a city."""
    return "18 degrees"


def tools_by_llama_index() -> tuple[str, dict, str]:
    llm, tool = Heroku(), FunctionTool.from_defaults(weather_in)
    history = ways.told([{"role": "user", "content": QUESTION}])
    first = llm.chat_with_tools([tool], chat_history=history)
    (asked,) = llm.get_tool_calls_from_response(first)
    result = ways.ChatMessage(
        role="tool", content="18 degrees", additional_kwargs={"tool_call_id": asked.tool_id}
    )
    second = llm.chat_with_tools([tool], chat_history=[*history, first.message, result])
    return asked.tool_name, asked.tool_kwargs, second.message.content


TOOLS = {
    "core": tools_by_core,
    "langchain": tools_by_langchain,
    "llama-index": tools_by_llama_index,
}


@pytest.mark.parametrize("way", TOOLS.values(), ids=list(TOOLS))
async def test_a_tool_call_and_its_second_turn_are_the_same_by_every_way(way, sdk, emulator):
    emulator.script(call())
    theirs = await tools_by_sdk(sdk)
    assert theirs[:2] == ("weather_in", {"city": "Porto"})
    assert "18 degrees" in theirs[2]
    sent_by_sdk = sent(emulator.journal[-1])
    emulator.script(call())
    assert way() == theirs
    assert sent(emulator.journal[-1]) == sent_by_sdk


async def test_a_streamed_tool_call_is_the_same(framing, sdk, emulator):
    emulator.script(call(), call())
    chunks = await sdk.stream(QUESTION, tools=[WEATHER])
    deltas = [d for c in chunks if c.choices for d in c.choices[0].delta.tool_calls or []]
    theirs = "".join(delta.function.arguments or "" for delta in deltas)
    pieces = list(Client().stream_chat([{"role": "user", "content": QUESTION}], tools=[WEATHER]))
    ours = "".join(delta.arguments for piece in pieces for delta in piece.tool_calls)
    assert ours == theirs == '{"city":"Porto"}'


async def test_where_the_model_says_nothing_beside_a_call_only_the_unrepaired_sdk_fails(
    sdk, make_sdk, emulator
):
    silent = CallTools([("weather_in", {"city": "Porto"})])
    emulator.script(silent)
    with pytest.raises(openai.BadRequestError, match="content is required"):
        await tools_by_sdk(make_sdk(repair=False))
    emulator.script(silent)
    assert "18 degrees" in (await tools_by_sdk(sdk))[2]
    for way in TOOLS.values():
        emulator.script(silent)
        assert "18 degrees" in way()[2]
