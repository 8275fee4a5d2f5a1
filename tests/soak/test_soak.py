"""A short soak in every run, and whether it would notice."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.soak.soak import Report, soak
from tests.soak.verdict import faults_of

SECONDS = 60
RIGHT = Report(right=1, typed=Counter(ServerError=1), files=(9, 9), threads=(1, 1))


def test_a_minute_of_mixed_calls_with_faults_leaves_nothing_wrong_and_nothing_behind():
    report = soak(SECONDS)
    assert faults_of(report) == []
    assert len(report.ways) > 40


@pytest.mark.parametrize(
    ("seen", "word"),
    [
        ({"wrong": ["Client.chat"]}, "Client.chat"),
        ({"right": 0}, "proves nothing"),
        ({"typed": Counter()}, "proves nothing"),
        ({"files": (9, 20)}, "11 files"),
        ({"threads": (1, 2)}, "1 threads"),
        ({"megabytes": (100, 131)}, "Memory grew"),
        ({"megabytes": (1000, 1151)}, "Memory grew"),
    ],
)
def test_a_soak_notices(seen, word):
    (fault,) = faults_of(Report(**{**vars(RIGHT), **seen}))
    assert word in fault


def test_a_clean_report_has_no_faults():
    assert faults_of(RIGHT) == []
