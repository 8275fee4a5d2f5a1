"""CONTRIBUTING.md shows a newcomer the whole core."""

from __future__ import annotations

import re
from fnmatch import fnmatch
from pathlib import Path

import heroku_inference

PAGE = Path(__file__).parents[1] / "CONTRIBUTING.md"
TABLE = PAGE.read_text("utf-8").split("The core in the order")[1]
NAMED = {
    name
    for row in TABLE.split("\n## ")[0].splitlines()
    for name in re.findall(r"`([\w*/]+)`", row.split("|")[1] if "|" in row else "")
}
MODULES = {
    f"{path.name}/" if path.is_dir() else path.stem
    for path in Path(heroku_inference.__file__).parent.iterdir()
    if path.suffix == ".py" or (path / "__init__.py").exists()
} - {"__init__"}


def test_every_module_of_the_core_has_its_place_in_the_table():
    assert {it for it in MODULES if not any(fnmatch(it, name) for name in NAMED)} == set()


def test_the_table_names_no_module_that_is_not_there():
    assert {name for name in NAMED if not any(fnmatch(it, name) for it in MODULES)} == set()
