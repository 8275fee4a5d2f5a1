"""What LangChain needs from every chat model here, whichever endpoint it calls."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from math import ceil
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self

from langchain_core import tools as tool_types
from langchain_core.language_models import LanguageModelInput, ModelProfile
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.messages.utils import count_tokens_approximately
from langchain_core.prompt_values import ChatPromptValue, PromptValue, StringPromptValue
from langchain_core.runnables import Runnable
from pydantic import Field, model_validator

from heroku_inference import ConfigError, __version__
from heroku_inference._adapters.chat_options import options_among, refuse_keys
from langchain_heroku._blocks_of_answers import PROVIDER
from langchain_heroku._connection import HerokuConnection
from langchain_heroku._history import wrap_unreadable
from langchain_heroku._tools import openai_tool
from langchain_heroku.errors import langchain_errors
from langchain_heroku.profiles import maker_metadata, profile_of

if TYPE_CHECKING:
    from langchain_core.language_models import LangSmithParams

__all__ = ["HerokuChatModel"]

_PROFILE_KEYS: Final = frozenset(ModelProfile.__annotations__)
_CHARACTERS_PER_TOKEN: Final = 3.3  # Claude's tokens are shorter than others', which are about 4


class HerokuChatModel(HerokuConnection, BaseChatModel):
    """Version, profile, tracing, token counts, dumps and copies. Subclasses add the calls."""

    _ELSEWHERE: ClassVar[Mapping[str, str]] = {
        "on_retry": "Retries reach the callbacks of a call: a handler's on_retry.",
    }
    """What to do instead of an argument that others have, by its name."""

    _ASKS_LIMITERS: ClassVar[bool] = True

    rate_limiter: Any = Field(default=None, exclude=True, repr=False)
    """A rate limiter of LangChain, asked once before each call; or a
    `heroku_inference.SharedRateLimit`, which several processes keep together: each request that
    goes out waits for its turn. Left out of dumps."""

    stop: list[str] | str | None = None
    """One or more texts at which the answer ends; also accepted as `stop_sequences`."""

    @classmethod
    def _fields_from(cls, data: dict[str, Any]) -> dict[str, Any]:
        """The fields; other arguments that are options of a call go into `model_kwargs`."""
        data = super()._fields_from(data)
        known = cls.model_fields.keys()
        if data.get("model_kwargs"):
            refuse_keys(data["model_kwargs"], "model_kwargs")
        if "model_kwargs" not in known or data.keys() <= known:
            return data
        passed = data.get("model_kwargs") or {}
        if twice := (data.keys() - known) & passed.keys():
            raise ConfigError(
                f"{', '.join(sorted(twice))} was passed directly and in model_kwargs.",
                "Pass it once.",
            )
        moved = options_among(
            data, known, owner=cls.__name__, place="model_kwargs", elsewhere=cls._ELSEWHERE
        )
        kept = {name: value for name, value in data.items() if name not in moved}
        return {**kept, "model_kwargs": {**passed, **moved}}

    if TYPE_CHECKING:  # a body here would shadow the one of the parameters' class

        def _parameters(self) -> dict[str, Any]: ...

    @classmethod
    def is_lc_serializable(cls) -> bool:
        """Whether `langchain_core.load` can dump the model: it can, without the key."""
        return True

    @model_validator(mode="after")
    def _set_heroku_version(self) -> Self:
        # Not public in LangChain, so it may vanish: then traces lack our version, without an error.
        if add_version := getattr(self, "_add_version", None):
            add_version("heroku-inference", __version__)
        return self

    def _convert_input(self, model_input: LanguageModelInput) -> PromptValue:
        prompt = super()._convert_input(model_input)
        if isinstance(prompt, StringPromptValue):
            return prompt
        messages = prompt.to_messages()
        if all(isinstance(message.content, str) for message in messages):
            return prompt
        return ChatPromptValue(messages=wrap_unreadable(messages))

    def _resolve_model_profile(self) -> ModelProfile | None:
        return profile_of(self.model_name)

    @model_validator(mode="after")
    def _check_profile_keys(self) -> Self:
        # Replaces LangChain's check, which resolves type hints for each new object and takes half
        # of the time to make one.
        if _PROFILE_KEYS.issuperset(self.profile or ()):
            return self
        check = getattr(super(), "_check_profile_keys", None)
        return check() if check else self

    def bind(self, **kwargs: Any) -> Runnable[LanguageModelInput, AIMessage]:  # type: ignore[override]
        """The model with options for every call; a key is not one of them.

        Raises:
            ConfigError: An option is a key, which would be shown.
        """
        _refuse_keys(kwargs)
        return super().bind(**kwargs)

    def _get_invocation_params(
        self, stop: list[str] | None = None, **kwargs: Any
    ) -> dict[str, Any]:
        # The first step of every call: callbacks and traces get what this returns.
        _refuse_keys(kwargs)
        return super()._get_invocation_params(stop, **kwargs)

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        """What traces say about a call: Heroku's id of the model, and the maker's beside it."""
        parameters = {**self._parameters(), **kwargs}
        model = kwargs.get("model") or self.model_name
        params: LangSmithParams = {
            "ls_provider": PROVIDER,
            "ls_model_name": model,
            "ls_model_type": "chat",
            **maker_metadata(model),  # type: ignore[typeddict-item]
        }
        if (temperature := parameters.get("temperature")) is not None:
            params["ls_temperature"] = temperature
        if max_tokens := parameters.get("max_completion_tokens") or parameters.get("max_tokens"):
            params["ls_max_tokens"] = max_tokens
        if stops := stop or self.stop:
            params["ls_stop"] = [stops] if isinstance(stops, str) else stops
        return params

    def get_num_tokens(self, text: str) -> int:
        """Estimate the number of tokens of a text locally: Heroku does not publish a tokenizer."""
        if self.custom_get_token_ids is not None:
            return super().get_num_tokens(text)
        return ceil(len(text) / _CHARACTERS_PER_TOKEN)

    def get_token_ids(self, text: str) -> list[int]:
        """The ids of a text's tokens, from `custom_get_token_ids`.

        Raises:
            NotImplementedError: It is not set, and Heroku does not publish a tokenizer.
        """
        if self.custom_get_token_ids is None:
            raise NotImplementedError(
                "Heroku does not publish a tokenizer. Pass custom_get_token_ids=..., or use "
                "get_num_tokens(text), which estimates."
            )
        return self.custom_get_token_ids(text)

    def get_num_tokens_from_messages(
        self,
        messages: list[BaseMessage],
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | tool_types.BaseTool]
        | None = None,
    ) -> int:
        """Estimate the number of tokens of a conversation, with tool definitions, locally."""
        definitions: list[tool_types.BaseTool | dict[str, Any]] = [
            openai_tool(tool) for tool in tools or ()
        ]
        if self.custom_get_token_ids is not None:
            counted = sum(self.get_num_tokens(json.dumps(tool)) for tool in definitions)
            return super().get_num_tokens_from_messages(messages) + counted
        return count_tokens_approximately(
            messages, chars_per_token=_CHARACTERS_PER_TOKEN, tools=definitions
        )

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        # LangChain keeps a dump of the object and uses it as the key of its cache.
        self.__dict__.pop("_serialized", None)

    def __copy__(self) -> Self:
        copied: Self = super().__copy__()
        copied.__dict__.pop("_serialized", None)
        return copied


def _refuse_keys(call: dict[str, Any]) -> None:
    if call:
        with langchain_errors():
            refuse_keys(call)
