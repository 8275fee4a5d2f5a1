"""Calls Claude through the Messages endpoint: `ChatAnthropic` over the core's transport.

`langchain_anthropic` (called upstream below) converts messages and reads answers. Anthropic's SDK
talks to Heroku over the core's transport.
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
    message_arguments,
    with_second_tries,
)
from heroku_inference._adapters.arguments import check_extra_body
from heroku_inference._adapters.chat_parameters import check_share, check_thinking
from langchain_heroku._agents.history import is_run, messages_of_run
from langchain_heroku._broken_calls import (
    KEEP_BROKEN,
    StreamedCalls,
    check_calls,
    results_in,
    with_words,
)
from langchain_heroku._chat_model import HerokuChatModel
from langchain_heroku._connection import HerokuConnection
from langchain_heroku._messages_api.reading import (
    answer_as_text,
    event_metadata,
    is_broken,
    read_broken,
    whole_metadata,
)
from langchain_heroku._replaced_calls import without_replaced
from langchain_heroku.errors import ConfigError, langchain_errors

try:
    from langchain_anthropic import ChatAnthropic
except ImportError as error:
    raise ImportError(
        "ChatHerokuMessages needs langchain-anthropic: "
        "`pip install heroku-inference[langchain-anthropic]`."
    ) from error

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping

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
    """Calls the model with the parameters set on it. `ChatHerokuMessages` is the public class."""

    _SPELLINGS: ClassVar[Mapping[str, str]] = {
        **HerokuConnection._SPELLINGS,  # noqa: SLF001 - of a class above
        "anthropic_api_key": "api_key",
        "anthropic_api_url": "base_url",
        "default_request_timeout": "timeout",
        "max_completion_tokens": "max_tokens",
        "max_tokens_to_sample": "max_tokens",
        "stop_sequences": "stop",
    }
    _CHECKS: ClassVar[Mapping[str, Callable[[Any], object]]] = {
        **HerokuConnection._CHECKS,  # noqa: SLF001 - of a class above
        "extended_thinking": check_thinking,
    }
    _KEYS: ClassVar[tuple[str, ...]] = ("api_key", "anthropic_api_key")

    max_tokens: int | None = None
    """The longest answer in tokens, thinking included. The endpoint requires it. Defaults to the
    model's cap in Heroku's documentation or 8192, and more if there is a thinking budget."""

    extended_thinking: bool | int | dict[str, Any] | None = None
    """`True`, a budget in tokens (1024 or more), or `{"enabled", "budget_tokens"}`, as for
    `ChatHeroku`; another way to say `thinking`. `{"type": "adaptive"}`, which Claude takes from
    Opus 4.7 on in place of a budget, is sent as it is, and its `effort` as `output_config`. What
    the model thinks is always returned, unless `display` says otherwise."""

    tool_call_retries: int = Field(default=1, ge=0)
    """How often the model is told, and asked again, when it calls a tool with arguments that are
    not a JSON object. The answers are summed, with their tokens."""

    # Fields of upstream that stay empty: the classes here keep these values elsewhere.
    anthropic_api_key: SecretStr = Field(default=SecretStr(""), exclude=True, repr=False)
    anthropic_api_url: str | None = Field(default=None, exclude=True, repr=False)
    anthropic_proxy: str | None = Field(default=None, exclude=True, repr=False)
    default_request_timeout: float | None = Field(default=None, exclude=True, repr=False)
    stop_sequences: list[str] | None = Field(default=None, exclude=True, repr=False)

    def _check_values(self) -> None:
        super()._check_values()
        check_share("temperature", self.temperature)
        check_share("top_p", self.top_p)
        check_extra_body(self.model_kwargs.get("extra_body"))
        if self.extended_thinking is not None and self.thinking is not None:
            raise ConfigError("extended_thinking and thinking say the same.", "Pass one of them.")
        check_thinking(self.extended_thinking)

    @model_validator(mode="before")
    @classmethod
    def _resolve_gateway(cls, values: Any) -> Any:
        # Replaces upstream's, which reads environment variables of Anthropic and LangSmith.
        return values

    @model_validator(mode="before")
    @classmethod
    def set_default_max_tokens(cls, values: dict[str, Any]) -> Any:
        """Leave `max_tokens` to each call: upstream does not know Heroku's models."""
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
            thinking = kwargs.pop("extended_thinking")
        else:  # `thinking` of the call takes precedence
            thinking = None if kwargs.get("thinking") else self.extended_thinking
        tool = _answer_tool(kwargs)
        retries = self._retries(kwargs)
        for name in ("response_format", "tool_call_retries", KEEP_BROKEN):
            kwargs.pop(name, None)
        payload = super()._get_request_payload(
            _upstream_messages(self._convert_input(input_).to_messages()),
            stop=stop or self._stops(),
            **kwargs,
        )
        body = message_arguments(payload, thinking)
        return with_second_tries(ask_for_answer(body, tool) if tool else body, retries)

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
            if tool:  # only a whole answer shows whether the tool was called
                yield _join_chunks(list(chunks), tool)
                return
            calls = StreamedCalls()
            for chunk in chunks:
                calls.read(chunk)
                yield chunk
            if (last := calls.end()) is not None:
                if run_manager is not None:
                    run_manager.on_llm_new_token("", chunk=last)
                yield last
            calls.check(self._kept_or_tried(kwargs))

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
                    yield _join_chunks([chunk async for chunk in chunks], tool)
                    return
                calls = StreamedCalls()
                async for chunk in chunks:
                    calls.read(chunk)
                    yield chunk
            if (last := calls.end()) is not None:
                if run_manager is not None:
                    await run_manager.on_llm_new_token("", chunk=last)
                yield last
            calls.check(self._kept_or_tried(kwargs))

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
            message = answer_as_text(message, tool["name"])
            result.generations[0].message = message
        reason = message.response_metadata.get("finish_reason")
        check_calls(message, reason, self._kept_or_tried(kwargs))
        return result

    def _make_message_chunk_from_anthropic_event(self, event: Any, **kwargs: Any) -> Any:
        chunk, begun = super()._make_message_chunk_from_anthropic_event(event, **kwargs)
        if chunk is not None:
            chunk.response_metadata |= event_metadata(event)
        return chunk, begun

    def _retries(self, call: Mapping[str, Any]) -> int:
        retries: int = call.get("tool_call_retries", self.tool_call_retries)
        return retries

    def _kept_or_tried(self, call: Mapping[str, Any]) -> int | None:
        """How often broken calls are tried again; `None` if they are left to a parser."""
        is_parsed = call.get(KEEP_BROKEN) or call.get("response_format")
        return None if is_parsed else self._retries(call)

    def _stops(self) -> list[str] | None:
        return [self.stop] if isinstance(self.stop, str) else self.stop


