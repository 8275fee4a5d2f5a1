"""The example of agents in LlamaIndex, as its users run it."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from heroku_emulator import CallTools, Fault, Say, ToolResult

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning"  # LlamaIndex's workflows use what is deprecated
)

EXAMPLES = Path(__file__).parents[2] / "examples"
PATH = "/v1/agents/heroku"


@pytest.fixture
def run(monkeypatch, capsys):
    """Runs the example with arguments; returns exit code, stdout and stderr."""
    monkeypatch.syspath_prepend(str(EXAMPLES))
    monkeypatch.setenv("COLUMNS", "100")

    def run(*arguments):
        code = importlib.import_module("llama_index_agents").main(list(arguments))
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


def test_without_config_vars_all_programs_do_true_work(run, bare_workplace):
    code, out, err = run()
    assert (code, "local emulator" in err) == (0, True)
    programs = dict(part.split("\n", 1) for part in out.split("▌ ")[1:])
    assert list(programs) == ["agent", "team", "tools", "image", "mcp"]
    for name in ("agent", "team", "tools"):
        assert "→ code_exec_python" in programs[name]
        assert "338350" in programs[name]
    assert programs["team"].index("→ handoff") < programs["team"].index("→ code_exec_python")
    (picture,) = bare_workplace.glob("*.png")
    assert picture.name in programs["image"]
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert "← 4" in programs["mcp"]


def test_with_config_vars_heroku_answers(run, config_vars, emulator, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    emulator.script(
        CallTools([("code_exec_python", {"code": "print(1)"})], path=PATH),
        ToolResult("no memory left", is_error=True),
        Say("It failed.", path=PATH),
    )
    code, out, err = run("agent", "--model", "claude-4-5-haiku")
    assert (code, err) == (0, "")
    assert "← no memory left" in out
    assert "It failed." in out
    (entry,) = emulator.journal
    assert (entry.path, entry.body["model"]) == (PATH, "claude-4-5-haiku")


def test_what_goes_wrong_is_one_line(run, config_vars, emulator, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    emulator.script(Fault(401))
    code, _, err = run("agent")
    assert (code, err.startswith("Error: Heroku answered 401")) == (1, True)
    monkeypatch.delenv("INFERENCE_URL")
    code, _, err = run("agent")
    assert (code, "URL is required" in err) == (2, True)


def test_a_missing_program_is_reported(run, bare_workplace, capsys):
    with pytest.raises(SystemExit):
        run("paint")
    assert "there is no program 'paint'" in capsys.readouterr().err
