"""Runs of Heroku's agents: the result of one, and whether a failed one had started."""

from __future__ import annotations

from typing import TYPE_CHECKING

from heroku_inference._agents.request import ELSEWHERE
from heroku_inference._agents.result import agent_result

if TYPE_CHECKING:
    from heroku_inference._errors import HerokuError

__all__ = ["ELSEWHERE", "agent_result", "was_refused"]


def was_refused(error: HerokuError) -> bool:
    """Whether the server refused the request, so that no tool has run."""
    from heroku_inference._http.transport_base import is_success  # noqa: PLC0415 - slow to load, needed rarely

    response = getattr(error, "response", None)
    return response is not None and not is_success(response.status_code)
