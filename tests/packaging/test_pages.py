"""The install lines of a page are enough for its programs: they run where nothing else is.

An environment is made by the lines `pip install ...` of a page alone, with the built wheel and the
versions of `requirements/dev.txt`. Pages with the same lines share one. `.venv-pages/` keeps them,
as long as these versions and our dependencies are the same.
"""

from __future__ import annotations

import hashlib
import json
import re
import shlex
import shutil
import sys
import tomllib
from pathlib import Path

import pytest

from heroku_emulator import Emulator
from tests.doc_outputs import blocks_of
from tests.packaging.environments import ROOT, install, make, pins, run
from tests.pages import PAGES

LINE = re.compile(r"^ *pip install (.*)$", re.MULTILINE)
OURS = re.compile(r"(?:heroku-inference|\.)(?:\[([\w,-]+)\])?")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
EXAMPLE = ROOT / "examples" / "testing_your_app"


def programs_of(page: Path) -> list[str]:
    """What runs by itself; test_tutorial.py runs the files of the tutorial."""
    return [block.code for block in blocks_of(page) if block.file is None]


WITH_PROGRAMS = [page for page in PAGES if programs_of(page)]


def requirements_of(page: Path) -> tuple[str, ...]:
    """What the lines of a page install, with one requirement for ours and all of its extras."""
    found = set()
    extras = set()
    for line in LINE.findall(page.read_text("utf-8")):
        for word in shlex.split(line, comments=True):
            if ours := OURS.fullmatch(word):
                extras |= set(filter(None, (ours[1] or "").split(",")))
            else:
                found.add(word)
    return (",".join(sorted(extras)), *sorted(found))


@pytest.fixture(scope="module")
def environment_of(wheel, machine):
    """Makes the environment of a page, or finds it, and installs the wheel of today there."""
    ready = {}

    def environment(page):
        extras, *others = wanted = requirements_of(page)
        if wanted not in ready:
            needed = [wanted, sys.version, PROJECT["dependencies"], pins()]
            needed.append(PROJECT["optional-dependencies"])
            name = hashlib.sha256(json.dumps(needed).encode()).hexdigest()[:12]
            folder = ROOT / ".venv-pages" / name
            constraints = folder / "constraints.txt"
            python = folder / "bin" / "python"
            if not constraints.exists():
                python = make(folder, machine)
                pinned = folder / "pins.txt"
                pinned.write_text(pins(), "utf-8")
                ours = f"{wheel}[{extras}]" if extras else wheel
                install(python, machine, ours, *others, "--constraint", pinned)
                pinned.rename(constraints)  # complete
            install(python, machine, "--no-deps", "--force-reinstall", wheel)
            ready[wanted] = python
        return ready[wanted]

    return environment


@pytest.fixture(scope="module")
def variables(machine):
    """What the plan that the pages recommend sets."""
    with Emulator(engine="deterministic") as emulator:
        config_vars = emulator.config_vars
        yield {
            "INFERENCE_KEY": config_vars["INFERENCE_KEY"],
            "INFERENCE_URL": config_vars["INFERENCE_URL"],
            "PATH": machine["PATH"],
        }


@pytest.mark.parametrize("page", WITH_PROGRAMS, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_the_install_line_of_the_page_is_enough(page, environment_of, variables, tmp_path):
    python = environment_of(page)
    runner = Path(__file__).with_name("run_blocks.py")
    home = {**variables, "HOME": str(tmp_path)}
    run(python, "-I", runner, input=json.dumps(programs_of(page)), cwd=tmp_path, env=home)


def test_the_install_line_of_the_example_app_is_enough(environment_of, variables, tmp_path):
    python = environment_of(EXAMPLE / "test_shop.py")
    app = shutil.copytree(EXAMPLE, tmp_path / "app", ignore=shutil.ignore_patterns("__*"))
    home = {**variables, "HOME": str(tmp_path)}
    assert "14 passed" in run(python, "-m", "pytest", "-p", "no:cacheprovider", cwd=app, env=home)
