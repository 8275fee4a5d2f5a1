"""The public face changes on purpose, and never without a line for those who use it.

The second half needs the history: a change of the snapshot that came after the last change of the
CHANGELOG was not told. Where there is no git, as in the sdist, it has nothing to look at.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from difflib import unified_diff
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SNAPSHOT = HERE / "api.txt"
WHAT_TO_DO = "If this is meant: update with `make api` and add a CHANGELOG line under Unreleased."


def test_the_public_face_is_as_it_was_written_down():
    command = [sys.executable, str(HERE / "public_api.py")]
    now = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300).stdout
    then = SNAPSHOT.read_text("utf-8")
    changes = unified_diff(
        then.splitlines(), now.splitlines(), "tests/packaging/api.txt", "now", n=0, lineterm=""
    )
    assert now == then, "\n".join(["the public face has changed", *changes, WHAT_TO_DO])


def git(*arguments):
    """What git prints, or nothing where there is no git or no history."""
    if not (program := shutil.which("git")) or not (ROOT / ".git").exists():
        return ""
    command = [program, *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout


def test_a_change_of_the_face_is_told_in_the_changelog():
    last_told = git("log", "-1", "--format=%H", "--", "CHANGELOG.md").strip()
    if last_told and git("diff", last_told, "--", str(SNAPSHOT)):
        difference = git("diff", "--unified=0", last_told, "--", "CHANGELOG.md")
        assert re.search(r"^\+- \S", difference, flags=re.MULTILINE), WHAT_TO_DO
