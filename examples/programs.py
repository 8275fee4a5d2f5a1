"""Runs the short programs of an example: on Heroku, or on a local emulator without config vars."""

from __future__ import annotations

import argparse
import asyncio
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from dotenv import load_dotenv
from rich.console import Console
from rich.markup import escape

from heroku_inference import ConfigError, HerokuError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence

    Program = Callable[[dict[str, Any], Console], Coroutine[Any, Any, None] | None]

__all__ = ["run_programs"]


def run_programs(
    description: str | None, programs: Mapping[str, Program], arguments: Sequence[str] | None
) -> int:
    """Runs the programs that the command line names, or all; returns the exit code.

    The code is 2 for a mistake that the user can correct. Each program gets the arguments that all
    models share, and the console to print to.
    """
    out, notes = Console(highlight=False, soft_wrap=True), Console(stderr=True, soft_wrap=True)
    load_dotenv(".env")
    options = parse(description or "", programs, arguments)
    try:
        with connected(options.model, notes) as connection:
            for name in options.programs or programs:
                out.print(f"\n[bold cyan]▌ {name}[/bold cyan]\n")
                if awaited := programs[name](connection, out):
                    asyncio.run(awaited)
    except ConfigError as error:
        notes.print(f"[bold red]Error:[/bold red] {escape(str(error))}")
        return 2
    except HerokuError as error:
        notes.print(f"[bold red]Error:[/bold red] {escape(str(error))}")
        return 1
    return 0


def parse(
    description: str, programs: Mapping[str, Program], arguments: Sequence[str] | None
) -> argparse.Namespace:
    """Reads the command line."""
    usage, _, details = description.partition("\n\n")
    parser = argparse.ArgumentParser(
        description=usage, epilog=details, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("programs", nargs="*", metavar="PROGRAM", help=", ".join(programs))
    parser.add_argument("--model", help="chat model id (default: INFERENCE_MODEL_ID)")
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.programs if name not in programs]:
        parser.error(f"there is no program {unknown[0]!r}; there are {', '.join(programs)}")
    return options


@contextmanager
def connected(model: str | None, notes: Console) -> Iterator[dict[str, Any]]:
    """Gives the arguments that all models share: none if the config vars are set."""
    # An application reads its own config vars; the library reads those of its add-on.
    if os.environ.get("INFERENCE_KEY"):  # noqa: TID251
        yield {"model": model} if model else {}
        return
    # Imported here, so that people with a key need not install the emulator.
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
