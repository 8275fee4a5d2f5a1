"""Agents of LlamaIndex whose model calls tools with arguments that cannot be read."""

from __future__ import annotations

import pytest
from llama_index.core.agent.workflow import AgentWorkflow, FunctionAgent
from llama_index.core.tools import FunctionTool
from workflows.errors import WorkflowRuntimeError

from heroku_emulator import CallTools, Say
from heroku_inference import ToolArgumentsError
from llama_index_heroku import Heroku, HerokuMessages

pytestmark = [
    pytest.mark.usefixtures("config_vars"),
    pytest.mark.filterwarnings("ignore::pydantic.PydanticDeprecationWarning"),  # of workflows
]

NICE = '{"city": "Nice"}'
BROKEN = '{"city": Paris}'


@pytest.fixture(params=[Heroku, HerokuMessages])
def model(request):
    return request.param


@pytest.fixture
def run(model):
    """The answer of an agent, and the cities that its tool was called for."""

    async def run(*, streaming=True, workflow=False, **options):
        cities = []

        def weather(city: str) -> str:
            """The weather in a city."""
            cities.append(city)
            return f"Sunny in {city}."

        llm = model(model="claude-4-5-sonnet", **options)
        agent = FunctionAgent(
            name="weather", description="x", tools=[weather], llm=llm, streaming=streaming
        )
        answer = await (AgentWorkflow(agents=[agent]) if workflow else agent).run("Hi")
        return str(answer), cities

    return run


def path_of(model):
    return "/v1/messages" if model is HerokuMessages else "/v1/chat/completions"


def called(model, *arguments):
    return CallTools([("weather", given) for given in arguments], path=path_of(model))


ways = pytest.mark.parametrize(
    "way", [{}, {"streaming": False}, {"workflow": True}], ids=["streamed", "whole", "workflow"]
)


@ways
async def test_an_agent_goes_on_when_arguments_are_given_again(emulator, model, run, way):
    emulator.script(
        called(model, NICE, BROKEN),
        called(model, '{"city": "Par\n\tis"}'),
        Say("Sunny.", path=path_of(model)),
    )
    answer, cities = await run(**way)
    assert answer == "Sunny."
    assert cities == ["Nice", "Par\n\tis"]
    assert BROKEN not in str(emulator.journal[-1].body["messages"])


@ways
async def test_a_call_that_stays_broken_alone_is_an_error(emulator, model, run, way):
    emulator.script(called(model, BROKEN), called(model, "[1]"))
    with pytest.raises((ToolArgumentsError, WorkflowRuntimeError), match="'weather'"):
        await run(**way)
    assert len(emulator.journal) == 2


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("parallel", [False, True], ids=["one", "several"])
def test_good_calls_beside_one_that_stays_broken_are_run(emulator, model, streamed, parallel):
    emulator.switch(strict=False)
    emulator.script(called(model, BROKEN, NICE), called(model, BROKEN))
    llm = model(model="claude-4-5-sonnet")
    tool = FunctionTool.from_defaults(lambda city: city, name="weather", description="x")
    ask = llm.stream_chat_with_tools if streamed else llm.chat_with_tools
    response = ask([tool], "Hi", allow_parallel_tool_calls=parallel)
    if streamed:
        response = list(response)[-1]
    (chosen,) = llm.get_tool_calls_from_response(response)
    assert chosen.tool_kwargs == {"city": "Nice"}
    assert str(response) == "assistant: "
