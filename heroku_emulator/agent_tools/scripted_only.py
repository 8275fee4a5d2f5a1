"""The tools that do not run here: they only return what a script says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from heroku_emulator.agent_tools.tool import NO_ARGUMENTS, Kind, Outcome, failure, one_text_schema

if TYPE_CHECKING:
    from heroku_emulator.agent_tools.tool import Job

__all__ = ["DYNO_RUN_COMMAND", "code_exec", "unavailable"]


def unavailable(name: str) -> Outcome:
    """Returns the outcome of a tool that needs a script."""
    return failure(f'{name} does not run here: script what it returns, ToolResult("...")')


async def _run_command(_arguments: dict[str, Any], _job: Job) -> Outcome:
    return unavailable("dyno_run_command")


def code_exec(language: str) -> Kind:
    """Returns the tool for code in a language that is not run here."""

    async def run(_arguments: dict[str, Any], _job: Job) -> Outcome:
        return unavailable(f"code_exec_{language}")

    return Kind(
        description=f"Executes {language.title()} code and returns what it prints.",
        run=run,
        parameters=one_text_schema("code", "The code to execute."),
    )


DYNO_RUN_COMMAND = Kind(
    description="Runs a command on a one-off dyno and returns what it prints.",
    run=_run_command,
    parameters=NO_ARGUMENTS,
)
"""Its description and parameters are those of the request's `tool_params`, if it names any."""
