"""The four ways to have a model call tools: whole or streamed, blocking or async."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import aclosing, closing
from typing import Any

from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    ChatResponseAsyncGen,
    ChatResponseGen,
)
from llama_index.core.tools import BaseTool

from llama_index_heroku._structured_output import StructuredOutput
from llama_index_heroku._tool_calls import FINISH_REASON, call_in_text, keep_first_call

__all__ = ["ToolUse"]


class ToolUse(StructuredOutput):
    """Calls of tools as they were asked for: one at a time, or one that a model gave as text.

    LlamaIndex does not look at what streams bring, and does not say here whether a call was
    required.
    """

    def chat_with_tools(
        self,
        tools: Sequence[BaseTool],
        user_msg: str | ChatMessage | None = None,
        chat_history: list[ChatMessage] | None = None,
        verbose: bool = False,
        allow_parallel_tool_calls: bool = False,
        tool_required: bool = False,
        **kwargs: Any,
    ) -> ChatResponse:
        """Answer a conversation; the model can call these tools, or must if `tool_required`."""
        response = super().chat_with_tools(
            tools,
            user_msg,
            chat_history,
            verbose,
            allow_parallel_tool_calls,
            tool_required,
            **kwargs,
        )
        return call_in_text(response, tools) if tool_required else response

    async def achat_with_tools(
        self,
        tools: Sequence[BaseTool],
        user_msg: str | ChatMessage | None = None,
        chat_history: list[ChatMessage] | None = None,
        verbose: bool = False,
        allow_parallel_tool_calls: bool = False,
        tool_required: bool = False,
        **kwargs: Any,
    ) -> ChatResponse:
        """Async version of `chat_with_tools`."""
        response = await super().achat_with_tools(
            tools,
            user_msg,
            chat_history,
            verbose,
            allow_parallel_tool_calls,
            tool_required,
            **kwargs,
        )
        return call_in_text(response, tools) if tool_required else response

    def stream_chat_with_tools(
        self,
        tools: Sequence[BaseTool],
        user_msg: str | ChatMessage | None = None,
        chat_history: list[ChatMessage] | None = None,
        verbose: bool = False,
        allow_parallel_tool_calls: bool = False,
        tool_required: bool = False,
        **kwargs: Any,
    ) -> ChatResponseGen:
        """Stream an answer; the model can call these tools, or must if `tool_required`."""
        responses = super().stream_chat_with_tools(
            tools,
            user_msg,
            chat_history,
            verbose,
            allow_parallel_tool_calls,
            tool_required,
            **kwargs,
        )
        if allow_parallel_tool_calls and not tool_required:
            return responses
        return _checked(responses, tools if tool_required else (), allow_parallel_tool_calls)

    async def astream_chat_with_tools(
        self,
        tools: Sequence[BaseTool],
        user_msg: str | ChatMessage | None = None,
        chat_history: list[ChatMessage] | None = None,
        verbose: bool = False,
        allow_parallel_tool_calls: bool = False,
        tool_required: bool = False,
        **kwargs: Any,
    ) -> ChatResponseAsyncGen:
        """Async version of `stream_chat_with_tools`."""
        responses = await super().astream_chat_with_tools(
            tools,
            user_msg,
            chat_history,
            verbose,
            allow_parallel_tool_calls,
            tool_required,
            **kwargs,
        )
        if allow_parallel_tool_calls and not tool_required:
            return responses
        return _achecked(responses, tools if tool_required else (), allow_parallel_tool_calls)

    def _validate_chat_with_tools_response(
        self,
        response: ChatResponse,
        tools: Sequence[BaseTool],  # noqa: ARG002 - names are right already
        allow_parallel_tool_calls: bool = False,
        **kwargs: Any,  # noqa: ARG002 - LlamaIndex's signature
    ) -> ChatResponse:
        if not allow_parallel_tool_calls:
            keep_first_call(response.message)
        return response


def _checked(
    responses: ChatResponseGen, required: Sequence[BaseTool], parallel: bool
) -> Generator[ChatResponse]:
    with closing(responses):
        for response in responses:
            yield _check(response, required, parallel)


async def _achecked(
    responses: ChatResponseAsyncGen, required: Sequence[BaseTool], parallel: bool
) -> AsyncGenerator[ChatResponse]:
    async with aclosing(responses):
        async for response in responses:
            yield _check(response, required, parallel)


def _check(response: ChatResponse, required: Sequence[BaseTool], parallel: bool) -> ChatResponse:
    if not parallel:
        keep_first_call(response.message)
    is_whole = FINISH_REASON in response.additional_kwargs
    return call_in_text(response, required) if required and is_whole else response
