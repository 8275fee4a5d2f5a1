"""Agents and tools of Heroku in LlamaIndex: five short programs, all of them or those you name.

    python examples/llama_index_agents.py
    python examples/llama_index_agents.py agent image

agent  Heroku's own agent runs Python for itself, step by step
team   a LlamaIndex agent hands off to Heroku's in an AgentWorkflow
tools  a LlamaIndex agent uses the tools that Heroku runs
image  a LlamaIndex agent draws a picture, and saves it here
mcp    a LlamaIndex agent uses the tools of your MCP servers on Heroku

Config vars, from the environment or from `.env`: with INFERENCE_KEY and INFERENCE_URL it calls
Heroku, where one-off dynos are billed; without them a local emulator, which really runs the code
and the tools.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from dotenv import load_dotenv
from llama_index.core.agent.workflow import (
    AgentStream,
    AgentWorkflow,
    FunctionAgent,
    ToolCall,
    ToolCallResult,
)
from rich.console import Console
from rich.markup import escape

from heroku_inference import ConfigError, HerokuError
from heroku_inference.agent_tools import code_exec_python
from llama_index_heroku import (
    Heroku,
    HerokuAgent,
    HerokuImageToolSpec,
    HerokuToolSpec,
    load_mcp_tools,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

CODE = "print(sum(number ** 2 for number in range(1, 101)))"


async def agent(connection: Mapping[str, Any], out: Console) -> None:
    """Heroku's agent works alone: each event is a step that is done."""
    coder = HerokuAgent(heroku_tools=[code_exec_python(max_calls=5)], **connection)
    await show(coder, f'Run this with code_exec_python: "{CODE}"', out)


async def team(connection: Mapping[str, Any], out: Console) -> None:
    """The first agent's model decides who answers; Heroku's agent goes on with the conversation."""
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
    """Any agent can use what Heroku runs; each call is one request."""
    spec = HerokuToolSpec(**connection)
    worker = FunctionAgent(
        tools=[*spec.to_tool_list(["code_exec_python"])], llm=Heroku(**connection)
    )
    await show(worker, f'Run this with code_exec_python: "{CODE}"', out)


async def image(connection: Mapping[str, Any], out: Console) -> None:
    """The agent's model is shown the picture, and you find it in a file."""
    artist = FunctionAgent(
        tools=[*HerokuImageToolSpec(save_folder=".", **_place(connection)).to_tool_list()],
        llm=Heroku(**connection),
    )
    ask = "Use generate_image to draw this: 'A red fox in the snow, watercolour'"
    await show(artist, ask, out)


async def mcp(connection: Mapping[str, Any], out: Console) -> None:
    """Tools that you deployed as MCP servers, through Heroku's toolkit."""
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
    """Runs the example; returns the exit code: 2 when the user can put right what is wrong."""
    out, notes = Console(highlight=False, soft_wrap=True), Console(stderr=True, soft_wrap=True)
    load_dotenv(".env")
    options = parse(arguments)
    try:
        with connected(options.model, notes) as connection:
            asyncio.run(run(options.programs or list(PROGRAMS), connection, out))
    except ConfigError as error:
        notes.print(f"[bold red]Error:[/bold red] {escape(str(error))}")
        return 2
    except HerokuError as error:
        notes.print(f"[bold red]Error:[/bold red] {escape(str(error))}")
        return 1
    return 0


async def run(names: Sequence[str], connection: Mapping[str, Any], out: Console) -> None:
    """Runs the programs, one after the other."""
    for name in names:
        out.print(f"\n[bold cyan]▌ {name}[/bold cyan]\n")
        await PROGRAMS[name](connection, out)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Reads the command line."""
    usage, _, details = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        description=usage, epilog=details, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("programs", nargs="*", metavar="PROGRAM", help=", ".join(PROGRAMS))
    parser.add_argument("--model", help="chat model id (default: INFERENCE_MODEL_ID)")
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.programs if name not in PROGRAMS]:
        parser.error(f"there is no program {unknown[0]!r}; there are {', '.join(PROGRAMS)}")
    return options


@contextmanager
def connected(model: str | None, notes: Console) -> Iterator[dict[str, Any]]:
    """Gives the arguments of every model: none where the config vars say it all."""
    if config_var("INFERENCE_KEY"):
        yield {"model": model} if model else {}
        return
    # Only now: whoever has a key need not install the emulator.
    from heroku_emulator import Emulator, McpServer, McpTool  # noqa: PLC0415

    schema = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
    count = McpTool(
        name="count_words",
        description="Counts the words of a text.",
        input_schema=schema,
        run=lambda text: str(len(text.split())),
    )
    with Emulator(run_code=True, mcp_servers=[McpServer("word-shop", [count])]) as emulator:
        notes.print("[dim]INFERENCE_KEY is not set: using a local emulator[/dim]")
        chosen = model or emulator.config_vars["INFERENCE_MODEL_ID"]
        yield {"api_key": emulator.api_key, "base_url": emulator.url, "model": chosen}


def config_var(name: str) -> str | None:
    """An application reads its own config vars; the library reads those of its add-on."""
    return os.environ.get(name) or None  # noqa: TID251


def _place(connection: Mapping[str, Any]) -> dict[str, Any]:
    """Key and URL of a standard plan open all models; the one for chat is not meant here."""
    return {name: value for name, value in connection.items() if name != "model"}


def _name(tool: Any) -> str:
    return str(tool.metadata.name)


if __name__ == "__main__":
    sys.exit(main())
