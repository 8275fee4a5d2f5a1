"""The example of thinking between tool calls, as its users run it: on the emulator."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from heroku_emulator import Fault

EXAMPLES = Path(__file__).parents[2] / "examples"
pytestmark = [
    pytest.mark.parametrize("framework", ["langchain", "llama-index"]),
    pytest.mark.filterwarnings(
        "ignore::DeprecationWarning"  # LlamaIndex's workflows use what is deprecated
    ),
]


@pytest.fixture
def run(framework, capsys, monkeypatch, tmp_path):
    """Runs the example in an empty folder; returns exit code, stdout and stderr."""
    monkeypatch.syspath_prepend(str(EXAMPLES))
    monkeypatch.chdir(tmp_path)
    example = importlib.import_module("thinking_with_tools")

    def run(*arguments):
        code = example.main(["--framework", framework, *arguments])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    yield run
    sys.modules.pop("thinking_with_tools")


def test_it_shows_what_is_thought_called_and_found(run, config_vars, emulator):
    code, out, err = run()
    assert (code, err) == (0, "")
    calls = [line for line in out.splitlines() if line.startswith("  → ")]
    assert [call.partition("(")[0] for call in calls] == ["  → search_pages", "  → read_page"]
    assert [entry.status for entry in emulator.journal] == [200, 200, 200]
    assert all(entry.path == "/v1/messages" for entry in emulator.journal)
    turns = emulator.journal[-1].body["messages"][1::2]
    thoughts = [turn["content"][0]["thinking"] for turn in turns]
    assert all(" ".join(thought.split()) in out for thought in thoughts)
    assert len(thoughts) == 2


def test_without_config_vars_it_brings_its_own_emulator(run):
    code, out, err = run("Which models think? Look for Claude.")
    assert code == 0
    assert "using a local emulator" in err
    assert "read_page(" in out


def test_a_budget_that_is_too_small_is_explained(run, config_vars):
    code, _, err = run("--budget", "100")
    assert (code, "too small" in err) == (2, True)


def test_what_heroku_refuses_is_one_line(run, config_vars, emulator):
    emulator.script(Fault(401, message="Invalid API key provided"))
    code, _, err = run()
    assert code == 1
    assert "Invalid API key provided" in err
    assert "Traceback" not in err
