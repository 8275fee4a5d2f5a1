"""The workflows on GitHub call `make`, on every Python that is supported."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
TARGETS = {
    name
    for makefile in ("Makefile", "packaging.mk", "proof.mk")
    for name in re.findall(r"^([a-z-]+):", (ROOT / makefile).read_text("utf-8"), re.MULTILINE)
}


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_every_target_that_a_workflow_makes_is_there(workflow):
    called = re.findall(r"run: make (\S+)", workflow.read_text("utf-8"))
    assert called
    assert set(called) - TARGETS == set()


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_actions_are_pinned_by_their_major_version(workflow):
    used = re.findall(r"uses: (\S+)", workflow.read_text("utf-8"))
    assert [action for action in used if not re.search(r"@(release/)?v\d+$", action)] == []


def test_the_matrix_names_every_python_of_the_classifiers():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    lowest = project["requires-python"].removeprefix(">=")
    words = [line.rpartition(" :: ")[2] for line in project["classifiers"]]
    versions = [word for word in words if re.fullmatch(r"3\.\d+", word)]
    matrix = re.findall(r'"(3\.\d+)"', (ROOT / ".github/workflows/ci.yml").read_text("utf-8"))
    assert versions[0] == lowest == matrix[0]
    assert set(versions) <= set(matrix)
