"""The eight ways to call a chat model: messages or a prompt, whole or streamed, blocking or async.

Each takes three steps: convert messages and parameters for the core, call its client, and convert
its answer for LlamaIndex.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import aclosing, closing
from typing import TYPE_CHECKING, Any, ClassVar

from llama_index.core.llms.callbacks import llm_chat_callback, llm_completion_callback
from llama_index.core.llms.function_calling import FunctionCallingLLM
from pydantic import Field

from heroku_inference._adapters import chat_parameters as heroku
from heroku_inference._adapters.chat_options import (
    CHAT_OPTIONS,
    chat_options,
    refuse_keys,
    refuse_unknown_options,
)
from heroku_inference._errors import short_traceback
from llama_index_heroku._connection import HerokuConnection
from llama_index_heroku._image_documents import prompt_messages, refuse_image_documents
from llama_index_heroku._messages import wire_messages
from llama_index_heroku._responses import GrowingResponse, chat_response, completion_response
from llama_index_heroku._tools import TOOL_NAMES

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator, Sequence

    from llama_index.core.base.llms.types import (
        ChatMessage,
        ChatResponse,
        ChatResponseAsyncGen,
        ChatResponseGen,
        CompletionResponse,
        CompletionResponseAsyncGen,
        CompletionResponseGen,
    )

    from heroku_inference import ChatChunk

__all__ = ["ChatCalls"]


class ChatCalls(HerokuConnection, heroku.ChatParameters, FunctionCallingLLM):
    """Calls the model with the parameters set on it. `Heroku` is the public class.

    Prompts do not go through the chat methods: LlamaIndex would report each call twice, and ask the
    rate limiter twice.
    """

    _SPELLINGS: ClassVar[Mapping[str, str]] = {
        **HerokuConnection._SPELLINGS,  # noqa: SLF001 - of the class above
        "max_completion_tokens": "max_tokens",
        "max_new_tokens": "max_tokens",
        "model_name": "model",
        "stop_sequences": "stop",
    }

    _OF_A_CALL: ClassVar[frozenset[str]] = CHAT_OPTIONS
    """The options of a call."""
    _ELSEWHERE: ClassVar[Mapping[str, str]] = {
        "on_retry": "Retries cannot be reported here; heroku_inference.Client takes on_retry.",
    }
    """What to do instead of an option that others have."""

    _ASKS_LIMITERS: ClassVar[bool] = True

    rate_limiter: Any = Field(default=None, exclude=True)
    """A rate limiter of LlamaIndex, asked once before each call; or a
    `heroku_inference.SharedRateLimit`, which several processes keep together: each request that
    goes out waits for its turn. Left out of dumps."""

    additional_kwargs: dict[str, Any] = Field(default_factory=dict)
    """Further options of every call. They replace parameters; options of the call replace them."""

    def _check_values(self) -> None:
        super()._check_values()
        refuse_keys(self.additional_kwargs, "additional_kwargs")

    @llm_chat_callback()
    def chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        """Answer a conversation; `kwargs` are options of this call, such as `max_tokens`."""
        with short_traceback():
            return self._answer(messages, kwargs)

    @llm_chat_callback()
    async def achat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        """Async version of `chat`."""
        with short_traceback():
            return await self._aanswer(messages, kwargs)

    @llm_chat_callback()
    def stream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseGen:
        """Stream an answer: each response holds everything so far, and the new text in `delta`."""
        return self._stream(messages, kwargs)

    @llm_chat_callback()
    async def astream_chat(
        self, messages: Sequence[ChatMessage], **kwargs: Any
    ) -> ChatResponseAsyncGen:
        """Async version of `stream_chat`."""
        return self._astream(messages, kwargs)

    @llm_completion_callback()
    def complete(
        self,
        prompt: str,
        formatted: bool = False,
        **kwargs: Any,
    ) -> CompletionResponse:
        """Answer a prompt, which is sent as one user message; images can be `image_documents`."""
        with short_traceback():
            return completion_response(
                self._answer(prompt_messages(prompt, formatted, kwargs), kwargs)
            )

    @llm_completion_callback()
    async def acomplete(
        self,
        prompt: str,
        formatted: bool = False,
        **kwargs: Any,
    ) -> CompletionResponse:
        """Async version of `complete`."""
        with short_traceback():
            return completion_response(
                await self._aanswer(prompt_messages(prompt, formatted, kwargs), kwargs)
            )

    @llm_completion_callback()
    def stream_complete(
        self,
        prompt: str,
        formatted: bool = False,
        **kwargs: Any,
    ) -> CompletionResponseGen:
        """Stream the answer to a prompt."""
        responses = self._stream(prompt_messages(prompt, formatted, kwargs), kwargs)
        return (completion_response(response) for response in responses)

    @llm_completion_callback()
    async def astream_complete(
        self,
        prompt: str,
        formatted: bool = False,
        **kwargs: Any,
    ) -> CompletionResponseAsyncGen:
        """Async version of `stream_complete`."""
        responses = self._astream(prompt_messages(prompt, formatted, kwargs), kwargs)
        return (completion_response(response) async for response in responses)

    def _answer(self, messages: Sequence[ChatMessage], call: dict[str, Any]) -> ChatResponse:
        options, names = self._options(call)
        return chat_response(self._client.chat(wire_messages(messages), **options), names)

    async def _aanswer(self, messages: Sequence[ChatMessage], call: dict[str, Any]) -> ChatResponse:
        options, names = self._options(call)
        answer = await self._async_client.chat(wire_messages(messages), **options)
        return chat_response(answer, names)

    def _stream(self, messages: Sequence[ChatMessage], call: dict[str, Any]) -> ChatResponseGen:
        options, names = self._options(call)
        return _grow_responses(self._client.stream_chat(wire_messages(messages), **options), names)

    def _astream(
        self, messages: Sequence[ChatMessage], call: dict[str, Any]
    ) -> ChatResponseAsyncGen:
        options, names = self._options(call)
        return _agrow_responses(
            self._async_client.stream_chat(wire_messages(messages), **options), names
        )

    def _options(self, call: dict[str, Any]) -> tuple[dict[str, Any], Mapping[str, str]]:
        """The options of one call for the core, and the tools' own names by those on the wire."""
        refuse_keys(call)
        refuse_image_documents(call)
        given = {name: call[name] for name in call if name != TOOL_NAMES}
        refuse_unknown_options(given, self._OF_A_CALL, self._ELSEWHERE)
        here = {
            "model": self.model,
            "stop": self.stop,
            **self._parameters(),
            "stream_usage": self.stream_usage,
            "tool_call_retries": self.tool_call_retries,
            "extra_body": self.extra_body,
        }
        options = chat_options(here, self.additional_kwargs, given, known=self._OF_A_CALL)
        return options, call.get(TOOL_NAMES, {})


def _grow_responses(chunks: Generator[ChatChunk], names: Mapping[str, str]) -> ChatResponseGen:
    response = GrowingResponse(names)
    with short_traceback(), closing(chunks):
        for chunk in chunks:
            yield response.add(chunk)


async def _agrow_responses(
    chunks: AsyncGenerator[ChatChunk], names: Mapping[str, str]
) -> ChatResponseAsyncGen:
    response = GrowingResponse(names)
    with short_traceback():
        async with aclosing(chunks):
            async for chunk in chunks:
                yield response.add(chunk)
