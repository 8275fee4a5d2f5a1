"""An agent that thinks between its tool calls, and shows its thoughts.

    python examples/thinking_with_tools.py "Which models think, and in which regions?"
    python examples/thinking_with_tools.py --framework llama-index --budget 4000

The agent looks a question up in the pages in `examples/docs`: it searches, reads a page and
answers. Claude asks for its thinking back with the results of its tools, and with its signature.
Only Heroku's Messages endpoint takes it, so the models here are ChatHerokuMessages (LangChain) and
HerokuMessages (LlamaIndex). Everything else is as in an agent without thinking.

Config vars come from the environment or from `.env`. With INFERENCE_KEY and INFERENCE_URL this
calls Heroku, otherwise a local emulator, which refuses the second turn if thinking is missing.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dotenv import load_dotenv
from retrieval.interrupts import finish, leave_on_interrupt
from rich.console import Console
from rich.markup import escape

from heroku_inference import ConfigError, HerokuError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

PAGES = {
    page.stem: page.read_text(encoding="utf-8")
    for page in sorted((Path(__file__).parent / "docs").iterdir())
    if page.suffix in {".md", ".txt"}
}
QUESTION = "How many requests per minute do Claude Sonnet models allow?"
INSTRUCTIONS = (
    "You must call search_pages, then call read_page with the name of a page that it found, and "
    "answer from that page alone."
)
SHOWN = 300  # characters of a tool result

Step = tuple[str, str]
"""What happened (`thinking`, `call`, `result` or `answer`), and its text."""


def search_pages(words: str) -> str:
    """Find pages that have these words; gives their names, the best first."""
    wanted = set(_words(words))
    hits = Counter({name: sum(w in wanted for w in _words(text)) for name, text in PAGES.items()})
    return ", ".join(f'"{name}"' for name, count in hits.most_common(3) if count) or "none"


def read_page(name: str) -> str:
    """Read the page of this name."""
    found = [page for page in PAGES if page in name] or [f"no page {name!r}"]
    return PAGES.get(found[0], found[0])


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the example; returns the exit code: 2 for a mistake that the user can correct."""
    out, notes = Console(highlight=False, soft_wrap=True), Console(stderr=True, soft_wrap=True)
    load_dotenv(".env")
    options = parse(arguments)
    try:
        with ExitStack() as resources:
            asyncio.run(show(options, server(resources, notes), out))
    except (ConfigError, HerokuError) as error:
        notes.print(f"[bold red]Error:[/bold red] {escape(str(error))}")
        return 2 if isinstance(error, ConfigError) else 1
    return 0


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Reads the command line."""
    usage, _, details = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        description=usage, epilog=details, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("question", nargs="?", metavar="QUESTION", default=QUESTION)
    parser.add_argument("--framework", choices=sorted(AGENTS), default="langchain")
    parser.add_argument("--budget", type=int, default=2000, help="tokens to think, 1024 or more")
    parser.add_argument("--model", help="a Claude model's id (default: INFERENCE_MODEL_ID)")
    return parser.parse_args(arguments)


def server(resources: ExitStack, notes: Console) -> dict[str, Any]:
    """Gives the model's arguments: for Heroku, or for an emulator when there is no key."""
    # An application reads its own config vars; the library reads those of its add-on.
    if os.environ.get("INFERENCE_KEY"):  # noqa: TID251
        return {}
    # Imported here, so that people with a key need not install the emulator.
    from heroku_emulator import Emulator  # noqa: PLC0415

    emulator = resources.enter_context(Emulator())
    notes.print("[dim]INFERENCE_KEY is not set: using a local emulator[/dim]")
    model = emulator.config_vars["INFERENCE_MODEL_ID"]
    return {"api_key": emulator.api_key, "base_url": emulator.url, "model": model}


async def show(options: argparse.Namespace, connection: dict[str, Any], out: Console) -> None:
    """Asks the agent and prints each step when it is done."""
    model = {"extended_thinking": options.budget, **connection}
    if options.model:
        model["model"] = options.model
    out.print(f"[bold]{escape(options.question)}[/bold]\n")
    async for kind, text in AGENTS[options.framework](model, options.question):
        shown = " ".join(text.split())
        if kind == "thinking":
            out.print(f"[italic dim]{escape(shown)}[/italic dim]")
        elif kind == "call":
            out.print(f"  → [cyan]{escape(shown)}[/cyan]")
        elif kind == "result":
            cut = shown if len(shown) <= SHOWN else f"{shown[:SHOWN]}…"
            out.print(f"  ← {escape(cut)}\n")
        else:
            out.print(escape(text))


async def langchain_steps(model: dict[str, Any], question: str) -> AsyncIterator[Step]:
    """Yields the steps of LangChain's agent."""
    from langchain.agents import create_agent  # noqa: PLC0415 - only the chosen framework

    from langchain_heroku import ChatHerokuMessages  # noqa: PLC0415

    llm = ChatHerokuMessages(**model)
    agent = create_agent(llm, [search_pages, read_page], system_prompt=INSTRUCTIONS)
    asked: Any = {"messages": [{"role": "user", "content": question}]}
    async for update in agent.astream(asked, stream_mode="updates"):
        for message in (message for node in update.values() for message in node["messages"]):
            if message.type == "tool":
                yield "result", message.text
                continue
            for block in message.content_blocks:
                if block["type"] == "reasoning":
                    yield "thinking", block["reasoning"]
                elif block["type"] == "tool_call":
                    yield "call", _written(block["name"], block["args"])
                elif block["type"] == "text":
                    yield "answer", block["text"]


async def llama_index_steps(model: dict[str, Any], question: str) -> AsyncIterator[Step]:
    """Yields the steps of LlamaIndex's agent."""
    from llama_index.core.agent.workflow import (  # noqa: PLC0415 - only the chosen framework
        AgentOutput,
        FunctionAgent,
        ToolCallResult,
    )
    from llama_index.core.base.llms.types import (  # noqa: PLC0415
        TextBlock,
        ThinkingBlock,
        ToolCallBlock,
    )

    from llama_index_heroku import HerokuMessages  # noqa: PLC0415

    llm = HerokuMessages(**model)
    agent = FunctionAgent(tools=[search_pages, read_page], llm=llm, system_prompt=INSTRUCTIONS)
    run = agent.run(question)
    async for event in run.stream_events():
        if isinstance(event, ToolCallResult):
            yield "result", str(event.tool_output)
        if not isinstance(event, AgentOutput):
            continue
        for block in event.response.blocks:
            if isinstance(block, ThinkingBlock):
                yield "thinking", block.content or ""
            elif isinstance(block, ToolCallBlock):
                yield "call", _written(block.tool_name, block.tool_kwargs)
            elif isinstance(block, TextBlock):
                yield "answer", block.text
    await run


AGENTS = {"langchain": langchain_steps, "llama-index": llama_index_steps}


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z]+", text.lower())


def _written(name: str, arguments: dict[str, Any] | str) -> str:
    if isinstance(arguments, str):  # not valid JSON, so the tool does not run
        return f"{name}({arguments})"
    return f"{name}({', '.join(f'{key}={value!r}' for key, value in arguments.items())})"


if __name__ == "__main__":
    leave_on_interrupt()
    finish(main())
