"""CONTRIBUTING.md shows a newcomer where everything is."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[1] / "CONTRIBUTING.md"
PACKAGES = ("heroku_inference", "langchain_heroku", "llama_index_heroku", "heroku_emulator")


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


def test_every_file_that_the_page_names_is_there():
    named = re.findall(r"`((?:tests|docs|\.github)/[\w./-]+)`", PAGE.read_text("utf-8"))
    assert named
    assert [name for name in named if not (PAGE.parent / name).exists()] == []
