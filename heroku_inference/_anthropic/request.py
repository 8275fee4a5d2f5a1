"""The rules of Heroku's Messages endpoint, applied to what its SDK is to send.

The endpoint speaks Anthropic's form (docs: messages). What Claude refuses while it thinks is
adapted as for chat completions, and says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from heroku_inference._anthropic.cache_marks import keep_last_marks
from heroku_inference._anthropic.history import apply_history_rules, ask_to_go_on
from heroku_inference._anthropic.tools import apply_tool_rules
from heroku_inference._catalogue import known_model, warn_of_end, warn_of_sampling
from heroku_inference._chat.repairs import Repairs
from heroku_inference._chat.thinking import (
    SAMPLING,
    apply_thinking_rules,
    call_instruction,
)
from heroku_inference._chat.thinking_choice import check_thinking, is_on
from heroku_inference._warnings import warn_caller

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["TRIES_FIELD", "add_instruction", "is_forced", "message_arguments", "thinks"]

TRIES_FIELD: Final = "tool_call_retries"
"""The field of the SDK's body that says how often the model may try again; it is not sent."""

_MAX_TOKENS: Final = 8192  # where Heroku documents no cap; of those that it does, the largest
_ANSWER_TOKENS: Final = 4096  # of the answer, above a thinking budget
_BUDGET: Final = 2048  # as for chat completions
# Of Anthropic's own servers: Heroku drops them without a word (docs: messages).
_DROPPED: Final = (
    "container",
    "context_management",
    "inference_geo",
    "mcp_servers",
    "user_profile_id",
)
_HOW_TO_THINK: Final = frozenset({"type", "budget_tokens"})
# Keys of `extended_thinking` that say something elsewhere, or (`include_reasoning`) what always is.
_ELSEWHERE: Final = frozenset({"enabled", "include_reasoning", "effort"})
_THOUGHTS: Final = ("thinking", "redacted_thinking")


def message_arguments(given: Mapping[str, Any], extended_thinking: Any = None) -> dict[str, Any]:
    """The arguments of the SDK's `messages.create`, in line with what the endpoint takes.

    `max_tokens` is required: where it is not given, it is the cap that Heroku documents for the
    model or 8192, and above any thinking budget. Thinking goes off where tools were called without
    it and their results are still being worked on. While the model thinks, sampling parameters are
    not sent and a forced tool choice becomes `auto` and an instruction. Each of these warns, as
    does what Heroku would drop. Sampling parameters that the model is known to refuse are sent, and
    warn once, as does a model that is past its end of life.

    Args:
        given: What would be sent, sampling parameters also in `extra_body`; what is `None` is not
            sent. Of `output_config` only the `effort` is.
        extended_thinking: `True`, a budget in tokens (1024 or more), or a mapping with `enabled`
            and `budget_tokens`; `False` turns off what `given` says. A mapping with a `type` is
            sent as it is, its `effort` in `output_config`. For a model that takes no budget,
            `True` is adaptive thinking.

    The messages can hold anything that a memory does: only the last one, if it is the user's, is
    refused. The others are repaired, with one warning, and then joined where one role follows
    itself.

    Raises:
        ConfigError: The newest message cannot be sent, the budget is below 1024 or does not fit
            under `max_tokens`, or the mapping has a key that does not exist.
    """
    body = {name: value for name, value in given.items() if value is not None}
    warn_of_end(body["model"])
    dropped = [name for name in _DROPPED if body.pop(name, None) is not None]
    dropped += _keep_effort(body)
    if dropped:
        warn_caller(f"{', '.join(dropped)} not sent: Heroku's Messages endpoint drops that.")
    repairs = Repairs()
    apply_history_rules(body, repairs)
    apply_tool_rules(body)
    keep_last_marks(body)
    if extended_thinking is not None:
        _set_thinking(body, extended_thinking)
    if "max_tokens" not in body:
        body["max_tokens"] = _max_tokens(body)
    if _needs_thinking_back(body) and _called_without_thinking(body.get("messages") or ()):
        _turn_off(body)
    if thinks(body):
        ask_to_go_on(body, repairs)
        _drop_sampling(body)
        if isinstance(choice := body.get("tool_choice"), Mapping) and is_forced(choice):
            _ask_for_call(body, choice)
    repairs.warn()
    extra = body.get("extra_body") or {}
    warn_of_sampling(body["model"], (name for name in SAMPLING if name in body or name in extra))
    return body


def thinks(body: Mapping[str, Any]) -> bool:
    """Whether the model will think, whatever way it was told to."""
    return _type_of_thinking(body) in ("enabled", "adaptive")


def _needs_thinking_back(body: Mapping[str, Any]) -> bool:
    """Whether tool calls must come with their thinking.

    Thinking with a budget demands it, adaptive thinking does not (docs: adaptive thinking).
    """
    return bool(_type_of_thinking(body) == "enabled")


