"""The parameters of a chat model in either framework. `None` values are not sent."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar, Final

from pydantic import Field

from heroku_inference._adapters.arguments import Connection, check_extra_body
from heroku_inference._adapters.chat_options import asks_to_think
from heroku_inference._chat.options import check_effort, check_limit, check_model, check_share
from heroku_inference._chat.thinking_choice import check_thinking

__all__ = ["ChatParameters", "check_limit", "check_model", "check_share", "check_thinking"]

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
    "user",
)


class ChatParameters(Connection):
    """The parameters of a chat model (docs: chat completions)."""

    _CHECKS: ClassVar[Mapping[str, Callable[[Any], object]]] = {
        **Connection._CHECKS,  # noqa: SLF001 - of the class above
        "extended_thinking": check_thinking,
        "extra_body": check_extra_body,
        "max_tokens": partial(check_limit, "max_tokens"),
    }

    temperature: float | None = None
    """From 0 to 1. Newer Claude models take this or `top_p`, not both."""

    top_p: float | None = None
    """From 0 to 1."""

    top_k: int | None = None
    """Sample from this many tokens; undocumented for chat, but works with Claude."""

    max_tokens: int | None = None
    """The longest answer in tokens, thinking included; also accepted as `max_completion_tokens`."""

    stop: list[str] | str | None = None
    """One or more texts at which the answer ends; also accepted as `stop_sequences`."""

    extended_thinking: bool | int | dict[str, Any] | None = None
    """`True`, a budget in tokens (1024 or more), or Heroku's own
    `{"enabled", "budget_tokens", "include_reasoning"}` (docs: extended thinking). A mapping with a
    `type`, such as `{"type": "adaptive"}`, is sent as it is."""

    reasoning_effort: str | None = None
    """`low`, `medium` or `high`: a thinking budget by name."""

    parallel_tool_calls: bool | None = None
    """Whether the model may call several tools at once."""

    prompt_caching: bool | None = None
    """`False` turns off Heroku's automatic prompt caching (docs: prompt caching)."""

    user: str | None = None
    """Your own name for the end user, sent with every call."""

    stream_usage: bool = True
    """Whether streams are asked for their token counts (`stream_options.include_usage`): without,
    Heroku sends none. `stream_options` in `extra_body` win."""

    tool_call_retries: int = Field(default=1, ge=0)
    """How often the model is told, and asked again, when it calls a tool with arguments that are
    not a JSON object. The answers are summed, with their tokens."""

    allow_ignored_params: bool | None = None
    """Whether Heroku should accept parameters that it does not know."""

    extra_body: dict[str, Any] | None = None
    """Further fields of the request body; they replace the ones above."""

    def _check_values(self) -> None:
        super()._check_values()
        check_share("temperature", self.temperature)
        check_share("top_p", self.top_p)
        check_effort(self.reasoning_effort)

    @property
    def thinks(self) -> bool:
        """Whether the model is set to think in a way that rules out forced tool calls."""
        options = {**self._parameters(), "extra_body": self.extra_body}
        return asks_to_think(options, self.model or self.settings.require_model())

    def _parameters(self) -> dict[str, Any]:
        """The parameters that are set, by name."""
        return {name: value for name in _PARAMETERS if (value := self.__dict__[name]) is not None}
