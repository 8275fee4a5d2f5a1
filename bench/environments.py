"""The interpreter of a contender: this one, or that of a separate environment."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

__all__ = ["MissingEnvironmentError", "python_of"]

_ROOT: Final = Path(__file__).parents[1]
_PYTHON: Final = ("Scripts", "python.exe") if sys.platform == "win32" else ("bin", "python")
# These need openai 2; ours has 3.
_OWN: Final = {
    "llama_index_peer": (".venv-peers", "make bench-peers"),
    "pydantic_ai_heroku": (".venv-foreign", "make foreign"),
}


class MissingEnvironmentError(Exception):
    """The contender's environment is missing."""


def python_of(contender: str) -> str:
    """Returns the path of the interpreter.

    Raises:
        MissingEnvironmentError: The contender needs an environment that is missing.
    """
    if contender not in _OWN:
        return sys.executable
    environment, target = _OWN[contender]
    python = _ROOT.joinpath(environment, *_PYTHON)
    if not python.exists():
        raise MissingEnvironmentError(f"{environment} is missing: run `{target}`")
    return str(python)
