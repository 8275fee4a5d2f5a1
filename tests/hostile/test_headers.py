"""Odd values in the headers of an answer lose nothing of it."""

from __future__ import annotations

import pytest

from tests.hostile.right_answers import ENDPOINTS, ERRORS
from tests.hostile.subjects import WAYS, Desk, is_ours, outcomes

ODD = {
    "control characters before numbers": [
        b"x-ratelimit-remaining-requests: \x1c5",
        b"x-ratelimit-reset-tokens: \x1f5s",
        b"retry-after: \x1d5",
        b"retry-after-ms: \x1e5",
    ],
    "not ASCII": [
        b"x-request-id: \xe9\xe8",
        b"x-odd: \xff\xe2\x82\xac",
        b"x-ratelimit-limit-requests: \xb2",
        b"x-ratelimit-reset-requests: 1\xb5s",
    ],
    "numbers without end": [
        b"x-ratelimit-limit-tokens: " + b"9" * 400,
        b"x-ratelimit-reset-requests: " + b"9" * 400 + b"s",
        b"retry-after: " + b"9" * 400,
    ],
    "nothing": [b"x-ratelimit-limit-tokens:", b"retry-after:", b"x-request-id:"],
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("headers", ODD.values(), ids=ODD)
@pytest.mark.parametrize("way", WAYS)
def test_odd_headers_lose_no_answer(way, headers, serve):
    endpoint = ENDPOINTS[WAYS[way][0]]
    ((_, outcome),) = outcomes(way, [None], Desk(serve, endpoint, "200 OK", *headers))
    assert not isinstance(outcome, Exception), repr(outcome)
    assert endpoint.text in str(outcome)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("headers", ODD.values(), ids=ODD)
@pytest.mark.parametrize("way", WAYS)
def test_a_refusal_with_odd_headers_is_an_error_of_ours(way, headers, serve):
    desk = Desk(serve, ERRORS, "429 Too Many Requests", *headers)
    ((_, outcome),) = outcomes(way, [None], desk)
    assert is_ours(outcome, way), repr(outcome)
    assert outcome.status_code == 429