def _type_of_thinking(body: Mapping[str, Any]) -> Any:
    thinking = body.get("thinking") or (body.get("extra_body") or {}).get("thinking")
    return thinking.get("type") if isinstance(thinking, Mapping) else None


def _keep_effort(body: dict[str, Any]) -> list[str]:
    """Leave only the effort in `output_config`, and return the names of what was dropped of it."""
    config = body.pop("output_config", None)
    if not isinstance(config, Mapping):
        return []
    if config.get("effort") is not None:
        body["output_config"] = {"effort": config["effort"]}
    return [f"output_config.{name}" for name in config if name != "effort"]


def _set_thinking(body: dict[str, Any], choice: Any) -> None:
    """Put `thinking` into the body, by the rules that the choice has for chat completions."""
    body.pop("thinking", None)
    check_thinking(choice)
    choice = _without_budget(choice, body["model"])
    asked = {"model": body["model"], "messages": [], "extended_thinking": choice}
    if "max_tokens" in body:
        asked["max_tokens"] = body["max_tokens"]
    apply_thinking_rules(asked)
    thinking = asked.get("extended_thinking")
    if not isinstance(thinking, Mapping):
        return
    if thinking.get("effort") is not None:
        body["output_config"] = {"effort": thinking["effort"]}
    if thinking.get("enabled", True):
        wire = {name: thinking[name] for name in thinking if name not in _ELSEWHERE}
        usual = {} if "type" in wire else {"type": "enabled", "budget_tokens": _BUDGET}
        body["thinking"] = usual | wire


def _without_budget(choice: Any, model: str) -> Any:
    """Adaptive thinking, where the choice leaves the budget to us and the model takes none."""
    facts = known_model(model)
    if facts is None or facts.thinking_budget is not False:
        return choice
    if choice is True:
        return {"type": "adaptive"}
    if isinstance(choice, Mapping) and is_on(choice) and not choice.keys() & _HOW_TO_THINK:
        return {**choice, "type": "adaptive"}
    return choice


def _max_tokens(body: Mapping[str, Any]) -> int:
    facts = known_model(body["model"])
    usual = (facts and facts.max_output_tokens) or _MAX_TOKENS
    thinking = body.get("thinking")
    budget = thinking.get("budget_tokens") if isinstance(thinking, Mapping) else None
    if not isinstance(budget, int) or budget < usual:
        return usual
    return budget + _ANSWER_TOKENS


def _called_without_thinking(messages: Sequence[Mapping[str, Any]]) -> bool:
    """Whether calls since the user's last words lack the thinking that Claude wants with them."""
    for message in reversed(messages):
        content = message.get("content")
        kinds = [block.get("type") for block in content] if isinstance(content, list) else []
        if message.get("role") == "assistant":
            if "tool_use" in kinds and kinds[0] not in _THOUGHTS:
                return True
        elif "tool_result" not in kinds:
            break
    return False


def _turn_off(body: dict[str, Any]) -> None:
    warn_caller(
        "Thinking is off for this call: it answers calls of tools that were made without thinking, "
        "and Claude does not begin to think there. From the next message of the user on it does."
    )
    body.pop("thinking", None)
    if "extra_body" in body:
        extra = body["extra_body"]
        body["extra_body"] = {name: extra[name] for name in extra if name != "thinking"}


def _drop_sampling(body: dict[str, Any]) -> None:
    extra = dict(body.get("extra_body") or {})
    given = {name: part.pop(name) for part in (extra, body) for name in SAMPLING if name in part}
    if "extra_body" in body:
        body["extra_body"] = extra
    if given.get("temperature") == 1:  # what thinking implies anyway
        del given["temperature"]
    if given:
        warn_caller(
            f"{', '.join(given)} not sent: a Claude that thinks refuses sampling parameters."
        )


def is_forced(choice: Mapping[str, Any]) -> bool:
    """Whether a choice makes the model call a tool."""
    return choice.get("type") in ("any", "tool")


def _ask_for_call(body: dict[str, Any], choice: Mapping[str, Any]) -> None:
    """Words for the choice that cannot be sent: agents ask again until a tool is called."""
    warn_caller(
        "tool_choice became 'auto': a model that thinks cannot be made to call a tool, so it is "
        "told to. Turn thinking off for this call to force one."
    )
    one = choice.get("name")
    names = [one] if one else [tool["name"] for tool in body.get("tools") or () if "name" in tool]
    instruction = call_instruction(names)
    kept = {name: choice[name] for name in choice if name not in {"type", "name"}}
    body["tool_choice"] = {"type": "auto", **kept}
    add_instruction(body, instruction)


def add_instruction(body: dict[str, Any], instruction: str) -> None:
    """Put an instruction behind what the system says."""
    system = body.get("system")
    if isinstance(system, str) and system:
        body["system"] = f"{system}\n\n{instruction}"
    elif system:
        body["system"] = [*system, {"type": "text", "text": instruction}]
    else:
        body["system"] = instruction
