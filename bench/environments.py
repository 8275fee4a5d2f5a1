"""The interpreter of a contender: this one, or that of a separate environment."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Final

from bench.outcome import SkippedError

__all__ = ["python_of", "versions"]

_ROOT: Final = Path(__file__).parents[1]
_PYTHON: Final = ("Scripts", "python.exe") if sys.platform == "win32" else ("bin", "python")
_PEERS: Final = (".venv-peers", "make bench-peers")
# These need openai 2 where ours has 3, or packages that we do not lock.
_OWN: Final = {
    "langchain_cohere": _PEERS,
    "llama_index_cohere": _PEERS,
    "llama_index_peer": _PEERS,
    "pydantic_ai_heroku": (".venv-foreign", "make foreign"),
    "heroku_ray": (".venv-ray", "make ray"),
}
_VERSIONS: Final = """
import importlib.metadata, json, sys
found = {each.metadata["Name"]: each.version for each in importlib.metadata.distributions()}
print(json.dumps({name: found[name] for name in sys.argv[1:] if name in found}))
"""


def python_of(contender: str) -> str:
    """Returns the path of the interpreter.

    Raises:
        SkippedError: The contender needs an environment that is missing.
    """
    if contender not in _OWN:
        return sys.executable
    environment, target = _OWN[contender]
    python = _ROOT.joinpath(environment, *_PYTHON)
    if not python.exists():
        raise SkippedError(f"{environment} is missing: run `{target}`")
    return str(python)


def versions(contender: str, packages: tuple[str, ...]) -> dict[str, str]:
    """Returns the versions of those packages that are installed beside a contender."""
    try:
        command = [python_of(contender), "-c", _VERSIONS, *packages]
    except SkippedError:
        return {}
    return dict(json.loads(subprocess.run(command, capture_output=True, check=True).stdout))
