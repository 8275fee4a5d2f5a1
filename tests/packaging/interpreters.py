"""Finds the Pythons that are supported: on PATH, among pyenv's, among uv's.

`python tests/packaging/interpreters.py` prints `3.11=/path/to/python`, a line each, and says on
stderr which are not here; with `--lowest`, only the path of the lowest.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

VERSIONS: Final = ("3.11", "3.12", "3.13")
# Asked of each candidate: pyenv's shims are there for versions that are not chosen, and some
# systems leave out what makes environments.
QUESTION: Final = "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])"


def find(version: str) -> str | None:
    """Returns the path of this version's interpreter, or None."""
    return next(
        (path for path in _candidates(version) if _said(path, "-c", QUESTION) == version), None
    )


def _candidates(version: str) -> Iterator[str]:
    if path := shutil.which(f"python{version}"):
        yield path
    if pyenv := shutil.which("pyenv"):
        versions = Path(_said(pyenv, "root")) / "versions"
        yield from sorted(map(str, versions.glob(f"{version}.*/bin/python")), reverse=True)
    if uv := shutil.which("uv"):
        yield _said(uv, "python", "find", "--system", "--no-python-downloads", version)


def _said(*command: str) -> str:
    """What a command prints, or nothing if it cannot."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def main(arguments: list[str]) -> int:
    found = {version: path for version in VERSIONS if (path := find(version))}
    for version in VERSIONS:
        if version not in found and "--lowest" not in arguments:
            sys.stderr.write(f"Python {version} is not here: skipped\n")
    lines = [f"{version}={path}" for version, path in found.items()]
    if "--lowest" in arguments:
        lines = list(found.values())[:1]
    sys.stdout.writelines(f"{line}\n" for line in lines)
    return 0 if found else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
