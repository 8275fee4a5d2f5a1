"""The bench judges by its rounds, can run each of its rows, and its page shows its figures."""

from __future__ import annotations

import ast
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from bench import contenders, page
from bench.figures import load
from bench.outcome import Outcome, SkippedError
from bench.row import IDEAL, Bound, Row
from bench.rows import ROWS
from bench.stub import SCENARIOS, Listener
from bench.work import LIMIT, corpus, ideal_seconds, refused_in, whole_requests


def outcome(bound: Bound, ours: list[float], theirs: list[float]) -> Outcome:
    row = Row("row", "label", "work", "us", ("ours", "theirs"), bounds=(bound,))
    return Outcome(row, {"ours": ours, "theirs": theirs})


def test_a_ratio_is_of_the_rounds_so_that_a_slow_round_slows_both_sides():
    rounds = outcome(Bound("ours", "theirs", ratio=0.5), [1, 9, 8, 2, 9], [4, 36, 10, 8, 36])
    [verdict] = rounds.verdicts
    assert rounds.values == {"ours": 8, "theirs": 10}
    assert verdict.measured.median == 0.25
    assert (verdict.result, verdict.is_close) == ("pass", True)  # one round was at 0.8


@pytest.mark.parametrize(
    ("limit", "result", "is_close"),
    [(0.6, "pass", False), (0.5, "pass", True), (0.45, "MISS", True), (0.3, "MISS", False)],
)
def test_a_verdict_says_whether_noise_could_turn_it(limit, result, is_close):
    ours = [4, 4, 4, 4, 5, 5, 5, 5, 5, 5, 9]  # the interval ignores two rounds at each end
    [verdict] = outcome(Bound("ours", "theirs", ratio=limit), ours, [10] * 11).verdicts
    assert (verdict.result, verdict.is_close) == (result, is_close)


def test_a_contender_that_fails_is_not_judged():
    rounds = outcome(Bound("ours", "theirs", ratio=0.5), [1], [4])
    with rounds.skipping("theirs"):
        raise SkippedError("failed: out of luck")
    [verdict] = rounds.verdicts
    assert (verdict.result, verdict.reason) == ("not run", "theirs: failed: out of luck")


def test_each_contender_has_a_function_for_each_of_its_rows():
    folder = Path(contenders.__file__).parent
    missing = []
    for row in ROWS:
        for name in row.contenders if row.kind != "import" else ():
            body = ast.parse((folder / f"{name}.py").read_text(encoding="utf-8")).body
            defined = {each.name for each in body if isinstance(each, ast.FunctionDef)}
            assigned = [each.targets for each in body if isinstance(each, ast.Assign)]
            defined |= {target.id for targets in assigned for target in targets}
            if row.name.replace("-", "_") not in defined:
                missing.append(f"{name}: {row.name}")
    assert missing == []


def test_each_bound_is_about_contenders_of_its_row():
    for row in ROWS:
        for bound in row.bounds:
            assert {bound.contender, bound.against} <= {*row.contenders, IDEAL, None}, row.name


def test_the_limited_port_refuses_what_comes_too_early_and_counts_texts_paid_twice():
    port = Listener(SCENARIOS["limited"])
    answers = [
        port.answer(b"/v1/embeddings", json.dumps({"input": [f"text {number}", "same"]}).encode())
        for number in range(LIMIT + 1)
    ]
    heads = [answer.partition(b"\r\n\r\n")[0] for answer in answers]
    assert [head.split(b" ")[1] for head in heads] == [b"200"] * LIMIT + [b"429"]
    assert b"x-ratelimit-remaining-requests: 0" in heads[-1]
    assert (port.traffic.refused, port.traffic.paid_twice) == (1, LIMIT - 1)


def test_the_ideal_time_is_that_of_whole_requests_at_the_limit():
    assert ideal_seconds(whole_requests(96 * LIMIT, 1)) == 0.05
    assert ideal_seconds(whole_requests(96 * LIMIT + 1, 1)) == 1.05
    assert ideal_seconds(whole_requests(25_000, 4)) == 52.05


def test_the_port_with_faults_refuses_texts_and_fails_now_and_then():
    scenario = replace(SCENARIOS["limited-faults"], limit=10_000, faults=0.1)
    port = Listener(scenario)
    *texts, refused = (text for _, text in corpus(2501))
    assert refused_in(2501) == 1

    def status(*texts: str) -> bytes:
        return port.answer(b"/v1/embeddings", json.dumps({"input": texts}).encode())[9:12]

    statuses = Counter(status(text) for text in texts)
    assert statuses.keys() == {b"200", b"503", b""}
    assert 0.8 < statuses[b"200"] / len(texts) < 1
    port.scenario = replace(scenario, faults=0)
    # Who asks for `a` asks whether it is the text that is refused.
    assert [status("a", refused), status("a"), status("a")] == [b"400", b"200", b"200"]
    assert (port.traffic.answered, port.traffic.paid_twice) == (statuses[b"200"] + 3, 0)


def test_the_page_and_its_chart_show_the_figures_that_are_kept():
    setting, outcomes = load(page.FIGURES)
    text = page.PAGE.read_text(encoding="utf-8")
    assert page.written(text, setting, outcomes) == text
    assert page.chart(outcomes) == page.CHART.read_text(encoding="utf-8")
