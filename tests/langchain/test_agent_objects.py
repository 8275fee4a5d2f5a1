"""Heroku's agent as an object: made, shown, copied, pickled, dumped, given tools, made a tool."""

import pickle

import pytest
from langchain.agents import create_agent
from langchain_core.load import dumpd, dumps, load, loads
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import BaseModel

from heroku_emulator import CallTools, Fault, Say, ToolResult
from heroku_inference import Client, agent_tools
from langchain_heroku import ChatHeroku, ChatHerokuAgent, errors
from tests.langchain.agent_runs import PATH, RUN

KEY = "inf-made-up"
PYTHON = {"type": "heroku_tool", "name": "code_exec_python"}


def make_agent(**arguments):
    return ChatHerokuAgent(
        **{"model": "claude-4-5-sonnet", "api_key": KEY, "base_url": "https://x.test", **arguments}
    )


@tool
def add(a: int, b: int) -> int:
    """Adds."""
    return a + b


class Number(BaseModel):
    """A number."""

    value: int


def plain_function(a: int) -> int:
    """Returns it."""
    return a


# Arguments


def test_retries_are_accepted_and_none_by_default():
    assert make_agent().max_retries == 0
    assert make_agent(max_retries=3).max_retries == 3


def test_an_unknown_argument_is_refused():
    with pytest.raises(errors.ConfigError, match="extended_thinking"):
        make_agent(extended_thinking=True)


def test_an_option_of_a_call_that_the_endpoint_does_not_have_is_refused(emulator, config_vars):
    for options in ({"response_format": {}}, {"n": 2}, {"tool_choice": "any"}):
        with pytest.raises(errors.ConfigError, match="no option"):
            ChatHerokuAgent().invoke("Hello", **options)
    assert len(emulator.journal) == 0


# Tools


@pytest.mark.usefixtures("config_vars")
def test_tools_of_every_form_become_the_apis_form(emulator):
    listed = [t for server in Client().mcp_servers() for t in server.tools]
    agent = make_agent(
        tools=[
            agent_tools.code_exec_python(max_calls=2),
            agent_tools.mcp_tool("team/search"),
            {"type": "heroku_tool", "name": "new_tool", "runtime_params": {"ttl_seconds": 5}},
            "html_to_markdown",
            "team/find",
            *listed,
        ]
    )
    assert agent.tools == [
        {**PYTHON, "runtime_params": {"max_calls": 2}},
        {"type": "mcp", "name": "team/search"},
        {"type": "heroku_tool", "name": "new_tool", "runtime_params": {"ttl_seconds": 5}},
        {"type": "heroku_tool", "name": "html_to_markdown"},
        {"type": "mcp", "name": "team/find"},
        *({"type": "mcp", "name": t.namespaced_name} for t in listed),
    ]


FUNCTIONS = {
    "LangChain's tool": add,
    "a function": plain_function,
    "a pydantic class": Number,
    "OpenAI's definition": convert_to_openai_tool(add),
    "Anthropic's definition": {"name": "add", "input_schema": {"type": "object"}},
}


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS.keys())
def test_a_function_is_refused_by_name_with_what_to_use_instead(function):
    named = f"{getattr(function, 'name', getattr(function, '__name__', 'add'))}"
    for give in (lambda: make_agent(tools=[function]), lambda: make_agent().bind_tools([function])):
        with pytest.raises(errors.ConfigError, match="create_agent") as caught:
            give()
        assert repr(named) in str(caught.value)


def test_a_value_that_the_documentation_rules_out_is_refused_before_any_request():
    tool = {**PYTHON, "runtime_params": {"ttl_seconds": 500}}
    with pytest.raises(errors.ConfigError, match="120"):
        make_agent(tools=[tool])
    with pytest.raises(errors.ConfigError, match="Pass a list"):
        make_agent(tools="code_exec_python")


def test_tools_that_are_bound_take_the_place_of_its_own(emulator, config_vars):
    emulator.script(Say("Yes.", path=PATH))
    agent = ChatHerokuAgent(tools=["html_to_markdown"])
    bound = agent.bind_tools([agent_tools.code_exec_python()], tool_choice="auto", temperature=0.5)
    bound.invoke("Hello")
    body = emulator.journal[-1].body
    assert (body["tools"], body["temperature"]) == ([PYTHON], 0.5)


