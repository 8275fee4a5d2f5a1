"""Engines with real models; they need the extra `demo`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from heroku_emulator.engine import Engine

__all__ = ["load_engine"]


def load_engine(name: str) -> Engine:
    """Loads the engine called `name`.

    Args:
        name: `minilm` (embeddings, rerank and an extractive reader; a fraction of a second to
            load) or `llama` (the same, with a small real language model for chat).

    Raises:
        ModuleNotFoundError: A package is missing; the message says how to install it.
        ValueError: The engine is unknown, or its model file is not the expected one.
    """
    if name == "minilm":
        return _real_engine()
    if name == "llama":
        from heroku_emulator.engines.llama import LlamaEngine  # noqa: PLC0415 - heavy: on demand

        return LlamaEngine()
    raise ValueError(
        f"There is no engine {name!r}. Choose 'deterministic', 'minilm', 'llama' or 'auto'."
    )


def _real_engine() -> Engine:
    try:
        from heroku_emulator.engines.real import RealEngine  # noqa: PLC0415 - heavy: on demand
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f'The engine minilm needs {error.name}: pip install "heroku-inference[demo]"',
            name=error.name,
        ) from error
    return RealEngine()
