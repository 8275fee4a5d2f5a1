"""A column of labels is paid for once, within a budget, whatever happens on the way."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import pytest

from heroku_emulator import Emulator, Fault, Say
from heroku_inference import AuthenticationError, Client, Prices

sys.path.insert(0, str(Path(__file__).parents[2] / "notebooks"))
from column_labels import ColumnLabels

MODEL = "claude-4-5-sonnet"
PRICES = Prices({MODEL: {"input_cost_per_token": 0.0, "output_cost_per_token": 1.0}})
TEXTS = [f"message {number}" for number in range(20)]


@pytest.fixture
def labels(emulator: Emulator, tmp_path: Path):
    """Makes an object over the same file, as each new process would."""

    def make(**options) -> ColumnLabels:
        client = Client(api_key=emulator.api_key, base_url=emulator.url, model=MODEL, max_retries=0)

        def ask(text):
            answer = client.chat([{"role": "user", "content": text}])
            return answer.text, answer.usage

        return ColumnLabels(tmp_path / "labels.jsonl", ask, model=MODEL, prices=PRICES, **options)

    return make


def asked(emulator: Emulator) -> list[str]:
    return [entry.body["messages"][-1]["content"] for entry in emulator.journal]


def test_every_text_gets_its_label_and_equal_ones_are_asked_once(emulator, labels):
    job = labels()
    seen = []
    job.run([*TEXTS, *TEXTS[:5]], budget=1e9, on_progress=seen.append)
    assert sorted(asked(emulator)) == sorted(TEXTS)
    assert all(job.column(TEXTS))
    assert (seen[0].labelled, seen[-1].labelled, seen[-1].total) == (0, 20, 20)
    assert seen[-1].spent == job.tally.total.completion_tokens


def test_a_budget_ends_a_run_before_it_is_exceeded_and_the_next_one_goes_on(emulator, labels):
    first = labels()
    [one] = [first.run(TEXTS[:1], budget=1e9).spent]
    stopped = first.run(TEXTS, budget=7.5 * one)
    assert stopped.spent <= 7.5 * one
    assert 5 <= stopped.labelled < len(TEXTS)
    again = labels()
    assert again.spent == stopped.spent
    assert again.run(TEXTS, budget=7.5 * one).labelled <= stopped.labelled + 1
    assert again.run(TEXTS, budget=1e9).labelled == len(TEXTS)
    assert sorted(asked(emulator)) == sorted(TEXTS)  # nothing was paid twice


def test_a_refused_text_is_listed_and_the_others_go_on(emulator, labels):
    job = labels(max_concurrency=1)
    emulator.script(Say("yes"), Fault(400))
    report = job.run(TEXTS, budget=1e9)
    assert (report.labelled, report.failed) == (19, 1)
    assert list(job.errors) == [TEXTS[1]]
    assert job.column(TEXTS[:2]) == ["yes", None]
    assert job.run(TEXTS, budget=1e9).failed == 0


def test_a_wrong_key_ends_the_run_and_what_came_before_is_kept(emulator, labels):
    emulator.script(*[Say("yes")] * 3, Fault(401))
    with pytest.raises(AuthenticationError):
        labels(max_concurrency=1).run(TEXTS, budget=1e9)
    assert len(emulator.journal) == 4
    assert labels().column(TEXTS)[:4] == ["yes", "yes", "yes", None]


def test_what_was_under_way_at_an_interruption_is_kept(tmp_path, labels):
    job = labels(max_concurrency=4)

    def interrupt(progress):
        if progress.labelled == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        job.run(TEXTS, budget=1e9, on_progress=interrupt)
    assert threading.active_count() < 20
    assert len(labels().labels) == len(job.labels) >= 2


def test_half_a_line_of_a_kill_is_cut_off(tmp_path, labels):
    labels().run(TEXTS[:3], budget=1e9)
    file = tmp_path / "labels.jsonl"
    file.write_bytes(file.read_bytes()[:-10])
    again = labels()
    assert len(again.labels) == 2
    again.run(TEXTS[:3], budget=1e9)
    assert len(labels().labels) == 3


def test_a_model_without_a_price_is_refused(tmp_path):
    with pytest.raises(ValueError, match="no price for gpt-oss-120b"):
        ColumnLabels(tmp_path / "a", lambda _: None, model="gpt-oss-120b", prices=PRICES)