@pytest.mark.parametrize("choice", ["any", "required", "code_exec_python", True, "none"])
def test_a_forced_choice_is_refused(choice):
    with pytest.raises(errors.ConfigError, match="leaves the choice"):
        make_agent().bind_tools([agent_tools.code_exec_python()], tool_choice=choice)


def test_structured_output_is_refused_with_what_to_use_instead():
    with pytest.raises(errors.ConfigError, match=r"StrOutputParser\(\) \| ChatHeroku"):
        make_agent().with_structured_output(Number)


# Shown, copied, dumped


def test_a_dump_is_loaded_back_where_it_is_allowed(monkeypatch):
    agent = make_agent(temperature=0.5, tools=["code_exec_python"], stop=["x"])
    monkeypatch.setenv("INFERENCE_KEY", KEY)
    allowed = {
        "allowed_objects": [ChatHerokuAgent],
        "valid_namespaces": ["langchain_heroku"],
        "secrets_from_env": True,
    }
    assert KEY not in dumps(agent)
    assert load(dumpd(agent), **allowed) == agent
    assert loads(dumps(agent), **allowed) == agent


def test_the_profile_is_that_of_the_model():
    assert make_agent().profile["max_input_tokens"]
    assert make_agent().get_num_tokens("Why is the sky blue?") == 7


# A tool of another agent


@pytest.mark.parametrize("way", ["invoke", "ainvoke"])
async def test_another_agent_has_a_task_done(emulator, config_vars, way):
    agent = ChatHerokuAgent(tools=["code_exec_python"])
    analyst = agent.as_tool(name="analyst", description="Counts.")
    emulator.script(CallTools([("analyst", {"task": "How much is 6*7?"})]))
    emulator.script(*RUN)
    emulator.script(Say("The analyst says 42."))
    graph = create_agent(ChatHeroku(), [analyst, add])
    question = {"messages": [HumanMessage("Ask the analyst.")]}
    state = graph.invoke(question) if way == "invoke" else await graph.ainvoke(question)
    (result,) = (m for m in state["messages"] if isinstance(m, ToolMessage))
    assert result.content == "It is 42."
    assert result.artifact.content_blocks[1]["type"] == "server_tool_call"
    assert state["messages"][-1].text == "The analyst says 42."
    first, run, last = emulator.journal
    assert first.body["tools"][0]["function"]["name"] == "analyst"
    assert first.body["tools"][0]["function"]["description"] == "Counts."
    assert list(first.body["tools"][0]["function"]["parameters"]["properties"]) == ["task"]
    assert run.body["messages"] == [{"role": "user", "content": "How much is 6*7?"}]
    assert last.body["messages"][-1]["content"] == "It is 42."


def test_the_tool_describes_the_agents_tools_by_default(emulator, config_vars):
    made = ChatHerokuAgent(tools=["code_exec_python"]).as_tool()
    assert made.name == "heroku_agent"
    assert "code_exec_python" in made.description
    emulator.script(Say("Yes.", path=PATH))
    assert pickle.loads(pickle.dumps(made)).invoke({"task": "Hello"}) == "Yes."


def test_a_failing_agent_fails_its_tool(emulator, config_vars):
    made = ChatHerokuAgent(tools=["code_exec_python"]).as_tool()
    emulator.script(Fault(401))
    with pytest.raises(errors.AuthenticationError):
        made.invoke({"task": "Hello"})


def test_callbacks_of_the_caller_see_the_run_inside_the_tool(emulator, config_vars):
    from langchain_core.callbacks import UsageMetadataCallbackHandler

    counter = UsageMetadataCallbackHandler()
    emulator.script(CallTools([("code_exec_python", {})], path=PATH), ToolResult("1"))
    emulator.script(Say("One.", path=PATH))
    made = ChatHerokuAgent(tools=["code_exec_python"]).as_tool()
    made.invoke({"task": "Hello"}, {"callbacks": [counter]})
    assert counter.usage_metadata["claude-4-5-sonnet"]["total_tokens"]


def test_other_arguments_of_the_tool_are_refused():
    with pytest.raises(errors.ConfigError, match="takes only the argument task"):
        make_agent().as_tool(Number)
    with pytest.raises(errors.ConfigError, match="takes only the argument task"):
        make_agent().as_tool(arg_types={"x": int})
