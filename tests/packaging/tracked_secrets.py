"""Looks for secrets in the tracked files: `tracked_secrets.py .secrets.baseline`.

The baseline holds the made-up ones, by their hashes. To add one that you have looked at, run
`.venv/bin/detect-secrets scan --baseline .secrets.baseline`.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

# Heroku's keys, of which detect-secrets knows none: of an add-on, and of an account.
HEROKU_KEY = re.compile(rb"\b(?:inf-|HRKU-)[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}\b")


def found_by_detect_secrets(baseline: Path) -> set[tuple[str, str, int]]:
    """What is not in the baseline."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "baseline"
        shutil.copy(baseline, copy)
        tool = Path(sys.executable).with_name("detect-secrets")
        subprocess.run([tool, "scan", "--baseline", copy], check=True, stderr=subprocess.DEVNULL)
        now = json.loads(copy.read_text(encoding="utf-8"))["results"]
    before = json.loads(baseline.read_text(encoding="utf-8"))["results"]
    known = {(name, one["hashed_secret"]) for name, many in before.items() for one in many}
    return {
        (name, one["type"], one["line_number"])
        for name, many in now.items()
        for one in many
        if (name, one["hashed_secret"]) not in known
    }


def keys_of_heroku() -> set[tuple[str, str, int]]:
    command = ("git", "ls-files", "-z")
    listed = subprocess.run(command, check=True, capture_output=True, text=True)
    files = [Path(name) for name in listed.stdout.split("\0") if name]
    return {
        (str(file), "Heroku key", number)
        for file in files
        if file.is_file()
        for number, line in enumerate(file.read_bytes().splitlines(), 1)
        if HEROKU_KEY.search(line)
    }


def main() -> int:
    found = found_by_detect_secrets(Path(sys.argv[1])) | keys_of_heroku()
    for name, kind, line in sorted(found):
        print(f"{name}:{line}: {kind}")  # noqa: T201 - a command
    print(f"{len(found)} secrets besides the made-up ones of the baseline.")  # noqa: T201 - a command
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
