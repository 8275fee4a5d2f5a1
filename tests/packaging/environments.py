"""Fresh environments for what is released, with the versions of `requirements/dev.txt`."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
_PIN = re.compile(r"^(\S+==\S+(?: ; .*?)?) \\$", flags=re.MULTILINE)


def pins() -> str:
    """The versions of `requirements/dev.txt`, as constraints."""
    return "\n".join(_PIN.findall((ROOT / "requirements" / "dev.txt").read_text("utf-8")))


def run(*command: object, **options: Any) -> str:
    """Runs a command; what it printed is in the error if it fails."""
    words = [str(word) for word in command]
    done = subprocess.run(
        words, capture_output=True, text=True, timeout=900, check=False, **options
    )
    assert done.returncode == 0, f"{' '.join(words)}\n{done.stdout}{done.stderr}"
    return done.stdout


def make(folder: Path, machine: dict[str, str]) -> Path:
    """Makes an empty environment in the folder; returns its Python."""
    if uv := shutil.which("uv"):
        run(uv, "venv", "--quiet", "--clear", "--python", sys.executable, folder, env=machine)
    else:
        run(sys.executable, "-m", "venv", "--clear", folder, env=machine)
    return folder / "bin" / "python"


def install(python: Path, machine: dict[str, str], *requirements: object) -> None:
    """Installs into the environment of this Python."""
    if uv := shutil.which("uv"):
        # Copies, not links: nltk refuses to read LlamaIndex's data through a hard link.
        installer = [uv, "pip", "install", "--quiet", "--link-mode", "copy", "--python", python]
    else:
        installer = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    run(*installer, *requirements, env=machine)
