"""What `make notebooks` keeps of a run, and when it leaves a file alone."""

from __future__ import annotations

import base64
import io
import sys
from pathlib import Path

import pytest

pytest.importorskip("nbclient")
import nbformat
from nbformat.v4 import new_code_cell, new_notebook, new_output
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[2] / "notebooks"))
import outputs

KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def ran(*printed: str, source: str = "print(1)", tags: tuple[str, ...] = ()):
    """A notebook of one cell, as a run leaves it."""
    cell = new_code_cell(source, id="a", execution_count=1)
    cell.metadata = {"execution": {"iopub.status.busy": "2026-11-30T12:00:00Z"}}
    if tags:
        cell.metadata["tags"] = list(tags)
    cell.outputs = [new_output("stream", name="stdout", text=text) for text in printed]
    return new_notebook(cells=[cell], metadata={"kernelspec": KERNEL})


def stored(notebook):
    outputs.clean(notebook)
    return nbformat.from_dict(notebook)


def test_a_stream_is_one_output_without_codes_of_a_terminal_and_without_times():
    notebook = ran("Dynos ", "\x1b[1mrestart ", "daily.\x1b[0m")
    notebook.cells[0].outputs.append(
        new_output("stream", name="stderr", text="x.py:1: DeprecationWarning")
    )
    outputs.clean(notebook)
    [output] = notebook.cells[0].outputs
    assert output.text == "Dynos restart daily."
    assert notebook.cells[0].metadata == {}


def test_a_file_stays_as_it_is_when_nothing_but_what_varies_has_changed():
    assert outputs.same(stored(ran("1")), stored(ran("1")))
    assert not outputs.same(stored(ran("1")), stored(ran("2")))
    assert not outputs.same(stored(ran("1")), stored(ran("1", source="print( 1)")))
    timed = (outputs.VARIES,)
    assert outputs.same(stored(ran("3 ms", tags=timed)), stored(ran("4 ms", tags=timed)))
    assert not outputs.same(stored(ran("3 ms", tags=timed)), stored(ran(tags=timed)))


def test_the_code_that_ran_includes_the_modules_beside_it():
    alone, beside = ran("1"), ran("1", source="import charts")
    module = (outputs.HERE / "charts.py").read_text(encoding="utf-8")
    assert outputs.digest(alone) != outputs.digest(beside)
    assert outputs.digest(beside) != outputs.digest(ran("1", source=f"import charts{module}"))


def test_charts_are_stored_small_and_pictures_as_they_came():
    gradient = Image.linear_gradient("L").convert("RGB").resize((400, 300))
    file = io.BytesIO()
    gradient.save(file, "PNG")
    came = base64.b64encode(file.getvalue()).decode()
    for said, changes in (("<Figure size 400x300 with 1 Axes>", True), ("GeneratedImage()", False)):
        notebook = ran()
        data = {"image/png": came, "text/plain": said}
        notebook.cells[0].outputs = [new_output("display_data", data)]
        outputs.clean(notebook)
        shown = notebook.cells[0].outputs[0].data["image/png"]
        assert (shown != came) == changes
        with Image.open(io.BytesIO(base64.b64decode(shown))) as picture:
            assert picture.size == (400, 300)


def test_a_kernel_inherits_no_config_vars(tmp_path, monkeypatch):
    monkeypatch.setenv("INFERENCE_TEAL_KEY", "inf-somebodys")
    monkeypatch.setenv("INFERENCE_PRICES", "{}")
    monkeypatch.setenv("LANG", "C.UTF-8")
    told = outputs._environment(tmp_path, guarded=True)
    assert "INFERENCE_TEAL_KEY" not in told
    assert "INFERENCE_PRICES" not in told
    assert told["LANG"] == "C.UTF-8"
    assert "may not reach" in next(tmp_path.rglob("00-*.py")).read_text(encoding="utf-8")