def _upstream_messages(messages: list[BaseMessage]) -> list[BaseMessage]:
    """The messages in a form that upstream accepts.

    System messages come first. Runs of Heroku's agents are split into turns and results, and broken
    calls become text.
    """
    parts: list[BaseMessage] = []
    for message in without_replaced(messages):
        parts += messages_of_run(message, namespaces=False) if is_run(message) else [message]
    results = results_in(parts)
    parts = [with_words(part, results) for part in parts]
    return sorted(parts, key=lambda message: message.type != "system")


def _answer_tool(call: Mapping[str, Any]) -> dict[str, Any] | None:
    """The hidden tool for the `response_format` of a call, or `None`."""
    tools = call.get("tools") or ()
    return answer_tool(call.get("response_format"), tools, call.get("tool_choice"))


def _join_chunks(chunks: list[ChatGenerationChunk], tool: Mapping[str, Any]) -> ChatGenerationChunk:
    calls = StreamedCalls()
    for chunk in chunks:
        calls.read(chunk)
    last = calls.end(hidden=tool["name"])
    pieces = chunks if last is None else [*chunks, last]
    first, *rest = [cast("AIMessageChunk", chunk.message) for chunk in pieces]
    return ChatGenerationChunk(message=answer_as_text(first + rest, tool["name"]))


# LangChain inspects these signatures at every call, unless they are stored already.
for _method in (MessagesCalls._generate, MessagesCalls._agenerate):  # noqa: SLF001 - our own
    vars(_method)["__signature__"] = inspect.signature(_method)
