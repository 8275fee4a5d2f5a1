"""`heroku-inference probe`: what it asks, what it costs at most, and what it notices."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import get_args, get_origin, get_type_hints

import pytest

from heroku_emulator import Emulator, Switches
from heroku_inference.cli.config_vars import look_up
from heroku_inference.cli.probe.exchanges import EXCHANGES
from heroku_inference.cli.probe.prober import Prober
from heroku_inference.cli.probe.questions import QUESTIONS
from heroku_inference.cli.probe.runner import run_questions

# What no answer to one request shows, or what only a clock does.
_NOT_ASKED = {
    "delta_characters": "how much a chunk holds changes nothing",
    "enforce_rate_limits": "only a flood of requests shows it",
    "gap_after": "a matter of time",
    "gap_seconds": "a matter of time",
    "latency": "a matter of time",
    "pace": "a matter of time",
    "split_bytes": "the network cuts streams anyway",
    "time_limit": "a matter of time",
}


def _other_positions():
    """Every other position of every switch that a question can show."""
    hints = get_type_hints(Switches)
    for switch in fields(Switches):
        if switch.name in _NOT_ASKED:
            continue
        kind = hints[switch.name]
        positions = get_args(kind) if get_origin(kind) else (not switch.default,)
        for position in positions:
            if position != switch.default and (switch.name, position) not in _POSITIONS_NOT_ASKED:
                yield pytest.param(switch.name, position, id=f"{switch.name}={position}")


# What only another plan, or a one-off dyno, would show.
_POSITIONS_NOT_ASKED = {
    ("error_envelope", "html403"): "only a per-model key is refused with a 403",
    ("tool_results", "mcp"): "only results of dyno_run_command differ, which start a dyno",
}


@pytest.fixture(scope="module")
def server():
    with Emulator() as emulator:
        yield emulator


@pytest.fixture
def prober(server, monkeypatch, tmp_path):
    """Makes a prober that has asked nothing yet."""
    monkeypatch.chdir(tmp_path)
    for name, value in server.config_vars.items():
        monkeypatch.setenv(name, value)
    return lambda: Prober(look_up(None, None, None, None))


@pytest.fixture
def findings(prober):
    """Asks everything; returns what was found, by question."""

    def findings():
        found = run_questions(prober(), QUESTIONS)
        return {finding.question.name: finding for finding in found}

    return findings


def _unexpected(found):
    return {name: one.observed for name, one in found.items() if one.verdict != "as assumed"}


def test_the_emulator_answers_everything_as_assumed(findings):
    assert _unexpected(findings()) == {}


@pytest.mark.parametrize(("switch", "position"), list(_other_positions()))
def test_every_switch_of_the_emulator_is_noticed(server, findings, switch, position):
    with server.switched(**{switch: position}):
        assert _unexpected(findings()) != {}


def test_every_exchange_serves_a_question():
    assert {question.exchange.name for question in QUESTIONS} == {one.name for one in EXCHANGES}


def _tokens_used(answer):
    """The tokens that an answer counts; a stream counts each message, an agent each of its own."""
    values = answer.chunks if answer.json is None else [answer.json]
    usages = [value.get("usage") or {} for value in values if isinstance(value, dict)]
    names = ("total_tokens", "input_tokens", "output_tokens")
    return sum(usage.get(name) or 0 for usage in usages for name in names)


def test_no_exchange_costs_more_than_the_plan_says(prober):
    used = {}
    for exchange in EXCHANGES:
        answer = prober().answer(exchange)
        if answer.status == 200:
            used[exchange.name] = _tokens_used(answer)
            assert used[exchange.name] <= exchange.most_tokens, exchange.name
    assert used["plain"] > 0
    assert used["agent"] > 0


def test_a_dry_run_sends_nothing(emulator, run):
    ran = run("probe", "--dry-run")
    assert ran.code == 0
    assert f"{len(QUESTIONS)} questions, {len(EXCHANGES)} requests, at most" in ran.out
    assert not emulator.journal


def test_it_asks_before_it_spends(emulator, run):
    ran = run("probe", env=emulator.config_vars, stdin="n\n")
    assert ran.code == 1
    assert "requests, at most" in ran.err
    assert not emulator.journal


def test_the_report_holds_no_key_and_no_host(emulator, run, tmp_path):
    ran = run("probe", "--yes", "--report", "report.md", env=emulator.config_vars)
    report = (tmp_path / "report.md").read_text("utf-8")
    assert emulator.api_key not in report
    assert "127.0.0.1" not in report
    assert "another host" in report
    assert report.count("\n| ") == len(QUESTIONS) + 2
    assert ran.code in (0, 1)


def test_json_is_all_there_is_on_stdout(emulator, run):
    ran = run("probe", "--yes", "--json", "--only", "usage-asked", env=emulator.config_vars)
    found = json.loads(ran.out)["findings"]
    assert [one["name"] for one in found] == ["usage-asked"]
    assert found[0]["verdict"] == "as assumed"


def test_a_question_that_does_not_exist_is_named(run):
    ran = run("probe", "--only", "weather")
    assert ran.code == 2
    assert "no question 'weather'" in ran.err


def test_a_refusal_is_a_finding_and_stops_nothing(emulator, run):
    env = {**emulator.config_vars, "INFERENCE_KEY": "inf-wrong-key"}
    ran = run("probe", "--yes", "--json", env=env)
    found = {one["name"]: one for one in json.loads(ran.out)["findings"]}
    assert found["usage-asked"]["verdict"] == "refused"
    assert found["usage-asked"]["observed"].startswith("401")
    assert found["bad-key"]["verdict"] == "as assumed"
