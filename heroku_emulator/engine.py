"""The interface between the server and the engine that answers.

The server owns the wire (validation, limits, stop sequences, streaming, usage); an engine only
turns a validated request into content.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

__all__ = ["Answer", "Engine"]


@dataclass(frozen=True, slots=True)
class Answer:
    """One turn of a chat engine."""

    text: str = ""
    """The answer's text; it can be empty beside tool calls."""

    tool_calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """`(tool name, arguments)` of each call, in order; the server makes the call ids."""

    reasoning: str | None = None
    """The thinking behind the answer; sent only if the request asks for it."""

    finish_reason: str | None = None
    """`stop`, `length` or `content_filter`; `None` lets the server decide."""


@runtime_checkable
class Engine(Protocol):
    """A source of vectors, scores and answers.

    The server calls an engine from worker threads, several at a time: methods must be thread-safe.
    An exception becomes a status 500 with the exception's class name.
    """

    name: str
    """The engine's name on the start line, for example `deterministic`."""

    def embed(self, texts: list[str], input_type: str) -> list[list[float]]:
        """Returns one unit vector of 1024 numbers for each text, in order."""
        ...

    def rerank(self, query: str, documents: list[str]) -> list[float]:
        """Returns the relevance of each document to the query, 0 to 1, in the documents' order."""
        ...

    def chat(self, request: dict[str, Any]) -> Answer:
        """Answers a validated chat completions request body.

        The engine may ignore `stop` and `max_tokens`: the server applies both to its text.
        """
        ...

    def count_tokens(self, text: str) -> int:
        """Returns how many tokens `text` is billed as; at least 1 for text that is not empty."""
        ...
