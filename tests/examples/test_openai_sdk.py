"""The example for the openai SDK, as its users run it."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from heroku_emulator import CallTools, Fault, Say

EXAMPLES = Path(__file__).parents[2] / "examples"
PROGRAMS = ["chat", "stream", "tools", "thinking", "embeddings"]


@pytest.fixture
def run(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(EXAMPLES))
    monkeypatch.delitem(sys.modules, "openai_sdk", raising=False)
    example = importlib.import_module("openai_sdk")

    def run(*arguments):
        code = example.main(list(arguments))
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


def answers(out: str) -> dict[str, str]:
    lines = [line.partition(": ") for line in out.splitlines()]
    return {name: said for name, _, said in lines if name in PROGRAMS}


def test_it_shows_all_five(run, config_vars, emulator):
    emulator.script(
        Say("A container."),
        Say("One, two, three."),
        CallTools([("weather_in", {"city": "Porto"})]),
    )
    code, out, err = run()
    said = answers(out)
    assert (code, err, list(said)) == (0, "", PROGRAMS)
    assert said["chat"].startswith("A container. (")
    assert said["stream"] == "One, two, three."
    assert "Porto: 18 degrees, light rain" in said["tools"]
    assert "not shown" not in said["thinking"]
    assert said["embeddings"] == "Dynos run your app."
    assert {entry.status for entry in emulator.journal} == {200}


def test_without_config_vars_it_runs_on_an_emulator(run):
    code, out, err = run()
    said = answers(out)
    assert (code, err, list(said)) == (0, "", PROGRAMS)
    assert "using a local emulator" in out
    assert said["chat"].startswith("A dyno is a container that runs one process of an app. (")
    assert said["stream"] == "Dynos restart at least once a day."
    assert said["thinking"].startswith("A slug is a compressed copy of the app's code, made when")


def test_the_model_can_be_chosen(run, config_vars, emulator):
    assert run("--model", "claude-4-5-haiku")[0] == 0
    models = {entry.body["model"] for entry in emulator.journal.to("/v1/chat/completions")}
    assert models == {"claude-4-5-haiku"}


def test_a_model_of_openais_is_answered_with_the_one_to_use(run, config_vars):
    code, _, err = run("--model", "gpt-4o")
    assert code == 1
    assert "on Heroku use 'claude-4-5-sonnet'" in err


def test_a_missing_url_is_reported_in_one_line(run, config_vars, monkeypatch):
    monkeypatch.delenv("INFERENCE_URL")
    code, _, err = run()
    assert (code, err.count("\n")) == (2, 1)
    assert "INFERENCE_URL" in err


def test_a_refused_key_is_reported_in_one_line(run, config_vars, emulator):
    emulator.script(Fault(401))
    code, _, err = run()
    assert (code, err.count("\n")) == (1, 1)
    assert "Check the key" in err
