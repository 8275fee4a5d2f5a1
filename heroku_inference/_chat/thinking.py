"""The rules of extended thinking, applied to a finished request body.

Claude takes thinking only under conditions that Heroku passes through as 400s (docs: chat
completions, extended thinking). A request that cannot meet them is adapted, and says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from heroku_inference._chat.messages import has_tool_calls, with_instruction
from heroku_inference._chat.thinking_choice import check_budget, is_on, thinking_object
from heroku_inference._chat.tools import is_forced
from heroku_inference._warnings import warn_caller

__all__ = [
    "SAMPLING",
    "apply_thinking_rules",
    "call_instruction",
    "thinks",
    "thinks_only_without_calls",
]

SAMPLING: Final = ("temperature", "top_p", "top_k")


def apply_thinking_rules(body: dict[str, Any]) -> None:
    """Bring `body`, which is the caller's own copy, in line with what thinking allows.

    `extended_thinking` becomes Heroku's object; a mapping with a `type` is sent as it is. With
    thinking on, however it was asked for: a history with tool calls turns it off, for this endpoint
    has no field for the thinking that would have to go with them (adaptive thinking does not need
    it); sampling parameters are not sent; a forced tool choice becomes `auto` and an instruction.
    Each of these warns.

    Raises:
        ConfigError: The budget is below 1024 or does not fit under the limit of output tokens.
    """
    if "extended_thinking" in body:
        _set_thinking(body)
    if not thinks(body):
        return
    if thinks_only_without_calls(body) and has_tool_calls(body["messages"]):
        _turn_off(body)
        return
    _drop_sampling(body)
    if is_forced(body.get("tool_choice")):
        _ask_for_call(body)


def call_instruction(names: Sequence[str]) -> str:
    """What to tell a model that must call one of these tools and cannot be forced to."""
    named = ", ".join(f"`{name}`" for name in names)
    which = f"the tool {named}" if len(names) == 1 else f"one of the tools {named}"
    return f"Answer only by calling {which}, never as text."


def thinks(body: Mapping[str, Any]) -> bool:
    """Whether the model will think under Claude's rules.

    On Claude `reasoning_effort` is another way to ask for thinking (docs: OpenAI compatibility);
    other families reason in their own way, without these rules.
    """
    thinking = body.get("extended_thinking")
    if isinstance(thinking, Mapping):
        return is_on(thinking)
    if not body.get("reasoning_effort"):
        return False
    # Few programs need the catalogue here, and it takes a tenth of the time of all imports.
    from heroku_inference._catalogue import thinks_by_effort  # noqa: PLC0415

    return thinks_by_effort(body["model"])


def thinks_only_without_calls(body: Mapping[str, Any]) -> bool:
    """Whether the model thinks in the way that a history with tool calls rules out."""
    return thinks(body) and not _is_adaptive(body)


def _is_adaptive(body: Mapping[str, Any]) -> bool:
    thinking = body.get("extended_thinking")
    return isinstance(thinking, Mapping) and thinking.get("type") == "adaptive"


def _set_thinking(body: dict[str, Any]) -> None:
    choice = body.pop("extended_thinking")
    if choice is False and body.get("reasoning_effort"):
        choice = {"enabled": False}  # by the effort alone Claude would think
    thinking = thinking_object(choice, _output_limit(body))
    if thinking is None:
        return
    body["extended_thinking"] = thinking
    if is_on(thinking):
        check_budget(thinking.get("budget_tokens"), _output_limit(body))


def _output_limit(body: Mapping[str, Any]) -> int | None:
    limit = body.get("max_tokens") or body.get("max_completion_tokens")
    return limit if isinstance(limit, int) else None


def _turn_off(body: dict[str, Any]) -> None:
    warn_caller(
        "Thinking is off for this call: its messages contain tool calls, and Heroku's chat "
        "completions cannot take back the thinking that Claude wants to see with them. To think "
        "between tool calls, use ChatHerokuMessages (LangChain) or HerokuMessages (LlamaIndex): "
        "`pip install heroku-inference[anthropic]`."
    )
    body.pop("extended_thinking", None)
    body.pop("reasoning_effort", None)


def _ask_for_call(body: dict[str, Any]) -> None:
    """Words for the choice that cannot be sent: agents ask again until a tool is called."""
    warn_caller(
        "tool_choice became 'auto': a model that thinks cannot be made to call a tool, so it is "
        "told to. Turn thinking off for this call to force one."
    )
    choice = body["tool_choice"]
    forced = choice["function"] if isinstance(choice, Mapping) and "function" in choice else None
    functions = [forced] if forced else [tool["function"] for tool in body.get("tools") or ()]
    instruction = call_instruction([function["name"] for function in functions])
    body["messages"] = with_instruction(body["messages"], instruction)
    body["tool_choice"] = "auto"


def _drop_sampling(body: dict[str, Any]) -> None:
    given = {name: body.pop(name) for name in SAMPLING if name in body}
    if given.get("temperature") == 1:  # what thinking implies anyway
        del given["temperature"]
    if given:
        warn_caller(
            f"{', '.join(given)} not sent: a Claude that thinks refuses sampling parameters."
        )
