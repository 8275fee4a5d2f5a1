"""`HerokuMessages`: Claude through Heroku's Messages endpoint, with thinking and tools."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llama_index.core.llms.function_calling import FunctionCallingLLM
from pydantic import ConfigDict

from heroku_inference._adapters.anthropic_messages import (
    message_arguments,
    will_think,
    with_second_tries,
)
from heroku_inference._errors import ConfigError
from llama_index_heroku.llms import Heroku

try:
    from llama_index.llms.anthropic import Anthropic
except ImportError as error:
    raise ImportError(
        "HerokuMessages needs llama-index-llms-anthropic: "
        "`pip install heroku-inference[llama-index-anthropic]`."
    ) from error

from llama_index_heroku._messages_api.reading import GrowingMessage, whole_response
from llama_index_heroku._messages_api.request import sdk_arguments, wire_conversation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from llama_index.core.base.llms.types import (
        ChatMessage,
        ChatResponse,
        ChatResponseAsyncGen,
        ChatResponseGen,
        LLMMetadata,
    )
    from llama_index.core.utils import Tokenizer

    from heroku_inference._adapters.anthropic_clients import (
        AsyncHerokuAnthropic,
        HerokuAnthropic,
    )

__all__ = ["HerokuMessages"]

_OF_THE_SDK = ("extra_headers", "extra_query", "timeout")


class _Upstream(Anthropic):
    """Upstream's class without its constructor, which makes clients for Anthropic's own API."""

    model_config = ConfigDict(defer_build=True)

    # Upstream's methods use a beta feature of Anthropic's own servers.
    structured_predict = FunctionCallingLLM.structured_predict
    astructured_predict = FunctionCallingLLM.astructured_predict
    stream_structured_predict = FunctionCallingLLM.stream_structured_predict
    astream_structured_predict = FunctionCallingLLM.astream_structured_predict

    def __init__(self, **data: Any) -> None:
        FunctionCallingLLM.__init__(self, **data)


class HerokuMessages(Heroku, _Upstream):  # type: ignore[misc] # fields of ours first
    """Claude on Heroku Managed Inference, with thinking that continues between tool calls.

    Use this class for agents that think. It calls Heroku's Messages endpoint, the only one that
    takes thinking back (docs: messages). Thinking and its signatures stay in the message, as
    `ThinkingBlock`s, and go back to the model with the results of its tools. For everything else,
    and for models other than Claude, use `Heroku`.

    **Setup.** `pip install "heroku-inference[llama-index-anthropic]"`, and the config vars of the
    add-on, as for `Heroku`. Anthropic's variables are not read.

    ```python
    from llama_index.core.agent.workflow import FunctionAgent
    from llama_index_heroku import HerokuMessages

    llm = HerokuMessages(model="claude-4-5-sonnet", extended_thinking=2000)
    agent = FunctionAgent(tools=[get_weather], llm=llm)
    await agent.run("Do I need an umbrella in Lyon?")
    ```

    **Arguments** are those of `Heroku`, and `thinking_dict`, `cache_idx` and `tools` of
    `llama_index.llms.anthropic.Anthropic`. `max_tokens`, which the endpoint requires, defaults to
    the model's cap in Heroku's documentation or 8192, and more if there is a thinking budget.

    **Prompt caching** is explicit here: a `CachePoint` after a block, or `cache_idx`.

    Raises:
        ConfigError: Neither arguments nor config vars give a key, its URL and a model.
    """

    model_config = ConfigDict(defer_build=False)

    if TYPE_CHECKING:  # other spellings of arguments are accepted too

        def __init__(self, **data: Any) -> None: ...

    def _check_values(self) -> None:
        super()._check_values()
        if self.extended_thinking is not None and self.thinking_dict is not None:
            raise ConfigError(
                "extended_thinking and thinking_dict set the same option.", "Pass one of them."
            )

    @classmethod
    def class_name(cls) -> str:
        """The name of the class in dumps."""
        return "HerokuMessages"

    @property
    def metadata(self) -> LLMMetadata:
        """Facts for LlamaIndex: your settings, or else what is known about the model."""
        known = super().metadata
        asked = {"model": known.model_name, "max_tokens": self.max_tokens}
        thinking = self.extended_thinking
        known.num_output = message_arguments({**asked, "thinking": self.thinking_dict}, thinking)[
            "max_tokens"
        ]
        return known

    @property
    def tokenizer(self) -> Tokenizer:
        """Not supported: upstream's tokenizer calls an endpoint that Heroku does not have.

        Raises:
            NotImplementedError: Always.
        """
        raise NotImplementedError("Heroku does not publish a tokenizer.")

    @property  # type: ignore[misc]
    def _client(self) -> HerokuAnthropic:  # type: ignore[override]
        from heroku_inference._adapters.anthropic_clients import client_of  # noqa: PLC0415 - the SDK

        return client_of(self)

    @property  # type: ignore[misc]
    def _aclient(self) -> AsyncHerokuAnthropic:  # type: ignore[override]
        from heroku_inference._adapters.anthropic_clients import async_client_of  # noqa: PLC0415 - the SDK

        return async_client_of(self)

    def _answer(self, messages: Sequence[ChatMessage], call: dict[str, Any]) -> ChatResponse:
        arguments, names = self._arguments(messages, call)
        return whole_response(self._client.messages.create(**arguments), names)

    async def _aanswer(self, messages: Sequence[ChatMessage], call: dict[str, Any]) -> ChatResponse:
        arguments, names = self._arguments(messages, call)
        return whole_response(await self._aclient.messages.create(**arguments), names)

    def _stream(self, messages: Sequence[ChatMessage], call: dict[str, Any]) -> ChatResponseGen:
        arguments, names = self._arguments(messages, call)
        with self._client.messages.create(**arguments, stream=True) as events:
            growing = GrowingMessage(names, events.response.headers.get("request-id"))
            for event in events:
                if (response := growing.add(event)) is not None:
                    yield response

    async def _astream(
        self, messages: Sequence[ChatMessage], call: dict[str, Any]
    ) -> ChatResponseAsyncGen:
        arguments, names = self._arguments(messages, call)
        async with await self._aclient.messages.create(**arguments, stream=True) as events:
            growing = GrowingMessage(names, events.response.headers.get("request-id"))
            async for event in events:
                if (response := growing.add(event)) is not None:
                    yield response

    def _will_think(self, call: Mapping[str, Any]) -> bool:
        # By an effort alone no model thinks here.
        told = {**self.additional_kwargs, **call}
        thinking = told.get("thinking", self.thinking_dict)
        usual = None if "thinking" in told else self.extended_thinking
        given = {"model": self.model or self.settings.require_model(), "thinking": thinking}
        return will_think(given, told.get("extended_thinking", usual))

    def _arguments(
        self, messages: Sequence[ChatMessage], call: Mapping[str, Any]
    ) -> tuple[dict[str, Any], Mapping[str, str]]:
        """The SDK's arguments of one call, and the tools' own names by those on the wire."""
        of_the_sdk = {name: call[name] for name in _OF_THE_SDK if name in call}
        told = {name: call[name] for name in call if name not in of_the_sdk}
        options, names = self._options(told)
        thinking = options.pop("extended_thinking", None)
        tries = options.pop("tool_call_retries", None)
        given = {"thinking": self.thinking_dict, **sdk_arguments({**options, **of_the_sdk})}
        if "thinking" in told and "extended_thinking" not in told:
            thinking = None  # `thinking` of the call takes precedence
        if self.tools:
            given["tools"] = [*self.tools, *given.get("tools", ())]
        given |= wire_conversation(messages, self.cache_idx)
        return with_second_tries(message_arguments(given, thinking), tries), names
