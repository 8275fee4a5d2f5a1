"""What `extended_thinking` may be, and what it means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from heroku_inference._config.arguments import nearest_name
from heroku_inference._errors import ConfigError, UnknownArgumentError

__all__ = ["check_budget", "check_thinking", "is_on", "thinking_object"]

# Tokens for thinking when the caller only said `True`: the documentation's examples use 2000, and
# it fits under the smallest output limit that is documented (4096).
_DEFAULT_BUDGET = 2048
# The least that Heroku accepts (docs: chat completions, extended thinking).
_MINIMUM_BUDGET = 1024

# Heroku's own, and Anthropic's, which is known from Opus 4.7 on (docs: adaptive thinking).
_KEYS: Final = ("enabled", "budget_tokens", "include_reasoning", "type", "display", "effort")
_THINKS: Final = ("enabled", "adaptive")


def check_thinking(choice: Any) -> None:
    """Refuse what no call can send as `extended_thinking`, whatever its limit of output tokens.

    Raises:
        ConfigError: It is not one of the documented forms, a mapping has a key that does not exist
            (the error names the nearest one), or the budget is below 1024.
    """
    if isinstance(choice, Mapping):
        for name in choice:
            if name not in _KEYS:
                nearest = nearest_name(str(name), _KEYS)
                raise UnknownArgumentError(
                    f"extended_thinking has no key {name!r}.",
                    f"Did you mean {nearest!r}?" if nearest else f"Keys are {', '.join(_KEYS)}.",
                )
    thinking = thinking_object(choice, None)
    if thinking is not None and thinking.get("enabled"):
        check_budget(thinking.get("budget_tokens"), None)


def thinking_object(choice: Any, limit: int | None) -> dict[str, Any] | None:
    """Heroku's object; the reasoning is asked for where the caller did not say otherwise."""
    if choice is None or choice is False:
        return None
    if isinstance(choice, Mapping):
        return dict(choice) if "type" in choice else {"enabled": True, **choice}
    if choice is True:
        budget = _DEFAULT_BUDGET if limit is None else min(_DEFAULT_BUDGET, limit // 2)
        choice = max(budget, _MINIMUM_BUDGET)
    if not isinstance(choice, int):
        raise ConfigError(
            f"extended_thinking={choice!r} is not documented.",
            "Pass True, a budget in tokens, or a mapping with 'enabled', 'budget_tokens' and "
            "'include_reasoning', or with a 'type'.",
        )
    return {"enabled": True, "budget_tokens": choice, "include_reasoning": True}


def check_budget(budget: Any, limit: int | None) -> None:
    """Refuse a budget that is below 1024, or does not fit under the limit of output tokens."""
    if not isinstance(budget, int):
        return
    if budget < _MINIMUM_BUDGET:
        raise ConfigError(
            f"A thinking budget of {budget} tokens is too small.",
            f"Raise it to {_MINIMUM_BUDGET} or more.",
        )
    if limit is not None and budget >= limit:
        raise ConfigError(
            f"The thinking budget of {budget} tokens does not fit into the limit of {limit} output "
            "tokens, which counts thinking and answer together.",
            f"Raise the limit (max_tokens) above {budget}, or lower the budget.",
        )


def is_on(thinking: Mapping[str, Any]) -> bool:
    """Whether a mapping for `extended_thinking` turns thinking on, as it does unless it says no."""
    return bool(thinking.get("enabled", True)) and thinking.get("type", "enabled") in _THINKS
