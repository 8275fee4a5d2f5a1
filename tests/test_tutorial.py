"""Whoever follows the tutorial gets what it shows, from the first file to the tests."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.doc_outputs import blocks_of, check_output

TUTORIAL = Path(__file__).parent.parent / "docs" / "tutorial"
PAGES = [TUTORIAL / name for name in ("index.md", "documents.md", "agent.md", "tests.md")]
DOCUMENT = re.compile(r"```markdown title=\"([^\"]+)\"\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def run(folder: Path, *command: str) -> str:
    """What a command prints in the folder of the tutorial."""
    done = subprocess.run(
        [sys.executable, *command], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_tutorial_does_what_it_says(config_vars, monkeypatch, tmp_path, pytestconfig):
    for name in config_vars.keys() - {"INFERENCE_KEY", "INFERENCE_URL"}:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    assert set(TUTORIAL.glob("*.md")) == set(PAGES)
    for page in PAGES:
        for name, text in DOCUMENT.findall(page.read_text(encoding="utf-8")):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(text, encoding="utf-8")
        for block in blocks_of(page):
            (tmp_path / block.file).write_text(block.code, encoding="utf-8")
            if block.output is not None:
                printed = run(tmp_path, block.file)
                check_output(block, printed, write=pytestconfig.getoption("--write-outputs"))
    assert "3 passed" in run(tmp_path, "-m", "pytest", "-q", "-p", "heroku_emulator.pytest_plugin")
