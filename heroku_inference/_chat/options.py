"""The options of a chat call: their names, and the values that can be sent.

Apart from the request, which is built from them: objects check their arguments when they are made,
long before the first call.
"""

from __future__ import annotations

from collections.abc import Iterable
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, Final

from heroku_inference._errors import ConfigError
from heroku_inference._warnings import warn_caller

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = [
    "CHAT_OPTIONS",
    "IGNORED_PARAMETERS",
    "check_effort",
    "check_limit",
    "check_model",
    "check_share",
    "check_tool_call_retries",
    "drop_ignored",
    "list_stops",
]

CHAT_OPTIONS: Final = frozenset(
    {
        "allow_ignored_params",
        "extended_thinking",
        "extra_body",
        "max_completion_tokens",
        "max_tokens",
        "model",
        "parallel_tool_calls",
        "prompt_caching",
        "reasoning_effort",
        "response_format",
        "stop",
        "stream_usage",
        "temperature",
        "tool_call_retries",
        "tool_choice",
        "tools",
        "top_k",
        "top_p",
        "user",
    }
)
"""The options that `chat_request` takes, without those that the called method decides."""

IGNORED_PARAMETERS: Final = frozenset(
    {
        "audio",
        "frequency_penalty",
        "logit_bias",
        "logprobs",
        "metadata",
        "modalities",
        "n",
        "prediction",
        "presence_penalty",
        "prompt_cache_key",
        "safety_identifier",
        "seed",
        "service_tier",
        "store",
        "top_logprobs",
        "verbosity",
        "web_search_options",
    }
)
"""OpenAI parameters without effect on Heroku (docs: OpenAI compatibility)."""

_EFFORTS = ("low", "medium", "high")


def drop_ignored(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options without those that Heroku ignores, naming in one warning what is left out.

    Such a parameter can still be sent through `extra_body`.
    """
    ignored = [name for name in options if name in IGNORED_PARAMETERS]
    without = {"n": 1}  # what Heroku does anyway: programs say it with every call
    if asked := [name for name in ignored if options[name] not in (None, without.get(name))]:
        warn_caller(
            f"{', '.join(asked)} not sent: Heroku ignores it. Use extra_body to send it anyway."
        )
    return {name: value for name, value in options.items() if name not in IGNORED_PARAMETERS}


def list_stops(stop: str | Sequence[str] | None) -> list[str] | None:
    """The texts to stop at as a list, the only form that Heroku documents; `None` for none."""
    if not stop:
        return None
    if not isinstance(stop, Iterable):
        raise ConfigError(
            f"stop must be a list or a str, got a value of type {type(stop).__name__}.",
            "Pass the text at which the answer ends, or a list of such texts.",
        )
    return [stop] if isinstance(stop, str) else list(stop)


def check_share(name: str, value: float | None) -> None:
    """Refuse a value outside of 0 to 1 for a parameter of this name."""
    if value is None:
        return
    # `Real` asks an abstract class, which takes ten times as long as the two usual types.
    if isinstance(value, bool) or not isinstance(value, float | int | Real):
        raise ConfigError(
            f"{name} must be a number, got a value of type {type(value).__name__}.",
            "Pass one from 0 to 1, or leave it out for the model's default.",
        )
    if not 0 <= value <= 1:
        raise ConfigError(
            f"{name} must be from 0 to 1, got {value}.",
            "OpenAI's scale, which ends at 2, is not used.",
        )


def check_tool_call_retries(retries: Any) -> None:
    """Refuse what is not a number of tries."""
    if not isinstance(retries, int) or isinstance(retries, bool) or retries < 0:
        raise ConfigError(
            f"tool_call_retries must be a whole number from 0, got {retries!r}.",
            "Pass 1 for a second try, or 0 for none.",
        )


def check_limit(name: str, value: object) -> None:
    """Refuse anything but a whole number from 1 for a number of tokens of this name."""
    if value is None or (type(value) is int and value > 0):
        return
    if isinstance(value, bool) or not isinstance(value, Integral):
        shown = f"a value of type {type(value).__name__}"
    elif int(value) > 0:
        return
    else:
        shown = str(value)
    raise ConfigError(
        f"{name} must be a whole number from 1, got {shown}.",
        "Leave it out for the model's default.",
    )


def check_model(model: object) -> None:
    """Refuse a model of a call that cannot be the id of one; `None` stands for the usual one."""
    if model is None or (isinstance(model, str) and model.strip()):
        return
    shown = repr(model) if isinstance(model, str) else f"a value of type {type(model).__name__}"
    raise ConfigError(
        f"model must be the id of a model, got {shown}.", "Leave it out for the usual one."
    )


def check_effort(effort: str | None) -> None:
    """Refuse an effort that is not documented."""
    if effort is not None and effort not in _EFFORTS:
        raise ConfigError(
            f"reasoning_effort={effort!r} is not documented.", f"Pass one of {', '.join(_EFFORTS)}."
        )
