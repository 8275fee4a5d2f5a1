"""The example of an app with its tests: they pass, and they would tell if the app were broken."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "testing_your_app"
PYTEST = [sys.executable, "-m", "pytest", "-p", "heroku_emulator.pytest_plugin"]


@pytest.fixture
def example(tmp_path, monkeypatch):
    """A copy of the example, with no other plugin than its own."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    return shutil.copytree(EXAMPLE, tmp_path / "example", ignore=shutil.ignore_patterns("__*"))


def run(folder, *arguments):
    command = [*PYTEST, "-W", "error", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )


def test_its_tests_pass(example):
    result = run(example)
    assert result.returncode == 0, result.stdout
    assert "14 passed" in result.stdout


def test_its_tests_find_what_is_wrong_with_the_app(example):
    app = example / "shop.py"
    source = app.read_text()
    for right, wrong in {
        "return SORRY": "raise",
        "top_n=1": "top_n=3",
        "yield CUT_OFF": "yield ''",
        "ChatHeroku(), tools": "ChatHeroku(max_retries=0), tools",
        "There is no order": "No order",
    }.items():
        assert source.count(right) == 1
        source = source.replace(right, wrong)
    app.write_text(source)
    result = run(example, "--tb=no")
    found = {line.split("::")[1].split(" ")[0].split("[")[0] for line in _failures(result.stdout)}
    assert found == {
        "test_the_agent_reports_an_order_that_does_not_exist",
        "test_a_busy_model_is_asked_again",
        "test_the_user_never_sees_an_error",
        "test_both_forms_of_errors_are_understood",
        "test_an_answer_that_is_cut_off_says_so",
        "test_pages_are_embedded_as_documents_and_questions_as_questions",
    }


def _failures(output):
    return [line for line in output.splitlines() if line.startswith("FAILED")]
