"""The rules of extended thinking, from Bedrock's refusals (docs: chat completions). Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from heroku_emulator.chat.tools import forces_a_call
from heroku_emulator.fields import (
    bad_request,
    budget_fault,
    check_choice,
    check_flag,
    check_integer,
    check_object,
    refuse_unknown,
)

if TYPE_CHECKING:
    from heroku_emulator.models import Model
    from heroku_emulator.switches import Switches

__all__ = ["Thinking", "check_thinking", "thinking_of"]

_LEAST_BUDGET = 1024
_RETURNED = "ValidationException: The model returned the following errors:"
_CONSULT = (
    "Please consult our documentation at "
    "https://docs.claude.com/en/docs/build-with-claude/extended-thinking"
)


@dataclass(frozen=True, slots=True)
class Thinking:
    """What a request says about thinking."""

    enabled: bool = False
    has_budget: bool = False
    """Whether it asks by `extended_thinking`, with a given or a default budget."""
    budget_tokens: int | None = None
    include_reasoning: bool = False


def thinking_of(body: dict[str, Any], model: Model) -> Thinking:
    """Reads `extended_thinking`, or else `reasoning_effort`, which only thinking models use."""
    wanted = body.get("extended_thinking")
    if isinstance(wanted, dict):
        return Thinking(
            enabled=wanted.get("enabled") is True,
            has_budget=True,
            budget_tokens=wanted.get("budget_tokens"),
            include_reasoning=wanted.get("include_reasoning") is True,
        )
    return Thinking(enabled=body.get("reasoning_effort") is not None and model.thinking)


def check_thinking(body: dict[str, Any], model: Model, switches: Switches) -> None:
    """Checks the two ways to ask for thinking, and what they exclude.

    What Heroku makes of `extended_thinking` from Opus 4.7 on is unknown. It becomes a budget on
    earlier models, so it is refused as Bedrock refuses budgets; `reasoning_effort` passes.

    Raises:
        ApiError: 400, in Bedrock's words where they are known.
    """
    _check_form(body, switches)
    thinking = thinking_of(body, model)
    if not thinking.enabled:
        return
    if not model.thinking:
        raise bad_request(f"{_RETURNED} thinking: {model.model_id} does not support thinking")
    fault = budget_fault(model)
    if thinking.has_budget and fault is not None:
        raise bad_request(f"{_RETURNED} {fault}")
    _check_budget(body, thinking)
    _check_sampling(body)
    if forces_a_call(body):
        reason = "Thinking may not be enabled when tool_choice forces tool use."
        raise bad_request(f"{_RETURNED} {reason}")
    _check_history(body["messages"])


def _check_form(body: dict[str, Any], switches: Switches) -> None:
    check_choice(body, "reasoning_effort", ("low", "medium", "high"))
    if body.get("extended_thinking") is None:
        return
    wanted = check_object(body["extended_thinking"], "extended_thinking")
    known = ("enabled", "budget_tokens", "include_reasoning")
    refuse_unknown(wanted, known, switches)
    if check_flag(wanted, "enabled") is None:
        raise bad_request("extended_thinking.enabled is required")
    check_flag(wanted, "include_reasoning")
    check_integer(wanted, "budget_tokens", low=0)


def _check_budget(body: dict[str, Any], thinking: Thinking) -> None:
    budget = thinking.budget_tokens
    if budget is None:
        return
    if budget < _LEAST_BUDGET:
        field = "thinking.enabled.budget_tokens"
        raise bad_request(f"{_RETURNED} {field}: Input should be greater than or equal to 1024")
    most = body.get("max_tokens") or body.get("max_completion_tokens")
    if most is not None and budget >= most:
        reason = "`max_tokens` must be greater than `thinking.budget_tokens`."
        raise bad_request(f"{_RETURNED} {reason} {_CONSULT}")


def _check_sampling(body: dict[str, Any]) -> None:
    if body.get("temperature") not in (None, 1):
        reason = "`temperature` may only be set to 1 when thinking is enabled."
        raise bad_request(f"{_RETURNED} {reason} {_CONSULT}")
    for name in ("top_p", "top_k"):
        if body.get(name) is not None:
            reason = f"`{name}` must be unset when thinking is enabled."
            raise bad_request(f"{_RETURNED} {reason} {_CONSULT}")


def _check_history(messages: list[dict[str, Any]]) -> None:
    """Refuses tool calls in the history: thinking must precede them, but cannot be sent here."""
    spoken = [message for message in messages if message["role"] not in ("system", "developer")]
    calls = [number for number, message in enumerate(spoken) if message.get("tool_calls")]
    if calls:
        raise bad_request(
            "Failed to execute chat: ValidationException: The model returned the following "
            f"errors: messages.{calls[-1]}.content.0.type: Expected `thinking` or "
            "`redacted_thinking`, but found `text`. When `thinking` is enabled, a final "
            "`assistant` message must start with a thinking block "
            "(preceeding the lastmost set "  # codespell:ignore preceeding - their words
            "of `tool_use` and `tool_result` blocks). We recommend you include thinking blocks "
            "from previous turns. To avoid this requirement, disable `thinking`. Please consult "
            "our documentation at "
            "https://docs.claude.com/en/docs/build-with-claude/extended-thinking"
        )
