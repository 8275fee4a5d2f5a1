"""Warnings that point at the user's own line, however deep the library noticed."""

from __future__ import annotations

import inspect
import warnings

__all__ = ["warn_caller", "warn_caller_once"]

# These stand between the user and us: a warning that points into them helps nobody.
_BETWEEN = frozenset(
    {
        "anthropic",
        "heroku_inference",
        "langchain",
        "langchain_anthropic",
        "langchain_classic",
        "langchain_core",
        "langchain_heroku",
        "langgraph",
        "llama_index",
        "llama_index_heroku",
        "llama_index_instrumentation",
        "openai",
        "workflows",  # LlamaIndex's
    }
)


def warn_caller(message: str) -> None:
    """Warn (`UserWarning`) at the first line outside of this library, frameworks and SDKs."""
    level = 1
    frame = inspect.currentframe()
    while frame is not None and _package(frame.f_globals) in _BETWEEN:
        frame = frame.f_back
        level += 1
    warnings.warn(message, UserWarning, stacklevel=level)


_given: set[tuple[str, ...]] = set()


def warn_caller_once(message: str, *, key: tuple[str, ...]) -> None:
    """Warn as `warn_caller` does, but only once in a process for each `key`."""
    if key not in _given:
        _given.add(key)
        warn_caller(message)


def _package(module_globals: dict[str, object]) -> str:
    return str(module_globals.get("__name__", "")).partition(".")[0]
