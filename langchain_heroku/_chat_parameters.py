"""The parameters of a chat model, and how they and a call's own become options of the core."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Final

from pydantic import Field

from heroku_inference._caller_warnings import warn_caller
from heroku_inference._chat_request import chat_request, drop_ignored
from heroku_inference._errors import ConfigError
from langchain_heroku._connection import HerokuConnection

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["ChatParameters"]

# Everything that the core can be asked for; the rest of a call's arguments go into the body.
_OPTIONS: Final = frozenset(inspect.signature(chat_request).parameters) - {"messages", "stream"}
_PARAMETERS: Final = (
    "temperature",
    "top_p",
    "top_k",
    "max_tokens",
    "reasoning_effort",
    "extended_thinking",
    "parallel_tool_calls",
    "allow_ignored_params",
    "prompt_caching",
)
# What LangChain passes through a call for itself.
_FOR_LANGCHAIN: Final = frozenset(
    {
        "ls_structured_output_format",
        "n",
        "stream",
        "stream_usage",
        "strict",
        "structured_output_format",
    }
)


class ChatParameters(HerokuConnection):
    """What can be set on a chat model, and for each call. What is `None` is not sent."""

    _SPELLINGS: ClassVar[Mapping[str, str]] = {
        **HerokuConnection._SPELLINGS,  # noqa: SLF001 - of the class above
        "max_completion_tokens": "max_tokens",
        "stop_sequences": "stop",
    }

    temperature: float | None = None
    """From 0 to 1. Newer Claude models take this or `top_p`, not both."""

    top_p: float | None = None
    """From 0 to 1."""

    top_k: int | None = None
    """Sample from this many tokens; undocumented for chat, works for Claude."""

    max_tokens: int | None = None
    """Most tokens of an answer, thinking included; also accepted as `max_completion_tokens`."""

    stop: list[str] | str | None = None
    """One text or several at which the answer ends; also accepted as `stop_sequences`."""

    extended_thinking: bool | int | dict[str, Any] | None = None
    """`True`, a budget in tokens (1024 or more), or Heroku's own
    `{"enabled", "budget_tokens", "include_reasoning"}` (docs: extended thinking)."""

    reasoning_effort: str | None = None
    """`low`, `medium` or `high`: a thinking budget by name."""

    parallel_tool_calls: bool | None = None
    """Whether the model may call several tools at once."""

    n: int | None = Field(default=None, ge=1)
    """How many answers to give; each is a request of its own, for Heroku gives one at a time."""

    prompt_caching: bool | None = None
    """`False` turns off Heroku's automatic prompt caching (docs: prompt caching)."""

    allow_ignored_params: bool | None = None
    """Whether Heroku is to accept parameters it does not know."""

    extra_body: dict[str, Any] | None = None
    """Fields of the request's body beyond those above, or others than these say; merged last."""

    model_kwargs: dict[str, Any] = Field(default_factory=dict)
    """Further options of every call. Arguments that are no parameter end here, with a warning;
    those without effect on Heroku, such as `seed`, are not sent."""

    streaming: bool = False
    """Whether `invoke` streams too, which spares long answers the server's cut after about 30
    seconds. Set to `False`, even `stream` does not."""

    stream_usage: bool = True
    """Whether a stream tells the tokens that it used, in its last chunk."""

    def __init__(self, **data: Any) -> None:
        super().__init__(**self._with_model_kwargs(data))

    @property
    def thinks(self) -> bool:
        """Whether the model is set to think by rules that forbid to force a tool call."""
        set_here = {
            "extended_thinking": self.extended_thinking,
            "reasoning_effort": self.reasoning_effort,
            **(self.extra_body or {}),
        }
        thinking = set_here["extended_thinking"]
        if isinstance(thinking, Mapping):
            return bool(thinking.get("enabled", True))
        # Only Claude thinks by such rules when it is asked by effort.
        return bool(thinking) or bool(set_here["reasoning_effort"] and "claude" in self.model_name)

    @classmethod
    def _with_model_kwargs(cls, data: dict[str, Any]) -> dict[str, Any]:
        """`data` with the arguments that are no field put under `model_kwargs`."""
        known = _argument_names(cls)
        if data.keys() <= known:
            return data
        unknown = [name for name in data if name not in known]
        moved = {name: data[name] for name in unknown}
        given = data.get("model_kwargs") or {}
        if twice := moved.keys() & given.keys():
            raise ConfigError(
                f"{', '.join(sorted(twice))} given both directly and in model_kwargs."
            )
        warn_caller(
            f"{', '.join(unknown)} is no parameter of {cls.__name__} and went into model_kwargs, "
            "to be sent with every call. Is that what you meant?"
        )
        kept = {name: value for name, value in data.items() if name not in moved}
        return {**kept, "model_kwargs": {**given, **moved}}

    def _parameters(self) -> dict[str, Any]:
        """The parameters that are set, by name."""
        return {name: value for name in _PARAMETERS if (value := self.__dict__[name]) is not None}

    def _options(self, stop: Sequence[str] | None, call: Mapping[str, Any]) -> dict[str, Any]:
        """The core's options of one call: its own arguments over those of the model."""
        given = {**self.model_kwargs, **self._parameters(), **call}
        if "max_completion_tokens" in call and "max_tokens" not in call:
            given.pop("max_tokens", None)
        options = {name: given.pop(name) for name in given.keys() & _OPTIONS}
        options["stop"] = stop or options.get("stop") or self.stop
        options.setdefault("model", self.model)
        further = {name: given[name] for name in given if name not in _FOR_LANGCHAIN}
        bodies = (drop_ignored(further), self.extra_body, call.get("extra_body"))
        if merged := {name: field for body in bodies if body for name, field in body.items()}:
            options["extra_body"] = merged
        return options

    def _number_of_answers(self, call: Mapping[str, Any]) -> int:
        number: int = call.get("n") or self.n or 1
        return number


@cache
def _argument_names(cls: type[ChatParameters]) -> frozenset[str]:
    return frozenset({*cls.model_fields, *cls._SPELLINGS})
