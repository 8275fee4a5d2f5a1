from __future__ import annotations

import time
from email.utils import formatdate

import pytest

from heroku_inference import APIConnectionError, APIError, APITimeoutError, Reply
from heroku_inference._error_bodies import error_from_reply
from heroku_inference._headers import duration, rate_limits_of, requested_wait
from heroku_inference._http.retry_policy import next_wait


def error(status: int | None, message: str = "no", retry_after: float | None = None) -> APIError:
    return APIError(message, status_code=status, retry_after=retry_after)


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, 529])
def test_failures_that_may_pass_are_retried_as_often_as_allowed(status):
    waits = [next_wait(error(status), attempt, 2) for attempt in (1, 2, 3)]
    assert waits[2] is None
    assert None not in waits[:2]


@pytest.mark.parametrize("failure", [APIConnectionError("reset"), APITimeoutError("slow")])
def test_failed_connections_are_retried(failure):
    assert next_wait(failure, 1, 1) is not None


@pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 409, 413, 422, 501])
def test_what_will_not_change_is_final(status):
    assert next_wait(error(status), 1, 5) is None


def test_no_retries_means_one_attempt():
    assert next_wait(error(503), 1, 0) is None


def test_a_client_fault_in_the_guise_of_a_500_is_retried_once():
    fault = error_from_reply(Reply(500, body=b'{"message": "Failed to execute chat"}'))
    assert next_wait(fault, 1, 5) is not None
    assert next_wait(fault, 2, 5) is None


def test_the_wait_grows_with_jitter_up_to_eight_seconds():
    for attempt, most in [(1, 0.5), (2, 1.0), (3, 2.0), (5, 8.0), (9, 8.0)]:
        waits = {next_wait(error(500), attempt, 10) for _ in range(20)}
        assert all(most * 0.75 <= wait <= most for wait in waits)
        assert len(waits) > 1


def test_the_server_sets_the_wait_within_reason():
    waits = {next_wait(error(429, retry_after=3.5), 1, 2) for _ in range(20)}
    assert all(3.5 <= wait <= 3.5 * 1.25 for wait in waits)
    assert len(waits) > 1


def test_a_wait_longer_than_any_limit_lasts_is_not_waited_for():
    assert next_wait(error(429, retry_after=3600), 1, 2) is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("51s", 51), ("1m3.5s", 63.5), ("250ms", 0.25), ("1h2m3s", 3723), ("7", 7), ("0.5", 0.5),
        ("100µs", 1e-4), ("5ns", 5e-9), (" 2s ", 2),
        ("soon", None), ("", None), ("-5s", None), ("3s?", None), (None, None),
    ],
)  # fmt: skip
def test_go_durations_are_seconds(text, seconds):
    assert duration(text) == (None if seconds is None else pytest.approx(seconds))


def test_every_header_form_says_how_long_to_wait():
    assert requested_wait(429, {"retry-after": "7"}) == 7
    assert requested_wait(503, {"retry-after-ms": "250", "retry-after": "9"}) == 0.25
    date = {"retry-after": formatdate(time.time() + 30, usegmt=True)}
    assert requested_wait(429, date) == pytest.approx(30, abs=2)
    past = {"retry-after": formatdate(time.time() - 30, usegmt=True)}
    assert requested_wait(429, past) == 0
    unzoned = formatdate(time.time() + 30).replace("+0000", "-0000")
    assert requested_wait(429, {"retry-after": unzoned}) == pytest.approx(30, abs=2)
    assert requested_wait(429, {"retry-after": "whenever"}) is None
    assert requested_wait(429, {}) is None


def test_a_429_waits_for_the_limit_that_is_used_up():
    headers = {
        "x-ratelimit-remaining-requests": "0",
        "x-ratelimit-remaining-tokens": "500",
        "x-ratelimit-reset-requests": "2s",
        "x-ratelimit-reset-tokens": "1m",
    }
    assert requested_wait(429, headers) == 2
    assert requested_wait(429, headers | {"x-ratelimit-remaining-tokens": "0"}) == 60
    assert requested_wait(429, headers | {"x-ratelimit-remaining-requests": "1"}) == 60
    assert requested_wait(500, headers) is None


def test_rate_limits_are_numbers():
    limits = rate_limits_of(
        {
            "x-ratelimit-limit-requests": "200",
            "x-ratelimit-limit-tokens": "800000",
            "x-ratelimit-remaining-requests": "198",
            "x-ratelimit-remaining-tokens": "799892",
            "x-ratelimit-reset-requests": "51s",
            "x-ratelimit-reset-tokens": "nonsense",
        }
    )
    assert rate_limits_of({"x-ratelimit-limit-tokens": "9" * 400}).limit_tokens is None
    assert rate_limits_of({"x-ratelimit-limit-tokens": "\x1c5"}).limit_tokens is None
    assert duration("9" * 400 + "s") is None
    assert requested_wait(429, {"retry-after": "\x1f5"}) is None
    assert (limits.limit_requests, limits.limit_tokens) == (200, 800_000)
    assert (limits.remaining_requests, limits.remaining_tokens) == (198, 799_892)
    assert (limits.reset_requests, limits.reset_tokens) == (51, None)
