"""Errors as classes of a framework."""

from __future__ import annotations

import traceback

from heroku_inference._errors import RateLimitError, recast


class BothError(RateLimitError, LookupError):
    """Ours, and a framework's."""


def test_a_recast_error_tells_all_that_the_first_one_told():
    try:
        try:
            raise OSError("no route")
        except OSError as cause:
            raise RateLimitError("Slow down.", status_code=429, retry_after=3.0) from cause
    except RateLimitError as error:
        both = recast(error, BothError)
        assert isinstance(both, LookupError)
        assert str(both) == both.message == "Slow down."
        assert (both.status_code, both.retry_after) == (429, 3.0)
        assert both.__cause__ is error.__cause__
        assert traceback.extract_tb(both.__traceback__) == traceback.extract_tb(error.__traceback__)
