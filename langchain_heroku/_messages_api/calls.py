"""Calling Claude by the Messages endpoint: upstream's class, over the core's transport.

`langchain_anthropic` converts messages and reads answers; Anthropic's SDK talks to Heroku with the
core's transport under it.
"""

from __future__ import annotations

import inspect
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, ClassVar, cast

from langchain_core.outputs import ChatGenerationChunk
from pydantic import Field, SecretStr, model_validator

from heroku_inference._adapters.anthropic_messages import (
    answer_tool,
    ask_for_answer,
    check_thinking,
    message_arguments,
)
from langchain_heroku._agents.history import is_run, messages_of_run
from langchain_heroku._broken_calls import StreamedCalls, results_in, with_words
from langchain_heroku._chat_model import HerokuChatModel
from langchain_heroku._connection import HerokuConnection
from langchain_heroku._messages_api.reading import (
    answered,
    event_metadata,
    is_broken,
    read_broken,
    whole_metadata,
)
from langchain_heroku.errors import ConfigError, langchain_errors

try:
    from langchain_anthropic import ChatAnthropic
except ImportError as error:
    raise ImportError(
        "ChatHerokuMessages needs langchain-anthropic: "
        "`pip install heroku-inference[langchain-anthropic]`."
    ) from error

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping

    from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
    from langchain_core.language_models import LanguageModelInput
    from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
    from langchain_core.outputs import ChatResult

    from heroku_inference._adapters.anthropic_clients import (
        AsyncHerokuAnthropic,
        HerokuAnthropic,
    )

__all__ = ["ChatAnthropic", "MessagesCalls"]


