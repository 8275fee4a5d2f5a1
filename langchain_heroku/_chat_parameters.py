"""The parameters of a chat model, and the options of one call made from them."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from pydantic import Field

from heroku_inference._adapters import chat_parameters as heroku
from heroku_inference._adapters.chat_options import chat_options, refuse_unknown_options
from heroku_inference._errors import ConfigError
from langchain_heroku._connection import HerokuConnection

__all__ = ["ChatParameters"]

# Arguments of a call that LangChain passes for its own use.
_FOR_LANGCHAIN: Final = frozenset(
    {
        "keep_broken_calls",
        "ls_structured_output_format",
        "n",
        "stream",
        "stream_usage",
        "strict",
        "structured_output_format",
    }
)


class ChatParameters(HerokuConnection, heroku.ChatParameters):
    """The parameters of a chat model and of each call, under LangChain's names."""

    _SPELLINGS: ClassVar[Mapping[str, str]] = {
        **HerokuConnection._SPELLINGS,  # noqa: SLF001 - of the class above
        "max_completion_tokens": "max_tokens",
        "stop_sequences": "stop",
    }

    n: int | None = Field(default=None, ge=1)
    """How many answers to give. Each is a separate request: Heroku gives one at a time."""

    model_kwargs: dict[str, Any] = Field(default_factory=dict)
    """Further options of every call. Arguments that are not parameters end up here, with a warning.
    Those that Heroku ignores, such as `seed`, are not sent."""

    streaming: bool = False
    """Whether `invoke` streams too, so that the server does not cut long answers after about 30
    seconds, which costs a second request. If you set this to `False`, `stream` does not stream
    either."""

    stream_usage: bool = True
    """Whether streams are asked for their token counts (`stream_options.include_usage`), which
    come in the last chunk: without, Heroku sends none. `stream_options` in `extra_body` win."""

    def _options(self, stop: Sequence[str] | None, call: Mapping[str, Any]) -> dict[str, Any]:
        """The options of one call for the core: arguments of the call over those of the model."""
        given = {name: call[name] for name in call if name not in _FOR_LANGCHAIN}
        refuse_unknown_options(given)
        always = {name: value for name, value in self.model_kwargs.items() if name != "n"}
        given["stop"] = stop or given.get("stop") or self.model_kwargs.get("stop") or self.stop
        here = {"model": self.model, **self._parameters(), "extra_body": self.extra_body}
        with_usage = {"stream_usage": self._tells_usage(call.get("stream_usage"))}
        retries = {"tool_call_retries": self.tool_call_retries}
        return chat_options(retries, always, here, given, with_usage)

    def _tells_usage(self, of_call: bool | None) -> bool:
        """Whether a stream tells its tokens: as the call says, else as the model does."""
        return self.stream_usage if of_call is None else of_call

    def _number_of_answers(self, call: Mapping[str, Any]) -> int:
        for number in (call.get("n"), self.n, self.model_kwargs.get("n")):
            if number is None:
                continue
            if isinstance(number, bool) or not isinstance(number, int) or number < 1:
                raise ConfigError(
                    f"n must be a whole number from 1, got {number!r}.",
                    "Leave it out for one answer.",
                )
            return number
        return 1
