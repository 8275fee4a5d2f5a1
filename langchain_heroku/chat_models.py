"""`ChatHeroku`: Heroku's chat models as LangChain's. Nothing here talks HTTP."""

from __future__ import annotations

import json
from contextlib import suppress
from importlib.metadata import version
from math import ceil
from typing import TYPE_CHECKING, Any, Final

from langchain_core.messages.utils import count_tokens_approximately
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import model_validator

from heroku_inference._errors import ConfigError
from langchain_heroku._chat_calls import ChatCalls
from langchain_heroku._content_blocks import PROVIDER
from langchain_heroku._structured_output import structured_output
from langchain_heroku._tools import tool_options
from langchain_heroku.profiles import profile_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from langchain_core.language_models import LangSmithParams, LanguageModelInput, ModelProfile
    from langchain_core.messages import AIMessage, BaseMessage
    from langchain_core.runnables import Runnable
    from langchain_core.tools import BaseTool
    from typing_extensions import Self

    from langchain_heroku._structured_output import Method

__all__ = ["ChatHeroku"]

_VERSION: Final = version("heroku-inference")
_CHARACTERS_PER_TOKEN: Final = 3.3  # Claude's tokens are shorter than others', which have about 4


class ChatHeroku(ChatCalls):
    """A chat model of Heroku Managed Inference.

    **Setup.** Attach the add-on; its config vars `INFERENCE_KEY`, `INFERENCE_URL` and, on
    per-model plans, `INFERENCE_MODEL_ID` are read. Another attachment's are read with
    `alias="INFERENCE_TEAL"`.

    ```bash
    pip install "heroku-inference[langchain]"
    heroku addons:create heroku-inference:standard -a APP
    heroku config -a APP -s | grep INFERENCE >> .env
    ```

    **Instantiate.** What is not set is not sent.

    ```python
    from langchain_heroku import ChatHeroku

    llm = ChatHeroku(model="claude-4-5-sonnet", temperature=0.2, max_tokens=1000)
    ```

    **Invoke, stream, async.**

    ```python
    llm.invoke("Why is the sky blue?").text
    for chunk in llm.stream("Why is the sky blue?"):
        print(chunk.text, end="", flush=True)
    await llm.ainvoke([("system", "Answer in French."), ("human", "Why is the sky blue?")])
    ```

    The server cuts whole answers that take about 30 seconds (docs: chat completions). Stream
    long ones; with `streaming=True` also `invoke` does.

    **Tools.** Of any of LangChain's forms; `tool_choice` takes `"auto"`, `"none"`, `"any"`,
    `True` or a tool's name.

    ```python
    def get_weather(city: str) -> str:
        '''The weather in a city now.'''

    llm.bind_tools([get_weather]).invoke("Do I need an umbrella in Lyon?").tool_calls
    ```

    **Structured output.** By a forced tool call, or as JSON text; for any model.

    ```python
    class Joke(BaseModel):
        setup: str
        punchline: str

    llm.with_structured_output(Joke).invoke("A joke about cats")
    ```

    **Images.**

    ```python
    image = {"type": "image", "url": "https://example.com/cat.png"}  # or "base64" and "mime_type"
    llm.invoke([HumanMessage([{"type": "text", "text": "What is this?"}, image])])
    ```

    **Thinking.**

    ```python
    llm = ChatHeroku(model="claude-4-5-sonnet", extended_thinking=2000)
    llm.invoke("How many r are in strawberry?").content_blocks  # a reasoning block, then text
    ```

    **What an answer tells.** `usage_metadata` counts its tokens, also in streams.
    `response_metadata` holds `model_name`, `finish_reason`, `id`, `system_fingerprint`,
    `request_id` and `rate_limits`, as far as the server sent them.

    **Errors** are both Heroku's and LangChain's: see `langchain_heroku.errors`.

    Raises:
        ConfigError: Neither arguments nor config vars give a key, its URL and a model.
    """

    @property
    def _llm_type(self) -> str:
        return "heroku-chat"

    @classmethod
    def is_lc_serializable(cls) -> bool:
        """Whether `langchain_core.load` can dump it: yes, without the key."""
        return True

    @property
    def _identifying_params(self) -> dict[str, Any]:
        further = {
            "base_url": self.base_url,
            "stop": self.stop,
            "n": self.n,
            "extra_body": self.extra_body,
            "model_kwargs": self.model_kwargs or None,
        }
        told = {name: value for name, value in further.items() if value is not None}
        return {"model_name": self.model, **self._parameters(), **told}

    @model_validator(mode="after")
    def _set_heroku_version(self) -> Self:
        # Of core and not public, so it may go; our version in traces is worth no error.
        if add_version := getattr(self, "_add_version", None):
            add_version("heroku-inference", _VERSION)
        return self

    def _resolve_model_profile(self) -> ModelProfile | None:
        return profile_of(self.model_name)

    @model_validator(mode="after")
    def _check_profile_keys(self) -> Self:
        # Takes the place of core's check, which resolves type hints each time an object is made
        # (half of what that costs). Our own profiles are checked once, by a test.
        with suppress(ConfigError):  # which is raised when the fields are complete
            if self.profile == profile_of(self.model_name):
                return self
        check = getattr(super(), "_check_profile_keys", None)
        return check() if check else self

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        told = {**self._parameters(), **kwargs}
        params: LangSmithParams = {
            "ls_provider": PROVIDER,
            "ls_model_name": kwargs.get("model") or self.model_name,
            "ls_model_type": "chat",
        }
        if (temperature := told.get("temperature")) is not None:
            params["ls_temperature"] = temperature
        if max_tokens := told.get("max_completion_tokens") or told.get("max_tokens"):
            params["ls_max_tokens"] = max_tokens
        if stops := stop or self.stop:
            params["ls_stop"] = [stops] if isinstance(stops, str) else stops
        return params

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: dict[str, Any] | str | bool | None = None,
        parallel_tool_calls: bool | None = None,
        strict: bool | None = None,  # noqa: ARG002 - Heroku has no such mode
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """The model with tools that it may, or must, call.

        Args:
            tools: Functions of any of LangChain's forms, or OpenAI's or Anthropic's definitions.
            tool_choice: `None` or `"auto"` leave it to the model; `"any"`, `"required"` and
                `True` have it call one; a tool's name, or a mapping for it, that one; `"none"`
                none. A model that thinks cannot be made to call a tool: it is left to it then,
                with a warning.
            parallel_tool_calls: Whether it may call several at once.
            strict: Accepted as elsewhere in LangChain, and not sent: Heroku does not check
                arguments against their schema (docs: chat completions, tools).
            **kwargs: Further options of every call, such as `response_format`.

        Raises:
            ConfigError: A tool is no function, or `tool_choice` names none of them.
        """
        return self.bind(**tool_options(tools, tool_choice, parallel_tool_calls), **kwargs)

    def with_structured_output(
        self,
        schema: dict[str, Any] | type | None = None,
        *,
        method: Method = "function_calling",
        include_raw: bool = False,
        strict: bool | None = None,  # noqa: ARG002 - Heroku has no such mode
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, Any]:
        """The model with answers in the form of a schema.

        Args:
            schema: A pydantic class, whose instances are the answers then; or a `TypedDict`, a
                JSON schema or OpenAI's definition of a tool, which make dicts.
            method: `"function_calling"` (default) has the model call a tool of this schema.
                `"json_schema"` makes the answer's text that JSON, by a hidden tool;
                `"json_mode"` by an instruction, with or without a schema. Neither sends
                `response_format`: Heroku ignores it (docs: OpenAI compatibility).
            include_raw: Give a dict of `raw` (the message), `parsed` and `parsing_error`
                instead of raising what the parser raises.
            strict: Accepted as elsewhere in LangChain, and not sent.
            **kwargs: Further options of every call. With `tools`, the model may call one of them
                instead of answering; the parsed answer is `None` then, so take them with
                `include_raw=True`. They need a method that answers in text.

        Raises:
            ConfigError: The method is unknown, needs a schema, or goes with no `tools`.
        """
        return structured_output(
            self, schema, method=method, include_raw=include_raw, options=kwargs
        )

    def get_num_tokens(self, text: str) -> int:
        """About how many tokens a text has, without network: a tokenizer is not published."""
        if self.custom_get_token_ids is not None:
            return super().get_num_tokens(text)
        return ceil(len(text) / _CHARACTERS_PER_TOKEN)

    def get_token_ids(self, text: str) -> list[int]:
        """The ids of a text's tokens, by `custom_get_token_ids`.

        Raises:
            NotImplementedError: It is not set, and Heroku publishes no tokenizer.
        """
        if self.custom_get_token_ids is None:
            raise NotImplementedError(
                "Heroku publishes no tokenizer: pass custom_get_token_ids=..., or use "
                "get_num_tokens(text), which estimates."
            )
        return self.custom_get_token_ids(text)

    def get_num_tokens_from_messages(
        self,
        messages: list[BaseMessage],
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool] | None = None,
    ) -> int:
        """About how many tokens a conversation has, tool definitions included, without network."""
        definitions: list[BaseTool | dict[str, Any]] = [
            convert_to_openai_tool(tool) for tool in tools or ()
        ]
        if self.custom_get_token_ids is not None:
            counted = sum(self.get_num_tokens(json.dumps(tool)) for tool in definitions)
            return super().get_num_tokens_from_messages(messages) + counted
        return count_tokens_approximately(
            messages, chars_per_token=_CHARACTERS_PER_TOKEN, tools=definitions
        )

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        # Core keeps a dump of the object, and takes it for the key of its cache.
        self.__dict__.pop("_serialized", None)

    def __copy__(self) -> Self:
        copied: Self = super().__copy__()
        copied.__dict__.pop("_serialized", None)
        return copied
