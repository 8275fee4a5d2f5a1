"""LangChain's agents on Heroku's models, end to end."""

import warnings

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import (
    ModelFallbackMiddleware,
    ModelRetryMiddleware,
    SummarizationMiddleware,
)
from langchain.agents.structured_output import ProviderStrategy, ToolStrategy
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from pydantic import BaseModel

from heroku_emulator import CallTools, Fault, Say
from langchain_heroku import ChatHeroku, errors

pytestmark = pytest.mark.usefixtures("config_vars")

QUESTION = {"messages": [HumanMessage("What is the weather in Lyon?")]}
SUNNY = {"city": "Lyon", "celsius": 25}


class Weather(BaseModel):
    """The weather in a city."""

    city: str
    celsius: int


@tool
def get_weather(city: str) -> str:
    """The weather in a city."""
    return f"Sunny in {city}."


@tool
def now() -> str:
    """The time."""
    return "noon"


def ask(agent, **options):
    return agent.invoke(QUESTION, **options)["messages"]


def roles(messages):
    return [type(message).__name__ for message in messages]


@pytest.fixture(params=["invoke", "stream", "async"])
def run(request):
    """An agent's last state, by each way to run it."""
    if request.param == "async":

        def run(agent, question=QUESTION):
            import asyncio

            return asyncio.run(agent.ainvoke(question))

        return run
    if request.param == "stream":
        return lambda agent, question=QUESTION: list(
            agent.stream(question, stream_mode=["values", "messages"])
        ).pop(-1)[1]
    return lambda agent, question=QUESTION: agent.invoke(question)


@tool
def nothing() -> str:
    """Return nothing."""
    return ""


@tool
def no_items() -> list:
    """Return no items."""
    return []


@tool
def forty_two() -> int:
    """Return a number."""
    return 42


@pytest.mark.parametrize("odd", [nothing, no_items, forty_two], ids=lambda odd: odd.name)
def test_a_first_turn_of_tools_only_and_odd_results_are_accepted(emulator, run, odd):
    emulator.script(CallTools([(odd.name, "")]))
    emulator.script(Say("Done."))
    messages = run(create_agent(ChatHeroku(), [odd]))["messages"]
    assert roles(messages) == ["HumanMessage", "AIMessage", "ToolMessage", "AIMessage"]
    assert messages[1].text == ""
    assert messages[1].tool_calls[0]["args"] == {}
    assert messages[-1].text == "Done."


def test_parallel_tools_are_all_answered_before_the_next_turn(emulator, run):
    emulator.script(CallTools([("get_weather", {"city": "Lyon"}), ("now", {})], text="Let me see."))
    emulator.script(Say("Sunny at noon."))
    messages = run(create_agent(ChatHeroku(), [get_weather, now]))["messages"]
    assert [message.content for message in messages if isinstance(message, ToolMessage)] == [
        "Sunny in Lyon.",
        "noon",
    ]
    wire = emulator.journal[-1].body["messages"]
    assert [message["role"] for message in wire] == ["user", "assistant", "tool", "tool"]


@pytest.mark.parametrize("output_version", ["v0", "v1"])
def test_an_agent_of_the_engine_calls_its_tool_and_answers(run, output_version):
    llm = ChatHeroku(output_version=output_version)
    messages = run(create_agent(llm, [get_weather]))["messages"]
    assert "Sunny" in messages[-1].text


@pytest.mark.parametrize("model", ["claude-4-5-sonnet", "claude-opus-4-5"])
@pytest.mark.parametrize(
    "wanted",
    [Weather, ToolStrategy(Weather), ProviderStrategy(Weather)],
    ids=["auto", "tool", "provider"],
)
def test_structured_answers_come_by_every_strategy_for_any_model(emulator, run, model, wanted):
    by_provider = isinstance(wanted, ProviderStrategy) or (
        wanted is Weather and model == "claude-opus-4-5"  # LangChain goes by this name
    )
    final = "final_answer" if by_provider else "Weather"
    emulator.script(CallTools([("get_weather", {"city": "Lyon"})]))
    emulator.script(CallTools([(final, SUNNY)]))
    agent = create_agent(ChatHeroku(model=model), [get_weather], response_format=wanted)
    state = run(agent)
    assert state["structured_response"] == Weather(**SUNNY)
    assert "response_format" not in emulator.journal[-1].body


def test_structured_answers_come_without_tools_too(emulator, run):
    emulator.script(CallTools([("final_answer", SUNNY)]))
    agent = create_agent(ChatHeroku(), [], response_format=ProviderStrategy(Weather))
    assert run(agent)["structured_response"] == Weather(**SUNNY)


def test_a_thinking_agent_gives_structured_answers(emulator):
    llm = ChatHeroku(extended_thinking=1024, max_tokens=4000)
    emulator.script(CallTools([("Weather", SUNNY)], reasoning="Easy."))
    agent = create_agent(llm, [], response_format=ToolStrategy(Weather))
    with pytest.warns(UserWarning, match="became 'auto'"):
        assert agent.invoke(QUESTION)["structured_response"] == Weather(**SUNNY)


