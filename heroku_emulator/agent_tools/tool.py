"""A tool as an agent's run sees it: its description for the model, and how to run it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

__all__ = [
    "NO_ARGUMENTS",
    "Job",
    "Kind",
    "Outcome",
    "Tool",
    "failure",
    "one_text_schema",
    "truncate",
]

NO_ARGUMENTS: dict[str, Any] = {"type": "object", "properties": {}}
"""The schema of a tool without arguments."""

_MOST_CHARACTERS = 100_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a tool returned."""

    text: str
    is_error: bool = False
    parts: tuple[dict[str, Any], ...] | None = None
    """Parts of the MCP result, unless it is one text."""

    def as_mcp(self) -> dict[str, Any]:
        """Returns the result as MCP has it (docs: working with MCP)."""
        parts = [{"type": "text", "text": self.text}] if self.parts is None else [*self.parts]
        return {"content": parts, "isError": self.is_error}


def failure(reason: str) -> Outcome:
    """Returns the outcome of a tool that failed."""
    return Outcome(reason, is_error=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """How to run a tool: what the request and the `Emulator` say about it."""

    seconds: int = 120
    """`ttl_seconds`: how long it may take."""
    params: Mapping[str, Any] = field(default_factory=dict)
    """`tool_params`."""
    run_code: bool = False
    """Whether code of models may run on this machine."""
    database_url: str | None = field(default=None, repr=False)
    """The database that every attachment name leads to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One of Heroku's own tools (docs: Heroku tools)."""

    description: str
    run: Callable[[dict[str, Any], Job], Awaitable[Outcome]]
    """Runs it with the model's arguments. Errors are outcomes, not exceptions."""
    parameters: Mapping[str, Any] = field(default_factory=lambda: NO_ARGUMENTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """One entry of a request's `tools`, ready to run."""

    name: str
    """What the model calls it."""
    shown: str
    """What the answer calls it: MCP tools with their namespace, `mcp-python/code_exec_python`."""
    run: Callable[[dict[str, Any]], Awaitable[Outcome]] = field(repr=False)
    description: str = ""
    parameters: Mapping[str, Any] = field(default_factory=lambda: NO_ARGUMENTS)
    is_mcp: bool = False
    max_calls: int = 3

    def as_function(self) -> dict[str, Any]:
        """Returns the tool as chat completions have it, for the engine."""
        function = {
            "name": self.name,
            "description": self.description or self.name,
            "parameters": dict(self.parameters),
        }
        return {"type": "function", "function": function}


def one_text_schema(name: str, description: str) -> dict[str, Any]:
    """Returns the schema of a tool that takes one text."""
    properties = {name: {"type": "string", "description": description}}
    return {"type": "object", "properties": properties, "required": [name]}


def truncate(text: str, most: int = _MOST_CHARACTERS) -> str:
    """Returns the text, or its beginning and a note on what is missing."""
    if len(text) <= most:
        return text
    return f"{text[:most]}\n\n[cut: the first {most} of {len(text)} characters]"
