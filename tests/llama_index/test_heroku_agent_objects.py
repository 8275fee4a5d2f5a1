"""`HerokuAgent` as an object: its arguments, its secrets, and how it is copied and stored."""

from __future__ import annotations

import pickle

import httpx
import pytest
from llama_index.core import Settings
from llama_index.core.agent.workflow import BaseWorkflowAgent
from llama_index.core.llms.mock import MockLLM
from pydantic import BaseModel

from heroku_inference import AgentTool, ConfigError, agent_tools
from llama_index_heroku import Heroku, HerokuAgent
from tests.llama_index.heroku_agents import PATH, say

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning",  # LlamaIndex's workflows use what is deprecated
    "ignore::pydantic.PydanticDeprecationWarning",
)

KEY = "inf-a-key-that-must-not-show"
TOOLS = [agent_tools.html_to_markdown(max_calls=1)]


class Answer(BaseModel):
    """An answer."""

    text: str


def make_agent(**arguments):
    return HerokuAgent(
        **{"model": "claude-4-5-sonnet", "api_key": KEY, "base_url": "https://x.test", **arguments}
    )


def test_it_is_an_agent_of_llama_index_s_workflows():
    assert isinstance(make_agent(), BaseWorkflowAgent)
    assert (
        make_agent(name="a", description="b").name,
        make_agent(description="b").description,
    ) == ("a", "b")


def test_its_llm_is_herokus_and_not_that_of_llama_indexs_settings(config_vars):
    before = Settings._llm
    Settings._llm = MockLLM()
    try:
        agent = HerokuAgent(temperature=0.5)
    finally:
        Settings._llm = before
    assert isinstance(agent.llm, Heroku)
    assert (agent.model, agent.llm.temperature) == ("claude-4-5-sonnet", 0.5)
    assert agent.settings.base_url == config_vars["INFERENCE_URL"]


async def test_a_model_that_is_there_already_is_taken_with_its_connection(emulator):
    emulator.script(say("Hello."))
    llm = Heroku(
        model="claude-4-5-haiku",
        api_key=emulator.api_key,
        base_url=emulator.url,
        temperature=0.1,
        max_tokens=50,
        stop=["END"],
        default_headers={"x-mine": "yes"},
    )
    assert str(await HerokuAgent(llm=llm).run("Hello")) == "Hello."
    (entry,) = emulator.journal
    assert entry.headers["x-mine"] == "yes"
    assert entry.body["model"] == "claude-4-5-haiku"
    assert entry.body["max_tokens_per_inference_request"] == 50
    assert (entry.body["temperature"], entry.body["stop"]) == (0.1, ["END"])


async def test_clients_of_yours_and_another_attachment_are_used(emulator, config_vars, monkeypatch):
    emulator.script(say("Hello."))
    for name in ("KEY", "URL", "MODEL_ID"):
        monkeypatch.setenv(f"INFERENCE_TEAL_{name}", config_vars[f"INFERENCE_{name}"])
        monkeypatch.delenv(f"INFERENCE_{name}")
    async with httpx.AsyncClient(headers={"x-client": "mine"}) as client:
        await HerokuAgent(alias="INFERENCE_TEAL", async_http_client=client).run("Hello")
        assert not client.is_closed
    assert emulator.journal[-1].headers["x-client"] == "mine"


async def test_a_run_may_be_limited_in_time(emulator, config_vars):
    emulator.switch(latency=5)
    with pytest.raises(Exception, match="timed out"):
        await HerokuAgent(workflow_timeout=0.2).run("Hello")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"llm": MockLLM()}, "MockLLM"),
        ({"llm": Heroku(model="m", api_key=KEY, base_url="https://x.test")}, "Set them on the llm"),
        ({"extended_thinking": True}, "does not have extended_thinking"),
        ({"reasoning_effort": "low"}, "does not have reasoning_effort"),
        ({"parallel_tool_calls": False}, "does not have parallel_tool_calls"),
        ({"heroku_tools": [lambda: 1]}, "function"),
        ({"heroku_tools": [{"type": "function", "function": {"name": "f"}}]}, "function"),
        ({"heroku_tools": [{"name": "f"}]}, "type"),
    ],
    ids=["llm", "both", "thinking", "effort", "parallel", "callable", "function", "tool"],
)
def test_wrong_arguments_are_refused_when_the_agent_is_made(arguments, words):
    with pytest.raises(ConfigError, match=words):
        make_agent(**arguments)


async def test_a_pickle_keeps_every_argument(emulator, config_vars):
    emulator.script(*[say("Hello.")] * 2)
    agent = HerokuAgent(
        name="reader",
        system_prompt="Be brief.",
        heroku_tools=TOOLS,
        temperature=0.5,
        extra_body={"top_p": None},
        initial_state={"counter": 1},
        output_cls=None,
        streaming=False,
        verbose=False,
        workflow_timeout=20,
        default_headers={"x-mine": "yes"},
    )
    twin = pickle.loads(pickle.dumps(agent))
    assert type(twin) is HerokuAgent
    assert (twin.name, twin.streaming, twin._timeout) == ("reader", False, 20)
    assert str(await twin.run("Hello")) == "Hello."
    assert str(await agent.run("Hello")) == "Hello."
    mine, its = emulator.journal[-1], emulator.journal[-2]
    assert (mine.path, mine.body) == (PATH, its.body)
    assert its.headers["x-mine"] == "yes"


def test_a_pickle_keeps_the_class_of_the_output():
    assert pickle.loads(pickle.dumps(make_agent(output_cls=Answer))).output_cls is Answer


def test_tools_of_every_form_become_the_apis_form():
    wired = {"type": "mcp", "name": "acute-partridge/shout"}
    kept = make_agent(heroku_tools=[AgentTool(type="mcp", name="acute-partridge/shout"), wired])
    assert kept.heroku_tools == [wired, wired]
