"""Structured output as pydantic objects, where LlamaIndex's own methods fall short.

When LlamaIndex streams objects, it does not force the tool call, only logs errors, and gives blank
objects when the model answers in words. One of its four methods also leaves out the system prompt.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from llama_index.core.base.llms.types import MessageRole
from llama_index.core.chat_engine.types import AgentChatResponse
from llama_index.core.instrumentation.events.llm import (
    LLMStructuredPredictEndEvent,
    LLMStructuredPredictStartEvent,
)
from llama_index.core.prompts import ChatPromptTemplate, PromptTemplate
from llama_index.core.tools import BaseTool
from llama_index.core.types import PydanticProgramMode
from llama_index_instrumentation import get_dispatcher
from pydantic import BaseModel

from llama_index_heroku._chat_calls import ChatCalls
from llama_index_heroku._tools import with_all_fields

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator

    from llama_index.core.base.llms.types import ChatMessage, ChatResponse

__all__ = ["StructuredOutput"]

_Model = TypeVar("_Model", bound=BaseModel)

_BY_TOOL: Final = {PydanticProgramMode.DEFAULT, PydanticProgramMode.FUNCTION}
_JSON_TEXT: Final = {"response_format": {"type": "json_object"}}
_OF_THE_PROGRAM: Final = frozenset({"allow_parallel_tool_calls", "tool_choice", "tool_required"})

_dispatcher = get_dispatcher(__name__)


class StructuredOutput(ChatCalls):
    """Structured prediction that always forces the tool call and raises errors."""

    async def astructured_predict(
        self,
        output_cls: type[_Model],
        prompt: PromptTemplate,
        llm_kwargs: dict[str, Any] | None = None,
        **prompt_args: Any,
    ) -> _Model:
        """Async version of `structured_predict`."""
        # Imported late: a plain chat does not need this.
        from llama_index.core.program.utils import get_program_for_llm  # noqa: PLC0415

        _dispatcher.event(
            LLMStructuredPredictStartEvent(
                output_cls=output_cls, template=prompt, template_args=prompt_args
            )
        )
        messages = self._extend_messages(prompt.format_messages(llm=self, **prompt_args))
        program = get_program_for_llm(
            output_cls,
            ChatPromptTemplate(message_templates=messages),
            self,
            pydantic_program_mode=self.pydantic_program_mode,
        )
        # One object, because several were not requested; otherwise the program raises.
        answer = cast("_Model", await program.acall(llm_kwargs=llm_kwargs))
        _dispatcher.event(LLMStructuredPredictEndEvent(output=answer))
        return answer

    def predict_and_call(
        self, tools: Sequence[BaseTool], *args: Any, **kwargs: Any
    ) -> AgentChatResponse:
        """Let the model call a tool, and call it."""
        return super().predict_and_call([*map(with_all_fields, tools)], *args, **kwargs)

    async def apredict_and_call(
        self, tools: Sequence[BaseTool], *args: Any, **kwargs: Any
    ) -> AgentChatResponse:
        """Async version of `predict_and_call`."""
        return await super().apredict_and_call([*map(with_all_fields, tools)], *args, **kwargs)

    def _structured_stream_call(
        self,
        output_cls: type[Any],
        prompt: PromptTemplate,
        llm_kwargs: dict[str, Any] | None = None,
        **prompt_args: Any,
    ) -> Generator[Any, None, None]:
        if not self._answers_by_tool():
            options = {**_JSON_TEXT, **(llm_kwargs or {})}
            grown = super()._structured_stream_call(output_cls, prompt, options, **prompt_args)
            return _check_last(output_cls, grown)
        asked = self._tool_arguments(output_cls, prompt, llm_kwargs, prompt_args)
        return _objects(_GrowingObject(self, output_cls), self.stream_chat_with_tools(**asked))

    async def _structured_astream_call(
        self,
        output_cls: type[Any],
        prompt: PromptTemplate,
        llm_kwargs: dict[str, Any] | None = None,
        **prompt_args: Any,
    ) -> AsyncGenerator[Any, None]:
        if not self._answers_by_tool():
            options = {**_JSON_TEXT, **(llm_kwargs or {})}
            grown = await super()._structured_astream_call(
                output_cls, prompt, options, **prompt_args
            )
            return _acheck_last(output_cls, grown)
        asked = self._tool_arguments(output_cls, prompt, llm_kwargs, prompt_args)
        responses = await self.astream_chat_with_tools(**asked)
        return _aobjects(_GrowingObject(self, output_cls), responses)

    def _answers_by_tool(self) -> bool:
        calls_tools = self.metadata.is_function_calling_model
        return calls_tools and self.pydantic_program_mode in _BY_TOOL

    def _tool_arguments(
        self,
        output_cls: type[Any],
        prompt: PromptTemplate,
        llm_kwargs: dict[str, Any] | None,
        prompt_args: dict[str, Any],
    ) -> dict[str, Any]:
        from llama_index.core.program.function_program import get_function_tool  # noqa: PLC0415

        messages = prompt.format_messages(llm=self, **prompt_args)
        options = llm_kwargs or {}
        return {
            "tools": [get_function_tool(output_cls)],
            "chat_history": self._extend_messages(messages),
            "tool_required": True,
            **{name: options[name] for name in options if name not in _OF_THE_PROGRAM},
        }

    def _extend_messages(self, messages: list[ChatMessage]) -> list[ChatMessage]:
        """The messages with the system prompt first, added only once."""
        first = messages[0] if messages else None
        if first and first.role == MessageRole.SYSTEM and first.content == self.system_prompt:
            return messages
        return super()._extend_messages(messages)


def _objects(growing: _GrowingObject, responses: Generator[ChatResponse]) -> Generator[BaseModel]:
    for response in responses:
        if (grown := growing.add(response)) is not None:
            yield grown
    growing.check()


async def _aobjects(
    growing: _GrowingObject, responses: AsyncGenerator[ChatResponse]
) -> AsyncGenerator[BaseModel]:
    async for response in responses:
        if (grown := growing.add(response)) is not None:
            yield grown
    growing.check()


def _check_last(output_cls: type[BaseModel], grown: Generator[Any]) -> Generator[Any]:
    last = None
    for last in grown:
        yield last
    _check(output_cls, last)


async def _acheck_last(
    output_cls: type[BaseModel], grown: AsyncGenerator[Any]
) -> AsyncGenerator[Any]:
    last = None
    async for last in grown:
        yield last
    _check(output_cls, last)


class _GrowingObject:
    """Reads the object from each response, as complete as it is by then."""

    def __init__(self, llm: StructuredOutput, output_cls: type[BaseModel]) -> None:
        self._llm = llm
        self._output_cls = output_cls
        self._object: BaseModel | None = None
        self._said = ""

    def add(self, response: ChatResponse) -> BaseModel | None:
        """The object so far; `None` before the model calls the tool."""
        self._said = response.message.content or ""
        if not response.message.additional_kwargs.get("tool_calls"):
            return None
        from llama_index.core.program.utils import process_streaming_objects  # noqa: PLC0415

        grown = process_streaming_objects(
            response,
            self._output_cls,
            cur_objects=None if self._object is None else [self._object],
            llm=self._llm,
        )
        # One object: several were not requested.
        self._object = cast("BaseModel", grown)
        return self._object

    def check(self) -> None:
        _check(self._output_cls, self._object, self._said)


def _check(output_cls: type[BaseModel], last: BaseModel | None, said: str = "") -> None:
    if isinstance(last, output_cls):
        return
    what = f"{last!r}" if last is not None else f"no call of the tool for it, but {said[:500]!r}"
    raise ValueError(
        f"The model did not give a whole {output_cls.__name__}: it gave {what}. One that "
        "thinks cannot be made to call a tool: turn thinking off, or ask for it in the prompt."
    )
