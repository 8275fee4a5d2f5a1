"""Gives a task to one of Heroku's agents, with tools that Heroku runs for it.

    python examples/agent.py 'Run "print(2 ** 64)" with code_exec_python'
    python examples/agent.py --app my-app --database HEROKU_POSTGRESQL_COBALT "Which tables have I?"

The agent runs Python, and queries a follower database if you name the app and the database's
attachment. Each step is shown as soon as it is done. Without a task, the agent gets three.

Config vars come from the environment or from `.env`. With INFERENCE_KEY and INFERENCE_URL this
calls Heroku, where one-off dynos are billed. Otherwise it calls a local emulator, which really runs
the code and the queries: on the database of DATABASE_URL, or on one of its own in `.rag/`.

This needs only `heroku_inference`, without a framework.
"""

from __future__ import annotations

import argparse
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from dotenv import load_dotenv
from retrieval.interrupts import finish, leave_on_interrupt
from rich.console import Console
from rich.markup import escape
from rich.panel import Panel

from heroku_inference import AgentMessage, Client, ConfigError, HerokuError, agent_tools

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from heroku_inference import AgentStep, AgentTool

CODE = "import hashlib; print(hashlib.sha256(b'Heroku Rocks').hexdigest())"
QUERY = "SELECT app, count(*) AS releases FROM releases GROUP BY app ORDER BY app"
TASKS = (
    f'Run this with code_exec_python: "{CODE}"',
    "Which tables does my database have? Use postgres_get_schema.",
    f'Tell me with postgres_run_query what this says: "{QUERY}"',
)
SAMPLE = """
CREATE TABLE IF NOT EXISTS releases (app text, version int, PRIMARY KEY (app, version));
INSERT INTO releases VALUES ('shop', 1), ('shop', 2), ('blog', 1) ON CONFLICT DO NOTHING;
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the example; returns the exit code: 2 for a mistake that the user can correct."""
    out, notes = Console(highlight=False, soft_wrap=True), Console(stderr=True, soft_wrap=True)
    load_dotenv(".env")
    options = parse(arguments)
    try:
        with agent(options, notes) as (client, tools):
            for task in [options.task] if options.task else TASKS:
                run(client, task, tools, out)
    except ConfigError as error:
        notes.print(f"[bold red]Error:[/bold red] {escape(str(error))}")
        return 2
    except HerokuError as error:
        # The steps before the error have been shown already; `error.steps` has them too.
        notes.print(f"[bold red]Error:[/bold red] {escape(str(error))}")
        return 1
    return 0


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Reads the command line."""
    usage, _, details = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        description=usage, epilog=details, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("task", nargs="?", metavar="TASK", help="what the agent should do")
    parser.add_argument("--app", help="the app that add-on and database are attached to")
    parser.add_argument("--database", metavar="ATTACHMENT", help="its follower database")
    parser.add_argument("--model", help="chat model id (default: INFERENCE_MODEL_ID)")
    return parser.parse_args(arguments)


@contextmanager
def agent(options: argparse.Namespace, notes: Console) -> Iterator[tuple[Client, list[AgentTool]]]:
    """Gives a client of Heroku, or of an emulator when there is no key, and the agent's tools."""
    tools = [agent_tools.code_exec_python(max_calls=5)]
    if config_var("INFERENCE_KEY"):
        if options.app and options.database:
            tools += database_tools(options.app, options.database)
        yield Client(model=options.model), tools
        return
    # Imported here, so that people with a key need not install the emulator.
    from heroku_emulator import Emulator  # noqa: PLC0415

    with database() as url, Emulator(run_code=True, database_url=url) as emulator:
        notes.print("[dim]INFERENCE_KEY is not set: using a local emulator[/dim]")
        model = options.model or emulator.config_vars["INFERENCE_MODEL_ID"]
        client = Client(api_key=emulator.api_key, base_url=emulator.url, model=model)
        yield client, tools + database_tools("my-app", "HEROKU_POSTGRESQL_COBALT")


def database_tools(app: str, attachment: str) -> list[AgentTool]:
    """Gives the tools with which the agent reads a database."""
    return [
        agent_tools.postgres_get_schema(app, attachment),
        agent_tools.postgres_run_query(app, attachment, max_calls=10),
    ]


@contextmanager
def database() -> Iterator[str]:
    """Gives the address of your database, or of one with a sample table in it."""
    if url := config_var("DATABASE_URL"):
        yield url
        return
    import psycopg  # noqa: PLC0415 - as above
    from retrieval.database import database as own_database  # noqa: PLC0415

    with own_database(None, Path(".rag")) as address:
        with psycopg.connect(address) as connection:
            connection.execute(SAMPLE)
        yield address


def run(client: Client, task: str, tools: list[AgentTool], out: Console) -> None:
    """Shows a task, and each step of the agent when it is done."""
    out.print(f"\n[bold cyan]▌ {escape(task)}[/bold cyan]\n")
    for step in client.stream_agent([{"role": "user", "content": task}], tools=tools):
        show(step, out)


def show(step: AgentStep, out: Console) -> None:
    """Prints a step: what the agent says, which tools it calls, what a tool returns."""
    if not isinstance(step, AgentMessage):
        colour = "red" if step.is_error else "green"
        panel = Panel(escape(step.text), title=escape(step.name), border_style=colour)
        out.print(panel, soft_wrap=False)
        return
    if step.text:
        out.print(step.text, markup=False)
    for call in step.tool_calls:
        out.print(f"[yellow]→ {escape(call.name)}[/yellow] {escape(call.arguments)}")


def config_var(name: str) -> str | None:
    """Reads a config var of this application; the library reads those of its add-on."""
    return os.environ.get(name) or None  # noqa: TID251


if __name__ == "__main__":
    leave_on_interrupt()
    finish(main())
