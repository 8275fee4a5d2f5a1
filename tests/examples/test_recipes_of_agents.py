"""Human approval and summarised memory, in both frameworks, as their users run them."""

from __future__ import annotations

import importlib
import io
import json
import sys
from pathlib import Path

import pytest

from heroku_emulator import CallTools, Say

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of workflows

EXAMPLES = Path(__file__).parents[2] / "examples"
ANNOUNCE = CallTools([("announce", {"text": "We are back."})])


@pytest.fixture
def run(monkeypatch, capsys, config_vars):
    """Runs an example with words from the keyboard; returns what it printed."""
    monkeypatch.syspath_prepend(EXAMPLES)

    def run(name, framework, keyboard=""):
        monkeypatch.setattr(sys, "stdin", io.StringIO(keyboard))
        code = importlib.import_module(name).main([framework])
        out, err = capsys.readouterr()
        assert (code, err) == (0, "")
        return out

    return run


def sent(emulator):
    return [entry.body["messages"] for entry in emulator.journal]


@pytest.mark.parametrize("framework", ["langchain", "llama_index"])
@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ("y\n", "Sent to all customers: We are back."),
        ("Too early.\n", "Too early."),
        ("", "no answer"),
    ],
    ids=["yes", "no", "nobody"],
)
def test_a_person_decides_before_the_tool_runs(run, emulator, framework, answer, told):
    emulator.script(ANNOUNCE, Say("That is how it went."))
    out = run("human_approval", framework, answer)
    assert out.endswith("That is how it went.\n")
    assert "announce" in out.splitlines()[3]
    first, second = sent(emulator)
    assert "We are back" not in json.dumps(first[1:-1])
    (result,) = [message["content"] for message in second if message["role"] == "tool"]
    assert result.endswith(told)
    assert ("Sent to all" in result) == (answer == "y\n")


@pytest.mark.parametrize("framework", ["langchain", "llama_index"])
def test_old_turns_are_summed_up_with_their_calls_and_results(run, emulator, framework):
    lyon, graz = (CallTools([("population", {"city": city})]) for city in ("Lyon", "Graz"))
    summary = Say("They spoke of two cities.")
    if framework == "langchain":
        turns = [lyon, Say("Many people."), graz, summary, Say("Fewer."), summary]
    else:
        turns = [lyon, Say("Many people."), graz, Say("Fewer."), summary]
    emulator.script(*turns, Say("Of cities."))
    out = run("summarised_memory", framework)
    assert out.splitlines()[-2] == "Of cities."
    *before, asked, last = sent(emulator)
    first_summary = next(
        text
        for text in map(json.dumps, [*before, asked])
        if "Context Extraction" in text or "Transcript so far" in text
    )
    assert "522,250" in first_summary
    assert "They spoke of two cities." in last[0]["content"]
    assert "Lyon" not in json.dumps(last)
    calls = [call["id"] for message in last for call in message.get("tool_calls", ())]
    assert calls == [message["tool_call_id"] for message in last if message["role"] == "tool"]
