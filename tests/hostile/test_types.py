"""No JSON makes a call end in anything but its answer or an error of this library.

Each field of a right answer is replaced in turn by values of other types. What is wrong beside the
content (a count, an id, a date) must not lose the content.

`make hostile` tries all of them; the suite tries a part.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from tests.hostile.right_answers import ENDPOINTS, ERRORS, Case
from tests.hostile.subjects import WAYS, Desk, is_ours, outcomes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

PART = 29  # a prime, so that the parts of neighbours differ


@pytest.fixture
def choose(whole: bool) -> Callable[[str, Iterable[Case]], Iterable[Case]]:
    """All cases, or those that are a way's share of them."""

    def share(way: str, cases: Iterable[Case]) -> Iterable[Case]:
        return itertools.islice(cases, sum(way.encode()) % PART, None, PART)

    return (lambda _, cases: cases) if whole else share


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("way", WAYS)
def test_any_json_is_answered_or_an_error_of_ours(way, serve, choose):
    endpoint = ENDPOINTS[WAYS[way][0]]
    faults = []
    for case, outcome in outcomes(
        way, itertools.chain([None], choose(way, endpoint.cases())), Desk(serve, endpoint)
    ):
        if not isinstance(outcome, Exception):
            if (case is None or case.keeps_text) and endpoint.text not in str(outcome):
                faults.append(f"{case}: text lost: {outcome}")
        elif not is_ours(outcome, way):
            faults.append(f"{case}: {type(outcome).__name__}: {str(outcome)[:150]}")
        elif case is None or not case.may_fail:
            faults.append(f"{case}: lost: {str(outcome)[:200]}")
    assert not faults, f"{len(faults)}\n" + "\n".join(faults)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("way", WAYS)
def test_any_json_of_a_refusal_is_an_error_of_ours(way, serve, choose):
    faults = []
    for case, outcome in outcomes(
        way, choose(way, ERRORS.cases()), Desk(serve, ERRORS, "400 Bad Request")
    ):
        if not is_ours(outcome, way):
            faults.append(f"{case}: {type(outcome).__name__}: {str(outcome)[:150]}")
        else:
            str(outcome).encode()
    assert not faults, f"{len(faults)}\n" + "\n".join(faults)
