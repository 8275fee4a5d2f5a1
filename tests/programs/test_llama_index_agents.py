"""LlamaIndex's `AgentWorkflow`: agents that hand a task to each other.

Annotations are not postponed here: LlamaIndex would not know a tool's `Context`.
"""

import json

import pytest
from llama_index.core.agent.workflow import AgentWorkflow, FunctionAgent, ReActAgent
from llama_index.core.workflow import Context, JsonPickleSerializer

from heroku_emulator import CallTools, Say

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of workflows

STORED = JsonPickleSerializer()
HANDOFF = CallTools([("handoff", {"to_agent": "writer", "reason": "The facts are there."})])


async def population(city: str) -> str:
    """Look up the population of a city."""
    return f"{city}: 522,250"


async def store_note(context: Context, text: str) -> str:
    """Store a note."""
    async with context.store.edit_state() as state:
        state["state"]["note"] = text
    return "stored"


@pytest.mark.parametrize("streaming", [True, False], ids=["streamed", "plain"])
async def test_one_agent_hands_over_to_another(llm, script, sent, streaming):
    researcher = FunctionAgent(
        name="researcher",
        description="Looks things up.",
        system_prompt="You look things up.",
        tools=[population],
        llm=llm(),
        can_handoff_to=["writer"],
        streaming=streaming,
    )
    writer = FunctionAgent(
        name="writer",
        description="Writes notes.",
        system_prompt="You write notes.",
        tools=[store_note],
        llm=llm(),
        streaming=streaming,
    )
    team = AgentWorkflow(
        agents=[researcher, writer], root_agent="researcher", initial_state={"note": ""}
    )
    script(
        CallTools([("population", {"city": "Lyon"})], text="I look it up."),
        HANDOFF,
        CallTools([("store_note", {"text": "522,250"})]),
        Say("I noted it."),
        Say("As I said."),
    )
    context = Context(team)
    output = await team.run("Note how many people live in Lyon.", ctx=context)
    assert (str(output), output.current_agent_name) == ("I noted it.", "writer")
    assert (await context.store.get("state"))["note"] == "522,250"
    stored = json.loads(json.dumps(context.to_dict(STORED)))
    again = await team.run("Sure?", ctx=Context.from_dict(team, stored, STORED))
    assert str(again) == "As I said."
    agents = ["write notes" if "You write notes." in text else "look up" for text in sent()]
    assert agents[:4] == ["look up", "look up", "write notes", "write notes"]
    assert "The facts are there." in sent()[2]


async def test_an_agent_that_reasons_in_words_hands_over(llm, script, sent):
    reasoner = ReActAgent(
        name="reasoner", description="Reasons.", tools=[population], llm=llm(), streaming=False
    )
    writer = FunctionAgent(
        name="writer", description="Writes notes.", tools=[store_note], llm=llm()
    )
    script(
        Say('Thought: I look.\nAction: population\nAction Input: {"city": "Lyon"}'),
        Say(
            "Thought: Now the writer.\nAction: handoff\n"
            'Action Input: {"to_agent": "writer", "reason": "The facts are there."}'
        ),
        CallTools([("store_note", {"text": "522,250"})]),
        Say("I noted it."),
    )
    team = AgentWorkflow(
        agents=[reasoner, writer], root_agent="reasoner", initial_state={"note": ""}
    )
    assert str(await team.run("Note how many people live in Lyon.")) == "I noted it."
    assert "Lyon: 522,250" in sent()[1]


async def test_agents_are_tools_of_another(llm, script, sent):
    expert = FunctionAgent(tools=[population], llm=llm(), system_prompt="You look things up.")

    async def ask_the_expert(question: str) -> str:
        """Ask somebody who looks things up."""
        return str(await expert.run(question))

    script(
        CallTools([("ask_the_expert", {"question": "Lyon?"})]),
        CallTools([("population", {"city": "Lyon"})]),
        Say("522,250."),
        Say("The expert says 522,250."),
    )
    lead = FunctionAgent(tools=[ask_the_expert], llm=llm(), system_prompt="")
    assert str(await lead.run("How many people live in Lyon?")) == "The expert says 522,250."
    assert "522,250." in sent()[-1]
