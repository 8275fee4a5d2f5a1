"""The interpreter that a contender runs in: this one, or that of an environment of its own."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

__all__ = ["MissingEnvironmentError", "python_of"]

_PEERS: Final = Path(__file__).parents[1] / ".venv-peers"
_PYTHON: Final = ("Scripts", "python.exe") if sys.platform == "win32" else ("bin", "python")
_OWN: Final = {"llama_index_peer": _PEERS}  # needs openai 2, where we develop with 3


class MissingEnvironmentError(Exception):
    """The contender's own environment has not been made."""


def python_of(contender: str) -> str:
    """The path of the interpreter.

    Raises:
        MissingEnvironmentError: The contender needs an environment of its own that is not there.
    """
    environment = _OWN.get(contender)
    if environment is None:
        return sys.executable
    python = environment.joinpath(*_PYTHON)
    if not python.exists():
        raise MissingEnvironmentError(f"no {environment.name}; `make bench-peers` makes it")
    return str(python)
