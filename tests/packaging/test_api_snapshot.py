"""The public face changes on purpose, and never without a line for those who use it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from difflib import unified_diff
from pathlib import Path

import pytest

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


def lines_at_the_top(changelog):
    """The entries of the first section: of what is not released yet, or is being released."""
    sections = re.split(r"^## ", changelog, flags=re.MULTILINE)[1:]
    return re.findall(r"^- \S.*$", sections[0], flags=re.MULTILINE) if sections else []


def of_last_release(path):
    """A file as it was last released, or None: there is no release, or no history here."""
    if not (git := shutil.which("git")) or not (ROOT / ".git").exists():
        return None
    last = [git, "describe", "--tags", "--abbrev=0", "--match", "v[0-9]*"]
    tag = subprocess.run(last, cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()
    shown = subprocess.run(
        [git, "show", f"{tag}:{path}"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return shown.stdout if tag and shown.returncode == 0 else None


def test_what_changed_since_the_last_release_is_told():
    before = of_last_release("tests/packaging/api.txt")
    if before in {None, SNAPSHOT.read_text("utf-8")}:
        return
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert lines_at_the_top(changelog), f"the public face has changed. {WHAT_TO_DO}"


@pytest.mark.parametrize(
    ("changelog", "entries"),
    [
        ("# Changelog\n", []),
        ("# Changelog\n\n## Unreleased\n\n## 0.1.0\n\n- First.\n", []),
        ("# Changelog\n\n## Unreleased\n\n### Added\n\n- A class.\n\n## 0.1.0\n", ["- A class."]),
    ],
    ids=["no-section", "empty", "told"],
)
def test_only_the_top_section_counts(changelog, entries):
    assert lines_at_the_top(changelog) == entries
