"""The example of agents and tools in LangChain, as its users run it."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from heroku_emulator import CallTools, Emulator, Fault, McpServer, McpTool, Say, ToolResult

EXAMPLES = Path(__file__).parents[2] / "examples"
PATH = "/v1/agents/heroku"


@pytest.fixture
def run(monkeypatch, capsys, tmp_path):
    """Runs the example in a folder of its own; returns exit code, stdout and stderr."""
    monkeypatch.syspath_prepend(EXAMPLES)
    monkeypatch.chdir(tmp_path)
    example = importlib.import_module("langchain_agents")

    def run(*arguments):
        code = example.main(list(arguments))
        out, err = capsys.readouterr()
        return code, out, err

    return run


def test_with_nothing_set_all_of_it_works_on_an_emulator_of_its_own(tmp_path):
    words = [sys.executable, str(EXAMPLES / "langchain_agents.py")]
    done = subprocess.run(
        words, capture_output=True, text=True, timeout=300, check=False, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == "INFERENCE_KEY is not set: using a local emulator\n"
    assert done.stdout.count("▌") == 4
    assert done.stdout.count("338350") >= 4  # the code was really run, by the agent and in a team
    assert "→ coder" in done.stdout
    assert "→ word-shop_count_words {'text': 'the quick brown fox'}\n← 4\n" in done.stdout
    (picture,) = tmp_path.glob("image-*.png")
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_the_steps_of_herokus_agent_are_shown_in_order(run, emulator, config_vars):
    call = CallTools([("code_exec_python", {"code": "1/0"})], text="Let me see.", path=PATH)
    emulator.script(call, ToolResult("division by zero", is_error=True), Say("No.", path=PATH))
    code, out, _ = run("agent")
    assert code == 0
    shown = ["Let me see.", "→ code_exec_python {'code': '1/0'}", "← division by zero", "No."]
    assert [out.index(line) for line in shown] == sorted(out.index(line) for line in shown)
    assert [entry.path for entry in emulator.journal] == [PATH]


def test_the_add_ons_model_and_servers_are_used(run, monkeypatch):
    schema = {"type": "object", "properties": {"text": {"type": "string"}}}
    tool = McpTool(name="count", input_schema=schema, run=lambda text: "four")
    with Emulator(engine="deterministic", mcp_servers=[McpServer("mine", [tool])]) as emulator:
        for name, value in emulator.config_vars.items():
            monkeypatch.setenv(name, value)
        emulator.script(CallTools([("mine_count", {"text": "a b c d"})]), Say("Four."))
        code, out, err = run("mcp", "--model", "claude-4-5-haiku")
        assert (code, err) == (0, "")
        assert "1 tools: mine_count" in out
        assert "← four" in out
        assert emulator.journal[-1].body["model"] == "claude-4-5-haiku"


def test_what_the_user_can_put_right_is_one_line(run, emulator, config_vars, monkeypatch):
    emulator.script(Fault(401))
    code, _, err = run("agent")
    assert (code, err.count("\n")) == (1, 1)
    assert "Check the key" in err
    monkeypatch.delenv("INFERENCE_URL")
    monkeypatch.setenv("INFERENCE_URL", "ftp://x")
    code, _, err = run("agent")
    assert (code, err.count("\n")) == (2, 1)


def test_a_program_that_there_is_not_is_refused(run, capsys):
    with pytest.raises(SystemExit, match="2"):
        run("dance")
    assert "agent, team, image, mcp" in capsys.readouterr().err
