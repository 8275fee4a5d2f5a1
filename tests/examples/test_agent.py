"""The example of an agent, and that of images, as their users run them."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from heroku_emulator import CallTools, ErrorEvent, Fault, Say, ToolResult

EXAMPLES = Path(__file__).parents[2] / "examples"
PATH = "/v1/agents/heroku"
SHA = "7ebc92bcf8f51f0b623a18f0a357639410a409340043c7a670bb180acd138e6b"


@pytest.fixture
def run(monkeypatch, capsys):
    """Runs an example with arguments; returns exit code, stdout and stderr."""
    monkeypatch.syspath_prepend(str(EXAMPLES))
    monkeypatch.setenv("COLUMNS", "100")

    def run(name, *arguments):
        code = importlib.import_module(name).main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


@pytest.fixture
def on_heroku(config_vars, tmp_path, monkeypatch):
    """Config vars as on Heroku, in an empty current folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_without_config_vars_the_agent_does_true_work(run, bare_workplace, database, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", database)
    code, out, err = run("agent", f'Run with code_exec_python: "print({SHA!r}.upper())"')
    assert (code, SHA.upper() in out) == (0, True)
    assert "local emulator" in err
    code, out, _ = run("agent", 'Run with postgres_run_query: "SELECT 6 * 7 AS answer"')
    assert (code, '"rows": [[42]]' in out) == (0, True)


def test_the_tasks_it_comes_with_are_done(run, bare_workplace):
    code, out, _ = run("agent")
    assert code == 0
    assert SHA in out
    assert "TABLE public.releases" in out
    assert '[["blog", 1], ["shop", 2]]' in out
    run("agent")  # the sample may be there already


def test_each_step_is_shown(run, on_heroku, emulator):
    emulator.script(
        CallTools([("code_exec_python", {"code": "1 [bold]"})], text="Let me [see].", path=PATH),
        ToolResult("no [such] thing", is_error=True),
        Say("I could not.", path=PATH),
    )
    code, out, _ = run("agent", "Do it")
    assert code == 0
    shown = ["▌ Do it", "Let me [see].", '"1 [bold]"', "no [such] thing", "I could not."]
    places = [out.index(text) for text in shown]
    assert places == sorted(places)


def test_it_asks_heroku_for_the_tools_that_it_can_name(run, on_heroku, emulator):
    emulator.script(Say("Done.", path=PATH, times=2))
    run("agent", "Do it")
    run("agent", "Do it", "--app", "shop", "--database", "COBALT", "--model", "claude-4-sonnet")
    plain, full = (entry.body for entry in emulator.journal)
    assert [tool["name"] for tool in plain["tools"]] == ["code_exec_python"]
    assert [tool["name"] for tool in full["tools"]] == [
        "code_exec_python",
        "postgres_get_schema",
        "postgres_run_query",
    ]
    assert full["tools"][1]["runtime_params"]["target_app_name"] == "shop"
    assert (plain["model"], full["model"]) == ("claude-4-5-sonnet", "claude-4-sonnet")


def test_a_failed_run_is_reported_after_its_steps(run, on_heroku, emulator):
    emulator.script(
        CallTools([("code_exec_python", {"code": "1"})], text="Let me see.", path=PATH),
        ToolResult("1"),
        ErrorEvent(after=0, message="it broke", path=PATH),
    )
    code, out, err = run("agent", "Do it")
    assert (code, "Let me see." in out, "it broke" in err) == (1, True, True)


def test_a_missing_url_is_the_users_to_put_right(run, on_heroku, monkeypatch):
    monkeypatch.delenv("INFERENCE_URL")
    code, _, err = run("agent", "Do it")
    assert (code, "URL is required" in err) == (2, True)


def test_a_picture_is_drawn_into_a_file(run, on_heroku, emulator):
    code, out, _ = run("images", "a dyno", "dyno", "--ratio", "16:9", "--seed", 7)
    assert (code, out.startswith("dyno.png: image/png, ")) == (0, True)
    assert (on_heroku / "dyno.png").read_bytes().startswith(b"\x89PNG")
    assert emulator.journal[-1].body["aspect_ratio"] == "16:9"


def test_without_config_vars_a_pattern_is_drawn(run, bare_workplace):
    code, _, err = run("images", "a dyno", "dyno.png")
    assert (code, "local emulator" in err) == (0, True)
    assert (bare_workplace / "dyno.png").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("a dyno", "dyno", "--ratio", "4:3"), 2, "16:9"),
        (("a dyno", "dyno.jpg"), 2, "image/png"),
        (("a dyno", "missing/dyno"), 1, "missing"),
    ],
    ids=["ratio", "suffix", "folder"],
)
def test_an_error_about_a_picture_is_reported(run, on_heroku, arguments, code, message):
    exit_code, out, err = run("images", *arguments)
    assert (exit_code, out, message in err) == (code, "", True)


def test_a_refused_key_is_reported(run, on_heroku, emulator):
    emulator.script(Fault(401))
    code, _, err = run("images", "a dyno", "dyno")
    assert (code, "Check the key" in err) == (1, True)


def test_the_examples_need_no_framework(run, on_heroku, emulator):
    for name in ("agent", "images"):
        source = (EXAMPLES / f"{name}.py").read_text()
        assert "langchain" not in source
        assert "llama" not in source
        assert importlib.import_module(name).__doc__
    assert sys.modules["agent"].__file__ == str(EXAMPLES / "agent.py")
