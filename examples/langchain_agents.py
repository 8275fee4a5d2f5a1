"""Agents and tools of Heroku in LangChain: runs four short programs, or those that you name.

    python examples/langchain_agents.py
    python examples/langchain_agents.py agent image

agent  Heroku's own agent runs Python, step by step
team   the same agent as a tool of a LangChain agent
image  a LangChain agent draws a picture, and saves it here
mcp    a LangChain agent uses the tools of your MCP servers on Heroku

Config vars come from the environment or from `.env`. With INFERENCE_KEY and INFERENCE_URL this
calls Heroku, where one-off dynos are billed. Otherwise it calls a local emulator, which really runs
the code and the tools. See `agent.py` for Heroku's agent without a framework, and
`llama_index_agents.py` for the programs with LlamaIndex.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langchain.agents import create_agent
from langchain_core.messages import HumanMessage
from programs import run_programs
from retrieval.interrupts import finish, leave_on_interrupt
from rich.markup import escape

from heroku_inference.agent_tools import code_exec_python
from langchain_heroku import ChatHeroku, ChatHerokuAgent, HerokuImageTool, load_mcp_tools

if TYPE_CHECKING:
    from collections.abc import Sequence

    from langchain_core.messages import BaseMessage
    from rich.console import Console

CODE = "print(sum(number ** 2 for number in range(1, 101)))"


def agent(connection: dict[str, Any], out: Console) -> None:
    """Heroku's agent works alone: each chunk of the stream is a finished step."""
    worker = ChatHerokuAgent(tools=[code_exec_python(max_calls=5)], **connection)
    for chunk in worker.stream(f'Run this with code_exec_python: "{CODE}"'):
        for block in chunk.content_blocks:
            show(block, out)


def team(connection: dict[str, Any], out: Console) -> None:
    """A LangChain agent gives a task to Heroku's agent, and gets the answer as a tool result."""
    worker = ChatHerokuAgent(tools=[code_exec_python(max_calls=5)], **connection)
    coder = worker.as_tool(name="coder", description="Runs Python code that is in its task.")
    leader = create_agent(ChatHeroku(**connection), [coder])
    task = f'Run this with code_exec_python: "{CODE}"'
    ask = f"Give the coder this task: '{task}'"
    show_all(leader.invoke({"messages": [HumanMessage(ask)]})["messages"], out)


def image(connection: dict[str, Any], out: Console) -> None:
    """A LangChain agent draws: its model sees the picture, and you find it in a file."""
    # Pictures have a model of their own; the key of a standard plan opens all models.
    place = {name: value for name, value in connection.items() if name != "model"}
    artist = create_agent(ChatHeroku(**connection), [HerokuImageTool(save_to=".", **place)])
    ask = "Use draw_image to draw this: 'A red fox in the snow, watercolour'"
    show_all(artist.invoke({"messages": [HumanMessage(ask)]})["messages"], out)


async def mcp(connection: dict[str, Any], out: Console) -> None:
    """A LangChain agent calls the tools of your MCP servers; these tools are asynchronous."""
    place = {name: value for name, value in connection.items() if name != "model"}
    tools = await load_mcp_tools(**place)
    out.print(f"[dim]{len(tools)} tools: {', '.join(tool.name for tool in tools)}[/dim]")
    clerk = create_agent(ChatHeroku(**connection), tools)
    ask = "How many words are in 'the quick brown fox'? Use the tool for counting words."
    state = await clerk.ainvoke({"messages": [HumanMessage(ask)]})
    show_all(state["messages"], out)


PROGRAMS = {"agent": agent, "team": team, "image": image, "mcp": mcp}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the example; returns the exit code."""
    return run_programs(__doc__, PROGRAMS, arguments)


def show_all(messages: Sequence[BaseMessage], out: Console) -> None:
    """Prints what a LangChain agent did after the question."""
    for message in messages[1:]:
        for block in message.content_blocks:
            show({"result": message.type == "tool", **block}, out)


def show(block: dict[str, Any] | Any, out: Console) -> None:
    """Prints a content block."""
    match block:
        case {"type": "text", "result": True, "text": text}:
            out.print(f"[green]← {escape(text)}[/green]")
        case {"type": "text", "text": text}:
            out.print(text, markup=False)
        case {"type": "reasoning", "reasoning": text}:
            out.print(f"[dim]{escape(text)}[/dim]")
        case {"type": "tool_call" | "server_tool_call", "name": name, "args": arguments}:
            out.print(f"[yellow]→ {escape(name)}[/yellow] {escape(str(arguments))}")
        case {"type": "server_tool_result", "status": status, "output": output}:
            colour = "green" if status == "success" else "red"
            out.print(f"[{colour}]← {escape(str(output).strip())}[/{colour}]")
        case {"type": "image", "mime_type": kind}:
            out.print(f"[green]← a picture ({escape(kind)})[/green]")


if __name__ == "__main__":
    leave_on_interrupt()
    finish(main())
