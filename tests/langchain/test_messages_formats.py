"""`ChatHerokuMessages` where an answer has a form, tells of itself, or follows an agent's run."""

from __future__ import annotations

import asyncio
import json

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import SummarizationMiddleware
from langchain.agents.structured_output import ProviderStrategy
from langchain_core.messages import AIMessage, HumanMessage
from pydantic import BaseModel

from heroku_emulator import CallTools, Say, ToolResult
from heroku_inference import ConfigError
from langchain_heroku import ChatHerokuAgent

MODEL = "claude-4-5-sonnet"
MESSAGES = "/v1/messages"
AGENTS = "/v1/agents/heroku"


class Weather(BaseModel):
    """The weather."""

    city: str


FORMAT = {
    "type": "json_schema",
    "json_schema": {"name": "Weather", "schema": Weather.model_json_schema()},
}


def weather(city: str) -> str:
    """The weather in a city."""
    return f"Rain in {city}"


def summed(chunks):
    first, *rest = chunks
    return first + rest


def ainvoked(llm, asked):
    return asyncio.run(llm.ainvoke(asked))


def astreamed(llm, asked):
    async def collect():
        return summed([chunk async for chunk in llm.astream(asked)])

    return asyncio.run(collect())


WAYS = {
    "invoke": lambda llm, asked: llm.invoke(asked),
    "stream": lambda llm, asked: summed(llm.stream(asked)),
    "ainvoke": ainvoked,
    "astream": astreamed,
}
ways = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)


@ways
@pytest.mark.parametrize("thinking", [None, True], ids=["plain", "thinking"])
def test_an_answer_in_a_format_is_its_text(emulator, make_model, way, thinking):
    said = CallTools([("final_answer", {"city": "Lyon"})], text="Here:", path=MESSAGES)
    emulator.script(said)
    llm = make_model(extended_thinking=thinking).bind(response_format=FORMAT)
    answer = way(llm, "Where does it rain?")
    assert json.loads(answer.text) == {"city": "Lyon"}
    assert (answer.tool_calls, answer.invalid_tool_calls) == ([], [])
    assert "tool_use" not in str(answer.content)
    assert answer.additional_kwargs["reasoning_content"] == "Here:"
    assert answer.response_metadata["finish_reason"] == "stop"
    body = emulator.journal[-1].body
    assert "response_format" not in body
    assert body["tools"][0]["input_schema"]["required"] == ["city"]
    choice = body["tool_choice"]
    assert choice == ({"type": "auto"} if thinking else {"type": "tool", "name": "final_answer"})
    assert ("final_answer" in body.get("system", "")) is bool(thinking)


@ways
def test_a_format_leaves_other_tools_to_be_called(emulator, make_model, way):
    emulator.script(CallTools([("weather", {"city": "Oslo"})], path=MESSAGES))
    answer = way(make_model().bind_tools([weather], response_format=FORMAT), "Where does it rain?")
    assert [call["name"] for call in answer.tool_calls] == ["weather"]
    assert answer.response_metadata["finish_reason"] == "tool_calls"
    assert emulator.journal[-1].body["tool_choice"] == {"type": "any"}


@ways
def test_an_answer_in_words_all_the_same_is_heard(emulator, make_model, way):
    emulator.script(Say("Everywhere.", path=MESSAGES))
    llm = make_model(extended_thinking=True).bind(response_format=FORMAT)
    assert way(llm, "Where?").text == "Everywhere."


@ways
def test_a_cut_answer_stays_as_far_as_it_goes(emulator, make_model, way):
    cut = CallTools([("final_answer", '{"city": "Ly')], finish_reason="max_tokens", path=MESSAGES)
    emulator.script(cut)
    answer = way(make_model().bind(response_format=FORMAT), "Where?")
    assert answer.text == '{"city": "Ly'
    assert answer.response_metadata["finish_reason"] == "length"


def test_a_forced_tool_goes_before_a_format(emulator, make_model):
    emulator.script(CallTools([("weather", {"city": "Oslo"})], path=MESSAGES))
    llm = make_model().bind_tools([weather], tool_choice="weather", response_format=FORMAT)
    llm.invoke("Where?")
    assert [tool["name"] for tool in emulator.journal[-1].body["tools"]] == ["weather"]


@pytest.mark.parametrize(
    "wanted",
    [
        {"type": "json_object"},
        {"type": "json_schema", "json_schema": {"name": "x"}},
        {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "array"}}},
    ],
    ids=["no schema", "an empty one", "no object"],
)
def test_a_format_other_than_a_schema_is_refused(make_model, emulator, wanted):
    with pytest.raises(ConfigError, match="response_format"):
        make_model().invoke("Where?", response_format=wanted)
    assert len(emulator.journal) == 0


@pytest.mark.parametrize("strategy", [Weather, ProviderStrategy(Weather)], ids=["auto", "provider"])
def test_agents_give_structured_answers_under_every_model_name(emulator, make_model, strategy):
    emulator.script(
        CallTools([("weather", {"city": "Lyon"})], path=MESSAGES),
        CallTools([("final_answer", {"city": "Lyon"})], path=MESSAGES),
    )
    llm = make_model(model="claude-opus-4-5")  # by this name LangChain takes it for OpenAI-like
    agent = create_agent(llm, [weather], response_format=strategy)
    said = agent.invoke({"messages": "Where does it rain?"})
    assert said["structured_response"] == Weather(city="Lyon")


@ways
def test_an_answer_tells_of_itself(emulator, make_model, way):
    told = way(make_model(), "Hi").response_metadata
    assert told["model_name"] == MODEL
    assert told["id"].startswith("msg_")
    assert told["request_id"]
    assert told["rate_limits"]["limit_requests"] == 150
    assert (told["stop_reason"], told["finish_reason"]) == ("end_turn", "stop")


@pytest.mark.parametrize("on_model", [True, False])
@pytest.mark.parametrize("way", ["stream", "astream"])
def test_a_stream_reports_no_usage_when_usage_is_off(make_model, way, on_model):
    silent = {"stream_usage": False}
    llm = make_model(**silent) if on_model else make_model().bind(**silent)
    assert WAYS[way](llm, "Hi").usage_metadata is None
    assert WAYS[way](make_model(), "Hi").usage_metadata is not None


def test_middleware_trusts_the_reported_tokens(make_model):
    answer = make_model().invoke("Hi")
    summing = SummarizationMiddleware(make_model(), trigger=("tokens", 5))
    answer.usage_metadata["total_tokens"] = 6
    assert summing._should_summarize([HumanMessage("Hi"), answer], total_tokens=1)


@pytest.mark.parametrize("output_version", ["v0", "v1"])
@pytest.mark.parametrize("thinking", [None, True], ids=["plain", "thinking"])
def test_a_run_of_an_agent_is_understood_as_history(emulator, make_model, thinking, output_version):
    emulator.script(
        CallTools([("code_exec_python", {"code": "6*7"})], text="Let me.", path=AGENTS),
        ToolResult("42"),
        Say("It is 42.", path=AGENTS),
    )
    agent = ChatHerokuAgent(model=MODEL, tools=["code_exec_python"], output_version=output_version)
    run = agent.invoke("6 times 7?")
    answer = make_model(extended_thinking=thinking).invoke(
        [HumanMessage("?"), run, HumanMessage("So?")]
    )
    assert isinstance(answer, AIMessage)
    sent = emulator.journal[-1].body["messages"]
    blocks = [b for m in sent for b in m["content"] if not isinstance(m["content"], str)]
    assert [block["type"] for block in blocks] == ["text", "tool_use", "tool_result", "text"]
    assert blocks[2]["content"] == "42"
