"""Notebooks are stored as they were written: no output, nobody's key, nobody's folders."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
NAMES = [
    "01_quickstart_langchain",
    "02_quickstart_llama_index",
    "03_rag_with_rerank",
    "04_agents_and_tools",
    "05_extended_thinking",
    "06_migrating_from_openai",
    "07_embedding_a_corpus",
]
NEEDS = re.compile(r'^Needs `pip install "heroku-inference\[[a-z,-]+\]"[^`]*`', re.MULTILINE)
TAKES = re.compile(r"\bTakes about \d+ (?:seconds|minutes)\.")
KEY = re.compile(r"\binf-[0-9a-f]{8}|\bsk-\w{8}|\bBearer [\w-]{8}", re.IGNORECASE)
FOLDER = re.compile(r"(?<![\w./~-])(?:/(?:home|root|tmp|Users|work|usr|var|opt|mnt)/|[A-Z]:\\\\)")
LINK = re.compile(r"\]\(([\w./-]+\.ipynb)\)")

every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])


def cells_of(path: Path) -> list[dict]:
    return json.loads(path.read_text(encoding="utf-8"))["cells"]


def code_of(path: Path) -> str:
    return "\n".join("".join(c["source"]) for c in cells_of(path) if c["cell_type"] == "code")


def test_all_of_them_are_there():
    assert [path.stem for path in NOTEBOOKS] == NAMES


@every_notebook
def test_no_cell_has_been_run(path):
    for cell in cells_of(path):
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []
            assert cell["execution_count"] is None
        assert cell["metadata"] == {}


@every_notebook
def test_every_cell_has_an_id_of_its_own_and_says_something(path):
    cells = cells_of(path)
    assert len({cell["id"] for cell in cells}) == len(cells)
    assert all("".join(cell["source"]).strip() for cell in cells)


@every_notebook
def test_any_python_3_can_open_it(path):
    metadata = json.loads(path.read_text(encoding="utf-8"))["metadata"]
    assert metadata == {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }


@every_notebook
def test_it_opens_with_what_it_needs_and_how_long_it_takes(path):
    first, second, *_ = cells_of(path)
    opening = "".join(first["source"])
    assert first["cell_type"] == "markdown"
    assert opening.startswith("# ")
    assert NEEDS.search(opening)
    assert TAKES.search(opening)
    assert "`INFERENCE_KEY`" in opening
    assert "emulator" in opening
    assert "Emulator" in "".join(second["source"])


@every_notebook
def test_it_says_that_thinking_needs_a_claude_where_it_has_the_model_think(path):
    opening = "".join(cells_of(path)[0]["source"])
    thinks = "extended_thinking" in code_of(path)
    assert ("has to be a Claude that can think" in " ".join(opening.split())) == thinks


@every_notebook
def test_it_holds_no_key_and_no_folder_of_a_machine(path):
    text = path.read_text(encoding="utf-8")
    assert not KEY.search(text)
    assert not FOLDER.search(text)


@every_notebook
def test_only_the_opening_and_guarded_cells_name_the_emulator(path):
    for cell in cells_of(path)[2:]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "code" and re.search(r"\bemulator\b", source):
            assert "if on_heroku:" in source


@every_notebook
def test_its_links_to_other_notebooks_lead_somewhere(path):
    text = "".join("".join(cell["source"]) for cell in cells_of(path))
    assert all((path.parent / target).is_file() for target in LINK.findall(text))


@every_notebook
def test_its_code_is_python(path):
    # As IPython compiles it: `await` may stand anywhere.
    compile(code_of(path), path.name, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
