"""Agents and tools of Heroku in LlamaIndex: runs five short programs, or those that you name.

    python examples/llama_index_agents.py
    python examples/llama_index_agents.py agent image

agent  Heroku's own agent runs Python, step by step
team   a LlamaIndex agent hands off to Heroku's agent in an AgentWorkflow
tools  a LlamaIndex agent uses the tools that Heroku runs
image  a LlamaIndex agent draws a picture, and saves it here
mcp    a LlamaIndex agent uses the tools of your MCP servers on Heroku

Config vars come from the environment or from `.env`. With INFERENCE_KEY and INFERENCE_URL this
calls Heroku, where one-off dynos are billed. Otherwise it calls a local emulator, which really runs
the code and the tools.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llama_index.core.agent.workflow import (
    AgentStream,
    AgentWorkflow,
    FunctionAgent,
    ToolCall,
    ToolCallResult,
)
from programs import run_programs
from retrieval.interrupts import finish, leave_on_interrupt
from rich.markup import escape

from heroku_inference.agent_tools import code_exec_python
from llama_index_heroku import (
    Heroku,
    HerokuAgent,
    HerokuImageToolSpec,
    HerokuToolSpec,
    load_mcp_tools,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console

CODE = "print(sum(number ** 2 for number in range(1, 101)))"


async def agent(connection: Mapping[str, Any], out: Console) -> None:
    """Heroku's agent works alone: each event is a finished step."""
    coder = HerokuAgent(heroku_tools=[code_exec_python(max_calls=5)], **connection)
    await show(coder, f'Run this with code_exec_python: "{CODE}"', out)


async def team(connection: Mapping[str, Any], out: Console) -> None:
    """The first agent's model decides who answers; Heroku's agent continues the conversation."""
    leader = FunctionAgent(
        name="leader",
        description="Speaks with the user.",
        tools=[],
        llm=Heroku(**connection),
        can_handoff_to=["coder"],
    )
    coder = HerokuAgent(
        name="coder",
        description="Runs Python code.",
        system_prompt="You must call code_exec_python for code that you are given.",
        heroku_tools=[code_exec_python(max_calls=5)],
        **connection,
    )
    workflow = AgentWorkflow(agents=[leader, coder], root_agent="leader")
    ask = f"The code is \"{CODE}\". Do handoff(to_agent='coder', reason='it runs code')."
    await show(workflow, ask, out)


async def tools(connection: Mapping[str, Any], out: Console) -> None:
    """Any agent can use the tools that Heroku runs; each call is one request."""
    spec = HerokuToolSpec(**connection)
    worker = FunctionAgent(
        tools=[*spec.to_tool_list(["code_exec_python"])], llm=Heroku(**connection)
    )
    await show(worker, f'Run this with code_exec_python: "{CODE}"', out)


async def image(connection: Mapping[str, Any], out: Console) -> None:
    """The agent's model sees the picture, and you find it in a file."""
    artist = FunctionAgent(
        tools=[*HerokuImageToolSpec(save_folder=".", **_place(connection)).to_tool_list()],
        llm=Heroku(**connection),
    )
    ask = "Use generate_image to draw this: 'A red fox in the snow, watercolour'"
    await show(artist, ask, out)


async def mcp(connection: Mapping[str, Any], out: Console) -> None:
    """An agent calls the tools of your MCP servers, through Heroku's toolkit."""
    deployed = await load_mcp_tools(**_place(connection))
    out.print(f"[dim]{len(deployed)} tools: {', '.join(map(_name, deployed))}[/dim]")
    clerk = FunctionAgent(tools=[*deployed], llm=Heroku(**connection))
    ask = "How many words are in 'the quick brown fox'? Use the tool for counting words."
    await show(clerk, ask, out)


PROGRAMS = {"agent": agent, "team": team, "tools": tools, "image": image, "mcp": mcp}


async def show(worker: Any, ask: str, out: Console) -> None:
    """Runs an agent or a workflow, and prints what it does."""
    handler = worker.run(user_msg=ask)
    async for event in handler.stream_events():
        match event:
            case AgentStream(delta=words):
                out.print(words, end="", markup=False)
            case ToolCall(tool_name=name, tool_kwargs=arguments):
                out.print(f"[yellow]→ {escape(name)}[/yellow] {escape(str(arguments))}")
            case ToolCallResult(tool_output=output):
                colour = "red" if output.is_error else "green"
                out.print(f"[{colour}]← {escape(output.content.strip())}[/{colour}]")
    await handler
    out.print()


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the example; returns the exit code."""
    return run_programs(__doc__, PROGRAMS, arguments)


def _place(connection: Mapping[str, Any]) -> dict[str, Any]:
    """Key and URL of a standard plan open all models; the one for chat is not meant here."""
    return {name: value for name, value in connection.items() if name != "model"}


def _name(tool: Any) -> str:
    return str(tool.metadata.name)


if __name__ == "__main__":
    leave_on_interrupt()
    finish(main())
