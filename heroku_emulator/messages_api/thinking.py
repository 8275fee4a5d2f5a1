"""Checks the request for thinking, and what it excludes (docs: extended thinking). Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from heroku_emulator.fields import budget_fault
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

__all__ = ["check_thinking", "hides_thinking", "must_return_thinking", "thinks"]

_FIELDS = {
    "enabled": ("type", "budget_tokens"),
    "disabled": ("type",),
    "adaptive": ("type", "display"),
}
_EFFORTS = ("low", "medium", "high", "xhigh", "max")
_LEAST_BUDGET = 1024
_LEAST_TOP_P = 0.95
_CONSULT = (
    "Please consult our documentation at "
    "https://docs.claude.com/en/docs/build-with-claude/extended-thinking"
)


def thinks(body: dict[str, Any]) -> bool:
    """Says whether a request asks for thinking."""
    return _type_of(body) in ("enabled", "adaptive")


def must_return_thinking(body: dict[str, Any]) -> bool:
    """Says whether calls of the open round must come with their thinking.

    Anthropic does not demand it of adaptive thinking.
    """
    return _type_of(body) == "enabled"


def hides_thinking(body: dict[str, Any]) -> bool:
    """Says whether a request asks for thinking blocks without their text."""
    return thinks(body) and bool(body["thinking"].get("display") == "omitted")


def _type_of(body: dict[str, Any]) -> str | None:
    wanted = body.get("thinking")
    return str(wanted.get("type")) if isinstance(wanted, dict) else None


def check_thinking(body: dict[str, Any], model: Model) -> None:
    """Checks `thinking` and the fields that it restricts.

    Raises:
        ApiError: 400, in Claude's words where they are known.
    """
    _check_effort(body.get("output_config"))
    if body.get("thinking") is None:
        return
    wanted = check_object(body["thinking"], "thinking")
    kind = check_choice(wanted, "type", tuple(_FIELDS), "thinking.")
    refuse_unknown(wanted, _FIELDS[kind], f"thinking.{kind}.")
    if kind == "disabled":
        return
    if not model.thinking:
        raise invalid_input("thinking", f"{model.model_id} does not support thinking")
    if wanted.get("display") is not None:
        check_choice(wanted, "display", ("summarized", "omitted"), f"thinking.{kind}.")
    if kind == "enabled":
        _check_budget(wanted, body, model)
    elif not model.adaptive_thinking:
        raise invalid_input("", "adaptive thinking is not supported on this model")
    _check_sampling(body)
    if forces_a_call(body):
        raise invalid_input("", "Thinking may not be enabled when tool_choice forces tool use.")


def _check_effort(config: Any) -> None:
    """Checks the effort; other fields of `output_config` are dropped."""
    if isinstance(config, dict) and config.get("effort") is not None:
        check_choice(config, "effort", _EFFORTS, "output_config.")


def _check_budget(wanted: dict[str, Any], body: dict[str, Any], model: Model) -> None:
    fault = budget_fault(model)
    if fault is not None:
        raise invalid_input("", fault)
    budget = check_integer(wanted, "budget_tokens", _LEAST_BUDGET, "thinking.enabled.")
    if budget is None:
        raise invalid_input("thinking.enabled.budget_tokens", "Field required")
    if budget >= body["max_tokens"]:
        reason = "`max_tokens` must be greater than `thinking.budget_tokens`."
        raise invalid_input("", f"{reason} {_CONSULT}")


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
