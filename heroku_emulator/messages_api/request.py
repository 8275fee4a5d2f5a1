"""Checks a whole request to /v1/messages (docs: /v1/messages). Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from heroku_emulator.errors import ApiError
from heroku_emulator.fields import sampling_fault
from heroku_emulator.messages_api.blocks import (
    check_blocks,
    count_breakpoints,
    has_url_source,
    text_fault,
)
from heroku_emulator.messages_api.history import check_history
from heroku_emulator.messages_api.refusals import (
    check_integer,
    check_number,
    check_object,
    invalid_input,
    refuse_unknown,
)
from heroku_emulator.messages_api.thinking import check_thinking, must_return_thinking, thinks
from heroku_emulator.messages_api.tools import check_tools

if TYPE_CHECKING:
    from heroku_emulator.models import Model
    from heroku_emulator.switches import Switches

__all__ = ["check_request"]

_DOCUMENTED = (
    "model",
    "max_tokens",
    "messages",
    "system",
    "temperature",
    "top_p",
    "top_k",
    "stop_sequences",
    "stream",
    "metadata",
    "thinking",
    "tools",
    "tool_choice",
)
# Fields of Anthropic's betas and of its own servers: seen to be dropped silently.
_DROPPED = (
    "betas",
    "container",
    "context_management",
    "diagnostics",
    "inference_geo",
    "mcp_servers",
    "output_config",
    "output_format",
    "service_tier",
    "speed",
)
_MOST_BREAKPOINTS = 4


def check_request(body: dict[str, Any], model: Model, switches: Switches) -> None:
    """Checks everything that the endpoint is documented to refuse.

    Raises:
        ApiError: 400; 422 for an image that cannot be fetched.
    """
    refuse_unknown(body, _DOCUMENTED + _DROPPED)
    if body.get("max_tokens") is None:
        raise invalid_input("max_tokens", "Field required")
    check_integer(body, "max_tokens", 1)
    _check_options(body)
    _check_sampling(body, model)
    _check_system(body.get("system"), model)
    check_tools(body)
    check_thinking(body, model)
    check_history(
        body.get("messages"),
        model,
        thinks=thinks(body),
        must_return_thinking=must_return_thinking(body),
    )
    _check_breakpoints(body)
    # Nothing is ever fetched: all URLs are accepted, or all are unreachable.
    if switches.image_urls == "unreachable" and has_url_source(body["messages"]):
        raise ApiError(422)


def _check_options(body: dict[str, Any]) -> None:
    if body.get("stream") not in (None, True, False):
        raise invalid_input("stream", "Input should be a valid boolean")
    if body.get("metadata") is not None:
        metadata = check_object(body["metadata"], "metadata")
        refuse_unknown(metadata, ("user_id",), "metadata.")
        if not isinstance(metadata.get("user_id", ""), str | None):
            raise invalid_input("metadata.user_id", "Input should be a valid string")
    sequences = body.get("stop_sequences")
    if sequences is None:
        return
    if not isinstance(sequences, list) or not all(isinstance(one, str) for one in sequences):
        raise invalid_input("stop_sequences", "Input should be a valid list of strings")
    if not all(one.strip() for one in sequences):
        raise invalid_input("stop_sequences", "each stop sequence must contain non-whitespace")


def _check_sampling(body: dict[str, Any], model: Model) -> None:
    check_number(body, "temperature")
    check_number(body, "top_p")
    check_integer(body, "top_k", 0)
    reason = sampling_fault(body, model)
    if reason is not None:
        raise invalid_input("", reason)


def _check_system(system: Any, model: Model) -> None:
    if system is None:
        return
    check_blocks(system, "system", "system", model)
    fault = text_fault(system)
    if fault is not None:
        raise invalid_input("system", fault)


def _check_breakpoints(body: dict[str, Any]) -> None:
    marked = sum(map(count_breakpoints, (body.get("tools"), body.get("system"), body["messages"])))
    if marked > _MOST_BREAKPOINTS:
        raise invalid_input(
            "",
            f"A maximum of {_MOST_BREAKPOINTS} blocks with cache_control may be provided. "
            f"Found {marked}.",
        )