@pytest.mark.filterwarnings("ignore:Thinking is off for this call")
@pytest.mark.parametrize("tools", [[], [get_weather]], ids=["alone", "beside a tool"])
def test_a_thinking_agent_comes_to_its_structured_answer_by_itself(emulator, tools):
    llm = ChatHeroku(extended_thinking=True, max_tokens=5000)
    agent = create_agent(llm, tools, response_format=Weather)
    with pytest.warns(UserWarning, match="became 'auto'"):
        state = agent.invoke(QUESTION, {"recursion_limit": 8})
    assert isinstance(state["structured_response"], Weather)
    assert emulator.journal[0].body["extended_thinking"]["enabled"]


def test_the_model_learns_of_a_failing_tool(emulator):
    @tool
    def broken() -> str:
        """Always fails."""
        raise ValueError("no such city")

    from langchain.agents.middleware import wrap_tool_call

    @wrap_tool_call
    def told(request, handler):
        try:
            return handler(request)
        except ValueError as error:
            return ToolMessage(str(error), tool_call_id=request.tool_call["id"], status="error")

    emulator.script(CallTools([("broken", {})]))
    emulator.script(Say("Sorry."))
    ask(create_agent(ChatHeroku(), [broken], middleware=[told]))
    assert emulator.journal[-1].body["messages"][-1]["content"] == "Error: no such city"


# Middleware


def test_a_long_conversation_is_summarised_by_the_tokens_heroku_counted(emulator):
    llm = ChatHeroku()
    summarise = SummarizationMiddleware(llm, trigger=("tokens", 50), keep=("messages", 1))
    emulator.script(Say("A summary."), Say("Done."))
    history = [HumanMessage("word " * 200), AIMessage("Yes."), HumanMessage("Go on.")]
    agent = create_agent(llm, [], middleware=[summarise])
    messages = agent.invoke({"messages": history})["messages"]
    assert len(emulator.journal) == 2
    assert "A summary." in str(messages[0].content)


def test_a_fraction_of_the_context_window_is_known_from_the_profile():
    SummarizationMiddleware(ChatHeroku(), trigger=("fraction", 0.8))


def test_retries_of_middleware_go_by_the_class(emulator):
    retry = ModelRetryMiddleware(max_retries=2, initial_delay=0, jitter=False, on_failure="error")
    agent = create_agent(ChatHeroku(max_retries=0), [], middleware=[retry])
    emulator.script(Fault(503), Say("Sunny."))
    assert ask(agent)[-1].text == "Sunny."
    assert len(emulator.journal) == 2
    emulator.script(Fault(401))
    with pytest.raises(errors.AuthenticationError):
        ask(agent)
    assert len(emulator.journal) == 3


def test_another_model_answers_when_the_first_fails(emulator):
    fallback = ModelFallbackMiddleware(ChatHeroku(model="claude-4-5-haiku"))
    agent = create_agent(ChatHeroku(max_retries=0), [], middleware=[fallback])
    emulator.script(Fault(503))
    assert ask(agent)[-1].response_metadata["model_name"] == "claude-4-5-haiku"


# Checkpoints and streams


def test_a_conversation_goes_on_from_its_checkpoint(emulator):
    agent = create_agent(ChatHeroku(), [get_weather], checkpointer=InMemorySaver())
    thread = {"configurable": {"thread_id": "1"}}
    emulator.script(
        CallTools([("get_weather", {"city": "Lyon"})], reasoning="Hm.", text="I look."),
        Say("Sunny."),
        Say("Yes."),
    )
    ask(agent, config=thread)
    messages = ask(agent, config=thread)
    assert messages[-1].text == "Yes."
    kinds = [block["type"] for block in messages[1].content_blocks]
    assert kinds == ["reasoning", "text", "tool_call"]


def test_messages_that_an_event_stream_stored_are_sent_back_as_any(emulator):
    llm = ChatHeroku()
    emulator.script(
        CallTools([("now", {})], reasoning="Hm.", text="I look.", ids=["tooluse_1"]), Say("Noon.")
    )
    message = llm.bind_tools([now]).stream_events("The time?", version="v3").output
    assert message.response_metadata["output_version"] == "v1"
    llm.invoke([HumanMessage("The time?"), message, ToolMessage("noon", tool_call_id="tooluse_1")])
    assert emulator.journal[-1].body["messages"][1] == {
        "role": "assistant",
        "content": "I look.",
        "tool_calls": [
            {"id": "tooluse_1", "type": "function", "function": {"name": "now", "arguments": "{}"}}
        ],
    }


def test_an_agent_streams_its_words_as_they_come(emulator):
    emulator.switch(delta_characters=2)
    emulator.script(Say("Sunny in Lyon."))
    agent = create_agent(ChatHeroku(), [get_weather])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        words = [chunk.text for chunk, _ in agent.stream(QUESTION, stream_mode="messages")]
    assert len(words) > 5
    assert "".join(words) == "Sunny in Lyon."