class MessagesCalls(HerokuChatModel, ChatAnthropic):  # type: ignore[misc] # fields of ours first
    """Asks the model, by the parameters it has; `ChatHerokuMessages` is its public face."""

    _SPELLINGS: ClassVar[Mapping[str, str]] = {
        **HerokuConnection._SPELLINGS,  # noqa: SLF001 - of a class above
        "anthropic_api_key": "api_key",
        "anthropic_api_url": "base_url",
        "default_request_timeout": "timeout",
        "max_completion_tokens": "max_tokens",
        "max_tokens_to_sample": "max_tokens",
        "stop_sequences": "stop",
    }
    _KEYS: ClassVar[tuple[str, ...]] = ("api_key", "anthropic_api_key")

    max_tokens: int | None = None
    """Most tokens of an answer, thinking included. The endpoint requires it: by default it is the
    cap that Heroku documents for the model or 8192, and more where a thinking budget is."""

    extended_thinking: bool | int | dict[str, Any] | None = None
    """`True`, a budget in tokens (1024 or more), or `{"enabled", "budget_tokens"}`, as for
    `ChatHeroku`; another way to say `thinking`. `{"type": "adaptive"}`, which Claude takes from
    Opus 4.7 on in place of a budget, is sent as it is, and its `effort` as `output_config`. What
    the model thinks is always returned, unless `display` says otherwise."""

    # Upstream's places for what the classes here hold elsewhere: never filled.
    anthropic_api_key: SecretStr = Field(default=SecretStr(""), exclude=True, repr=False)
    anthropic_api_url: str | None = Field(default=None, exclude=True, repr=False)
    anthropic_proxy: str | None = Field(default=None, exclude=True, repr=False)
    default_request_timeout: float | None = Field(default=None, exclude=True, repr=False)
    stop_sequences: list[str] | None = Field(default=None, exclude=True, repr=False)

    def _check_values(self) -> None:
        super()._check_values()
        if self.extended_thinking is not None and self.thinking is not None:
            raise ConfigError("extended_thinking and thinking say the same.", "Pass one of them.")
        check_thinking(self.extended_thinking)

    @model_validator(mode="before")
    @classmethod
    def _resolve_gateway(cls, values: Any) -> Any:
        # In place of upstream's, which reads the variables of Anthropic and LangSmith.
        return values

    @model_validator(mode="before")
    @classmethod
    def set_default_max_tokens(cls, values: dict[str, Any]) -> Any:
        """Leave `max_tokens` to each call: upstream's default knows none of Heroku's models."""
        return values

    @property
    def _client(self) -> HerokuAnthropic:  # type: ignore[override]
        from heroku_inference._adapters.anthropic_clients import client_of  # noqa: PLC0415 - the SDK

        return client_of(self)

    @property
    def _async_client(self) -> AsyncHerokuAnthropic:  # type: ignore[override]
        from heroku_inference._adapters.anthropic_clients import async_client_of  # noqa: PLC0415 - the SDK

        return async_client_of(self)

    def _get_request_payload(
        self,
        input_: LanguageModelInput,
        *,
        stop: list[str] | None = None,
        **kwargs: Any,
    ) -> dict[str, Any]:
        if "extended_thinking" in kwargs:
            asked = kwargs.pop("extended_thinking")
        else:  # the call's own word for it wins
            asked = None if kwargs.get("thinking") else self.extended_thinking
        tool = _answer_tool(kwargs)
        kwargs.pop("response_format", None)
        payload = super()._get_request_payload(
            _as_upstream_takes_them(self._convert_input(input_).to_messages()),
            stop=stop or self._stops(),
            **kwargs,
        )
        body = message_arguments(payload, asked)
        return ask_for_answer(body, tool) if tool else body

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        with langchain_errors():
            return super()._generate(messages, stop, run_manager, **kwargs)

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        with langchain_errors():
            return await super()._agenerate(messages, stop, run_manager, **kwargs)

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        *,
        stream_usage: bool | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        with langchain_errors():
            tool = _answer_tool(kwargs)
            chunks = super()._stream(
                messages, stop, None if tool else run_manager, stream_usage=stream_usage, **kwargs
            )
            if tool:  # known to be the answer only when it is whole
                yield _whole(list(chunks), tool)
                return
            calls = StreamedCalls()
            for chunk in chunks:
                calls.read(chunk)
                yield chunk
            if (last := calls.end()) is not None:
                if run_manager is not None:
                    run_manager.on_llm_new_token("", chunk=last)
                yield last

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        *,
        stream_usage: bool | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        with langchain_errors():
            tool = _answer_tool(kwargs)
            chunks = super()._astream(
                messages, stop, None if tool else run_manager, stream_usage=stream_usage, **kwargs
            )
            async with aclosing(chunks):  # type: ignore[type-var]
                if tool:
                    yield _whole([chunk async for chunk in chunks], tool)
                    return
                calls = StreamedCalls()
                async for chunk in chunks:
                    calls.read(chunk)
                    yield chunk
            if (last := calls.end()) is not None:
                if run_manager is not None:
                    await run_manager.on_llm_new_token("", chunk=last)
                yield last

    def _format_output(
        self,
        data: Any,
        *,
        generation_info: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        if broken := [block for block in data.content if is_broken(block, data)]:
            whole = [block for block in data.content if not is_broken(block, data)]
            data = data.model_copy(update={"content": whole})
        result = super()._format_output(data, generation_info=generation_info, **kwargs)
        message = cast("AIMessage", result.generations[0].message)
        message.invalid_tool_calls = read_broken(broken)
        result.llm_output = whole_metadata(result.llm_output or {})
        message.response_metadata |= result.llm_output
        if tool := _answer_tool(kwargs):
            result.generations[0].message = answered(message, tool["name"])
        return result

    def _make_message_chunk_from_anthropic_event(self, event: Any, **kwargs: Any) -> Any:
        chunk, begun = super()._make_message_chunk_from_anthropic_event(event, **kwargs)
        if chunk is not None:
            chunk.response_metadata |= event_metadata(event)
        return chunk, begun

    def _stops(self) -> list[str] | None:
        return [self.stop] if isinstance(self.stop, str) else self.stop


def _as_upstream_takes_them(messages: list[BaseMessage]) -> list[BaseMessage]:
    """The messages with those of the system, for which there is one place, before the others.

    A run of Heroku's agent becomes the messages that it was made of, broken calls become words.
    """
    parts: list[BaseMessage] = []
    for message in messages:
        parts += messages_of_run(message, namespaces=False) if is_run(message) else [message]
    results = results_in(parts)
    parts = [with_words(part, results) for part in parts]
    return sorted(parts, key=lambda message: message.type != "system")


def _answer_tool(call: Mapping[str, Any]) -> dict[str, Any] | None:
    """The hidden tool for an answer in the form that the call asks for, if it does."""
    tools = call.get("tools") or ()
    return answer_tool(call.get("response_format"), tools, call.get("tool_choice"))


def _whole(chunks: list[ChatGenerationChunk], tool: Mapping[str, Any]) -> ChatGenerationChunk:
    calls = StreamedCalls()
    for chunk in chunks:
        calls.read(chunk)
    last = calls.end(hidden=tool["name"])
    pieces = chunks if last is None else [*chunks, last]
    first, *rest = [cast("AIMessageChunk", chunk.message) for chunk in pieces]
    return ChatGenerationChunk(message=answered(first + rest, tool["name"]))


# Core works out these signatures anew at every call, unless they are there already.
for _method in (MessagesCalls._generate, MessagesCalls._agenerate):  # noqa: SLF001 - our own
    vars(_method)["__signature__"] = inspect.signature(_method)
