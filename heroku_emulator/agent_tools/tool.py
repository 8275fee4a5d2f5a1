"""A tool as an agent's run sees it: what the model is told of it, and how it is run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

__all__ = ["Outcome", "Tool"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a tool returned."""

    text: str
    is_error: bool = False
    parts: tuple[dict[str, Any], ...] | None = None
    """Parts of the MCP result, where it is more than one text."""

    def as_mcp(self) -> dict[str, Any]:
        """Returns the result as MCP has it (docs: working with MCP)."""
        parts = [{"type": "text", "text": self.text}] if self.parts is None else [*self.parts]
        return {"content": parts, "isError": self.is_error}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """One entry of a request's `tools`, ready to run."""

    name: str
    """What the model calls it."""
    shown: str
    """What the answer calls it: MCP tools with their namespace, `mcp-python/code_exec_python`."""
    run: Callable[[dict[str, Any]], Awaitable[Outcome]] = field(repr=False)
    """Runs it with the model's arguments. It raises nothing: what fails is an outcome."""
    description: str = ""
    parameters: dict[str, Any] = field(default_factory=lambda: {"type": "object"})
    is_mcp: bool = False
    max_calls: int = 3

    def as_function(self) -> dict[str, Any]:
        """Returns the tool as chat completions have it, for the engine."""
        function = {
            "name": self.name,
            "description": self.description or self.name,
            "parameters": self.parameters,
        }
        return {"type": "function", "function": function}
