"""CONTRIBUTING.md shows a newcomer where everything is."""

from __future__ import annotations

import re
import tomllib
from importlib import import_module
from itertools import pairwise
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[1] / "CONTRIBUTING.md"
PACKAGES = ("heroku_inference", "langchain_heroku", "llama_index_heroku", "heroku_emulator")


PROJECT = tomllib.loads((PAGE.parent / "pyproject.toml").read_text("utf-8"))
CONTRACTS = PROJECT["tool"]["importlinter"]["contracts"]


def rooms_shown():
    """Maps each package to the names on the indented lines below it."""
    tree = PAGE.read_text("utf-8").split("## The house")[1].split("```")[1]
    shown, packages = {}, []
    for line in tree.strip().splitlines():
        names = line.split("#")[0].split()
        if not line.startswith(" "):
            packages = [name.removesuffix("/") for name in names]
        for package in packages:
            shown.setdefault(package, set()).update(names if line.startswith(" ") else ())
    return shown


def rooms_of(package):
    folder = Path(import_module(package).__file__).parent
    return {f"{init.parent.name}/" for init in folder.glob("*/__init__.py")}


def modules_of(package):
    folder = Path(import_module(package).__file__).parent
    return {path.stem for path in folder.glob("*.py")} - {"__init__"}


@pytest.mark.parametrize("package", PACKAGES)
def test_every_folder_of_the_package_has_its_place(package):
    shown = {name for name in rooms_shown()[package] if name.endswith("/")}
    assert shown == rooms_of(package)


def test_every_module_of_the_core_has_its_place():
    shown = {name for name in rooms_shown()["heroku_inference"] if not name.endswith("/")}
    assert shown == modules_of("heroku_inference")


def test_the_rooms_of_the_core_stand_in_the_order_that_lint_imports_checks():
    (layers,) = (
        contract["layers"]
        for contract in CONTRACTS
        if contract.get("containers") == ["heroku_inference"] and contract["type"] == "layers"
    )
    depth = {room: at for at, layer in enumerate(layers) for room in layer.split(" | ")}
    page = PAGE.read_text("utf-8").split("## The house")[1]
    tree = page.partition("\nheroku_inference/")[2].partition("\nheroku_emulator/")[0]
    rows = [line.split("#")[0].split() for line in tree.splitlines()[1:]]
    depths = [[depth[room.removesuffix("/")] for room in row] for row in rows]
    assert depths
    assert [(above, below) for above, below in pairwise(depths) if max(above) > min(below)] == []


def test_every_file_that_the_page_names_is_there():
    named = re.findall(r"`((?:tests|docs|\.github)/[\w./-]+)`", PAGE.read_text("utf-8"))
    assert named
    assert [name for name in named if not (PAGE.parent / name).exists()] == []
