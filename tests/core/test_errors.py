"""Errors as classes of a framework."""

from __future__ import annotations

import pytest

from heroku_inference._errors import RateLimitError, recast


class BothError(RateLimitError, LookupError):
    """Ours, and a framework's."""


def refuse():
    try:
        {}["route"]
    except KeyError as cause:
        raise RateLimitError("Slow down.", status_code=429, retry_after=3.0) from cause


def test_a_recast_error_carries_everything_of_the_first():
    with pytest.raises(RateLimitError) as caught:
        refuse()
    error, both = caught.value, recast(caught.value, BothError)
    assert isinstance(both, LookupError)
    assert str(both) == both.message == "Slow down."
    assert (both.status_code, both.retry_after) == (429, 3.0)
    assert both.__cause__ is error.__cause__
    assert both.__traceback__ is error.__traceback__
