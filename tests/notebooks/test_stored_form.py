"""Notebooks are stored with their outputs, and hold nobody's key and nobody's folders."""

from __future__ import annotations

import ast
import base64
import io
import re
import sys
from itertools import pairwise
from pathlib import Path

import pytest

pytest.importorskip("nbclient")
import nbformat
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[2] / "notebooks"))
import outputs

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
NAMES = [
    "01_quickstart_langchain",
    "02_quickstart_llama_index",
    "03_rag_with_rerank",
    "04_agents_and_tools",
    "05_extended_thinking",
    "06_migrating_from_openai",
    "07_embedding_a_corpus",
    "08_labelling_a_column",
    "09_judging_answers",
]
NEEDS = re.compile(r'^Needs `pip install "heroku-inference\[[a-z,-]+\]"[^`]*`', re.MULTILINE)
TAKES = re.compile(r"\bTakes about \d+ (?:seconds|minutes)\.")
KEY = re.compile(r"\binf-[0-9a-f]{8}|\bsk-\w{8}|\bBearer [\w-]{8}", re.IGNORECASE)
FOLDER = re.compile(r"(?<![\w./~-])(?:/(?:home|root|tmp|Users|work|usr|var|opt|mnt)/|[A-Z]:\\)")
VOLATILE = re.compile(
    r"\x1b|\r"  # a terminal's
    r"|\b20\d\d-\d\d-\d\d[T ]\d\d:"  # a moment
    r"|\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-|\btooluse_\w+|\bchatcmpl-\w+"  # ids of an answer
    r"|127\.0\.0\.1:\d+|localhost:(?!3000)\d+"  # a port
    r"|\bat 0x[0-9a-f]{6,}"
)
LINK = re.compile(r"\]\(([\w./-]+\.ipynb)\)")
BESIDE = re.compile(r"^(?:from|import) (\w+)", re.MULTILINE)
LONGEST_CELL = 37  # lines: what is longer goes into a module
LONGEST_LINE = 88  # characters: the column of the pages
LARGEST = 400_000  # bytes of a notebook

every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])


def cells_of(path: Path) -> list[nbformat.NotebookNode]:
    return nbformat.read(path, as_version=4).cells


def code_cells_of(path: Path) -> list[nbformat.NotebookNode]:
    return [cell for cell in cells_of(path) if cell.cell_type == "code"]


def code_of(path: Path) -> str:
    return "\n".join(cell.source for cell in code_cells_of(path))


def outputs_of(path: Path) -> list[nbformat.NotebookNode]:
    return [output for cell in code_cells_of(path) for output in cell.outputs]


def texts_of(path: Path) -> list[str]:
    """What a reader reads: sources, and all outputs but pictures."""
    texts = [cell.source for cell in cells_of(path)]
    for output in outputs_of(path):
        data = output.get("data", {})
        texts += [text for kind, text in data.items() if not kind.startswith("image/")]
        texts.append(output.get("text", ""))
    return texts


def test_all_of_them_are_there():
    assert [path.stem for path in NOTEBOOKS] == NAMES


@every_notebook
def test_its_outputs_are_those_of_its_code(path):
    notebook = nbformat.read(path, as_version=4)
    assert notebook.metadata.get("code_that_ran") == outputs.digest(notebook), (
        "The code has changed since it ran: `make notebooks` stores its outputs anew."
    )


@every_notebook
def test_every_cell_has_been_run_in_order_without_an_error(path):
    cells = code_cells_of(path)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert len(outputs_of(path)) >= len(cells) - 1
    for output in outputs_of(path):
        assert output.output_type != "error"
        assert "Traceback (most recent call last)" not in output.get("text", "")


@every_notebook
def test_a_cell_stores_no_time_and_a_stream_as_one_output(path):
    for cell in cells_of(path):
        assert set(cell.metadata) <= {"tags"}
        assert cell.metadata.get("tags", [outputs.VARIES]) == [outputs.VARIES]
    for cell in code_cells_of(path):
        kinds = [output.output_type for output in cell.outputs]
        assert ("stream", "stream") not in pairwise(kinds), cell.source


