"""Requests and answers of Heroku's Messages endpoint, for adapters that build on Anthropic's SDK.

Nothing here loads that SDK; its clients are in `anthropic_clients`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from heroku_inference._anthropic.reading import finish_reason
from heroku_inference._anthropic.request import TRIES_FIELD, message_arguments, thinks
from heroku_inference._anthropic.response_format import answer_tool, ask_for_answer
from heroku_inference._chat.options import (
    check_limit,
    check_model,
    check_share,
    check_tool_call_retries,
)
from heroku_inference._chat.thinking_choice import check_thinking
from heroku_inference._config.arguments import (
    SENDING_OPTIONS,
    check_extra_body,
    check_headers,
    check_query,
    check_timeout,
)
from heroku_inference._errors import ConfigError

__all__ = [
    "MESSAGES_OPTIONS",
    "NOT_OF_MESSAGES",
    "answer_tool",
    "ask_for_answer",
    "check_call",
    "check_thinking",
    "finish_reason",
    "message_arguments",
    "will_think",
    "with_second_tries",
    "with_user",
]

MESSAGES_OPTIONS: Final = frozenset(
    {
        *SENDING_OPTIONS,
        "betas",
        "cache_control",
        "container",
        "context_management",
        "effort",
        "extended_thinking",
        "extra_body",
        "inference_geo",
        "max_completion_tokens",
        "max_tokens",
        "mcp_servers",
        "messages",
        "metadata",
        "model",
        "output_config",
        "output_format",
        "parallel_tool_calls",
        "reasoning_effort",
        "response_format",
        "service_tier",
        "stop",
        "stop_sequences",
        "stream",
        "system",
        "temperature",
        "thinking",
        "tool_call_retries",
        "tool_choice",
        "tools",
        "top_k",
        "top_p",
        "user",
        "user_profile_id",
    }
)
"""The options of a call of the Messages endpoint, in Anthropic's names and in ours."""

NOT_OF_MESSAGES: Final = {
    "on_retry": "Retries are not reported here.",
    "prompt_caching": "The Messages endpoint caches only what is marked: set cache_control in "
    "content blocks.",
}
"""What to do instead of an option that chat completions have, by its name."""


_KINDS: Final[dict[str, tuple[type, ...]]] = {
    "metadata": (Mapping,),
    "response_format": (Mapping,),
    "tools": (list, tuple),
}


def check_call(call: Mapping[str, Any]) -> None:
    """Refuse options of a call whose values cannot work.

    Raises:
        ConfigError: A value is wrong.
    """
    check_model(call.get("model"))
    for name in ("max_tokens", "max_completion_tokens"):
        check_limit(name, call.get(name))
    for name in ("temperature", "top_p"):
        check_share(name, call.get(name))
    check_timeout(call.get("timeout"))
    check_headers(call.get("extra_headers"), "extra_headers")
    check_query(call.get("extra_query"))
    check_extra_body(call.get("extra_body"))
    for name, kinds in _KINDS.items():
        if (value := call.get(name)) is not None and not isinstance(value, kinds):
            raise ConfigError(
                f"{name} must be a {'list' if name == 'tools' else 'mapping'}, got a value of "
                f"type {type(value).__name__}.",
                "Leave it out for none.",
            )


def with_user(metadata: Mapping[str, Any] | None, user: str | None) -> Mapping[str, Any] | None:
    """The `metadata` of a request with the end user, which is how the endpoint has `user`."""
    return metadata if user is None else {"user_id": user, **(metadata or {})}


def with_second_tries(arguments: dict[str, Any], tries: int | None) -> dict[str, Any]:
    """The arguments of a call in which the model may try again when arguments cannot be read."""
    if not tries or not arguments.get("tools"):
        return arguments
    check_tool_call_retries(tries)
    extra = {**(arguments.get("extra_body") or {}), TRIES_FIELD: tries}
    return {**arguments, "extra_body": extra}


def will_think(arguments: Mapping[str, Any], extended_thinking: Any) -> bool:
    """Whether the model thinks with these settings; if so, a tool call cannot be forced."""
    return thinks(message_arguments(arguments, extended_thinking))
