"""The interpreter of a contender: this one, or that of a separate environment."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

__all__ = ["MissingEnvironmentError", "python_of"]

_PEERS: Final = Path(__file__).parents[1] / ".venv-peers"
_PYTHON: Final = ("Scripts", "python.exe") if sys.platform == "win32" else ("bin", "python")
_OWN: Final = {"llama_index_peer": _PEERS}  # needs openai 2; ours has 3


class MissingEnvironmentError(Exception):
    """The contender's environment is missing."""


def python_of(contender: str) -> str:
    """Returns the path of the interpreter.

    Raises:
        MissingEnvironmentError: The contender needs an environment that is missing.
    """
    environment = _OWN.get(contender)
    if environment is None:
        return sys.executable
    python = environment.joinpath(*_PYTHON)
    if not python.exists():
        raise MissingEnvironmentError(f"{environment.name} is missing: run `make bench-peers`")
    return str(python)