@every_notebook
def test_it_shows_nothing_that_is_another_in_each_run(path):
    found = [match for text in texts_of(path) for match in VOLATILE.findall(text)]
    assert found == []


@every_notebook
def test_it_holds_no_key_and_no_folder_of_a_machine(path):
    for text in texts_of(path):
        assert not KEY.search(text)
        assert not FOLDER.search(text)


@every_notebook
def test_it_is_small_enough_to_be_shown(path):
    assert path.stat().st_size < LARGEST
    for output in outputs_of(path):
        for kind, data in output.get("data", {}).items():
            if kind.startswith("image/"):
                with Image.open(io.BytesIO(base64.b64decode(data))) as picture:
                    assert min(picture.size) >= 350
                    assert max(picture.size) <= 1400


@every_notebook
def test_every_cell_has_an_id_of_its_own_and_says_something(path):
    cells = cells_of(path)
    assert len({cell.id for cell in cells}) == len(cells)
    assert all(cell.source.strip() for cell in cells)


@every_notebook
def test_its_cells_are_short(path):
    for cell in code_cells_of(path):
        lines = cell.source.splitlines()
        assert len(lines) <= LONGEST_CELL, cell.source
        assert [line for line in lines if len(line) > LONGEST_LINE] == []


@every_notebook
def test_any_python_3_can_open_it(path):
    metadata = dict(nbformat.read(path, as_version=4).metadata)
    del metadata["code_that_ran"]
    assert metadata == {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }


@every_notebook
def test_it_opens_with_what_it_needs_and_how_long_it_takes(path):
    first, second, *_ = cells_of(path)
    assert first.cell_type == "markdown"
    assert first.source.startswith("# ")
    assert NEEDS.search(first.source)
    assert TAKES.search(first.source.replace("\n", " "))
    assert "`INFERENCE_KEY`" in first.source
    assert "emulator" in first.source
    assert "Emulator" in second.source


@every_notebook
def test_it_says_so_where_it_needs_files_of_the_checkout(path):
    opening = " ".join(cells_of(path)[0].source.split())
    modules = {module.stem for module in (ROOT / "notebooks").glob("*.py")}
    uses = modules & set(BESIDE.findall(code_of(path))) or "examples" in code_of(path)
    assert ("a checkout of this repository" in opening) == bool(uses)


@every_notebook
def test_it_says_which_packages_it_needs_besides(path):
    opening = cells_of(path)[0].source
    for module, package in [
        ("langchain_openai", "langchain-openai"),
        ("langchain.agents", "langchain"),
        ("pandas", "pandas"),
        ("charts", "matplotlib"),
    ]:
        if re.search(rf"^(?:from|import) {re.escape(module)}\b", code_of(path), re.MULTILINE):
            assert re.search(rf"`pip install [^`]* {package}\b[^`]*`", opening), package


@every_notebook
def test_it_says_that_thinking_needs_a_claude_where_it_has_the_model_think(path):
    opening = cells_of(path)[0].source
    thinks = "extended_thinking" in code_of(path)
    assert ("has to be a Claude that can think" in " ".join(opening.split())) == thinks


@every_notebook
def test_only_the_opening_and_guarded_cells_name_the_emulator(path):
    for cell in cells_of(path)[2:]:
        if cell.cell_type == "code" and re.search(r"\bemulator\b", cell.source):
            assert "if on_heroku:" in cell.source


@every_notebook
def test_its_links_to_other_notebooks_lead_somewhere(path):
    text = "".join(cell.source for cell in cells_of(path))
    assert all((path.parent / target).is_file() for target in LINK.findall(text))


@every_notebook
def test_its_code_is_python(path):
    # As IPython compiles it: `await` may stand anywhere.
    compile(code_of(path), path.name, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
