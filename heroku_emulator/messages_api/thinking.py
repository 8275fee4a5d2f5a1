"""Checks the request for thinking, and what it excludes (docs: extended thinking). Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from heroku_emulator.messages_api.refusals import (
    check_choice,
    check_integer,
    check_object,
    invalid_input,
    refuse_unknown,
)
from heroku_emulator.messages_api.tools import forces_a_call

if TYPE_CHECKING:
    from heroku_emulator.models import Model

__all__ = ["check_thinking", "thinks"]

_LEAST_BUDGET = 1024
_LEAST_TOP_P = 0.95
_CONSULT = (
    "Please consult our documentation at "
    "https://docs.claude.com/en/docs/build-with-claude/extended-thinking"
)


def thinks(body: dict[str, Any]) -> bool:
    """Says whether a request asks for thinking."""
    wanted = body.get("thinking")
    return isinstance(wanted, dict) and wanted.get("type") == "enabled"


def check_thinking(body: dict[str, Any], model: Model) -> None:
    """Checks `thinking` and the fields that it restricts.

    Raises:
        ApiError: 400, in Claude's words where they are known.
    """
    if body.get("thinking") is None:
        return
    wanted = check_object(body["thinking"], "thinking")
    if check_choice(wanted, "type", ("enabled", "disabled"), "thinking.") == "disabled":
        refuse_unknown(wanted, ("type",), "thinking.disabled.")
        return
    refuse_unknown(wanted, ("type", "budget_tokens"), "thinking.enabled.")
    if not model.thinking:
        raise invalid_input("thinking", f"{model.model_id} does not support thinking")
    budget = check_integer(wanted, "budget_tokens", _LEAST_BUDGET, "thinking.enabled.")
    if budget is None:
        raise invalid_input("thinking.enabled.budget_tokens", "Field required")
    if budget >= body["max_tokens"]:
        reason = "`max_tokens` must be greater than `thinking.budget_tokens`."
        raise invalid_input("", f"{reason} {_CONSULT}")
    _check_sampling(body)
    if forces_a_call(body):
        raise invalid_input("", "Thinking may not be enabled when tool_choice forces tool use.")


def _check_sampling(body: dict[str, Any]) -> None:
    reason, top_p = None, body.get("top_p")
    if body.get("temperature") not in (None, 1):
        reason = "`temperature` may only be set to 1 when thinking is enabled."
    elif body.get("top_k") is not None:
        reason = "`top_k` must be unset when thinking is enabled."
    elif top_p is not None and top_p < _LEAST_TOP_P:
        reason = "`top_p` must be greater than or equal to 0.95 or unset when thinking is enabled."
    if reason is not None:
        raise invalid_input("", f"{reason} {_CONSULT}")
