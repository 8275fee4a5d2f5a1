"""What Heroku accepts as a chat completions request (docs: chat completions). Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from heroku_emulator.chat.messages import (
    check_messages,
    check_tool_names_of_history,
    check_tools_of_history,
)
from heroku_emulator.chat.thinking import check_thinking
from heroku_emulator.chat.tools import check_tools
from heroku_emulator.fields import (
    bad_request,
    check_flag,
    check_integer,
    check_object,
    check_sampling,
    refuse_unknown,
    switches_of,
    unrecognized,
)

if TYPE_CHECKING:
    from heroku_emulator.models import Model
    from heroku_emulator.switches import Switches

__all__ = ["check_chat_request"]

_HEEDED = (
    "model",
    "messages",
    "max_tokens",
    "max_completion_tokens",
    "temperature",
    "top_p",
    "top_k",
    "stop",
    "stream",
    "stream_options",
    "tools",
    "tool_choice",
    "tool_options",
    "parallel_tool_calls",
    "reasoning_effort",
    "extended_thinking",
    "allow_ignored_params",
    "modalities",
    "user",
)
# Heroku's compatibility page lists these names as "yes, but ignored"; `seed` is on two others.
_IGNORED = (
    "audio",
    "frequency_penalty",
    "logit_bias",
    "logprobs",
    "metadata",
    "n",
    "prediction",
    "presence_penalty",
    "prompt_cache_key",
    "response_format",
    "safety_identifier",
    "seed",
    "service_tier",
    "store",
    "top_logprobs",
    "verbosity",
    "web_search_options",
)


def check_chat_request(body: dict[str, Any], model: Model, switches: Switches) -> None:
    """Checks everything that Heroku is known to refuse.

    Raises:
        ApiError: 400; 422 and 500 from `check_messages`.
    """
    switches = switches_of(body, switches)
    refuse_unknown(body, _HEEDED + _IGNORED, switches)
    if body.get("response_format") is not None and switches.response_format == "rejected":
        raise unrecognized("response_format")
    if body.get("seed") is not None and switches.seed == "rejected":
        raise unrecognized("seed")
    _check_generation(body, model)
    _check_streaming(body, switches)
    check_tools(body, switches)
    check_messages(body.get("messages"), model, switches)
    check_tool_names_of_history(body["messages"])
    check_tools_of_history(body, switches)
    check_thinking(body, model, switches)


def _check_generation(body: dict[str, Any], model: Model) -> None:
    check_integer(body, "max_tokens")
    check_integer(body, "max_completion_tokens")
    check_sampling(body, model)
    stop = body.get("stop")
    # Documented as an array only; OpenAI's single string has never been seen to work.
    if stop is not None and not (isinstance(stop, list) and all(map(_is_text, stop))):
        raise bad_request("stop must be an array of strings")
    if body.get("modalities") not in (None, ["text"]):
        raise bad_request('modalities must be ["text"]')


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def _check_streaming(body: dict[str, Any], switches: Switches) -> None:
    check_flag(body, "stream")
    check_flag(body, "parallel_tool_calls")
    if body.get("stream_options") is not None:
        options = check_object(body["stream_options"], "stream_options")
        refuse_unknown(options, ("include_usage",), switches)
        check_flag(options, "include_usage")
