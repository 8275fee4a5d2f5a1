"""Structured output as pydantic objects, where LlamaIndex's own methods fall short.

When LlamaIndex streams objects, it does not force the tool call, only logs errors, and gives blank
objects when the model answers in words. One of its four methods also leaves out the system prompt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from llama_index.core.base.llms.types import ChatResponse, MessageRole
from llama_index.core.instrumentation.events.llm import (
    LLMStructuredPredictEndEvent,
    LLMStructuredPredictStartEvent,
)
from llama_index.core.prompts import ChatPromptTemplate
from llama_index.core.types import PydanticProgramMode
from llama_index_instrumentation import get_dispatcher
from pydantic import BaseModel

from heroku_inference._adapters.tools import arguments_in_text
from llama_index_heroku._chat_calls import ChatCalls
from llama_index_heroku._tool_calls import FINISH_REASON
from llama_index_heroku._tools import with_all_fields

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator, Sequence

    from llama_index.core.base.llms.types import ChatMessage, CompletionResponse
    from llama_index.core.chat_engine.types import AgentChatResponse
    from llama_index.core.prompts import PromptTemplate
    from llama_index.core.tools import BaseTool

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
        growing = _GrowingObject(self, output_cls, by_tool=self._answers_by_tool())
        if growing.by_tool:
            asked = self._tool_arguments(output_cls, prompt, llm_kwargs, prompt_args)
            return _objects(growing, self.stream_chat_with_tools(**asked))
        given, options = self._text_arguments(output_cls, prompt, llm_kwargs, prompt_args)
        stream = self.stream_complete if isinstance(given, str) else self.stream_chat
        return _objects(growing, stream(given, **options))

    async def _structured_astream_call(
        self,
        output_cls: type[Any],
        prompt: PromptTemplate,
        llm_kwargs: dict[str, Any] | None = None,
        **prompt_args: Any,
    ) -> AsyncGenerator[Any, None]:
        growing = _GrowingObject(self, output_cls, by_tool=self._answers_by_tool())
        if growing.by_tool:
            asked = self._tool_arguments(output_cls, prompt, llm_kwargs, prompt_args)
            return _aobjects(growing, await self.astream_chat_with_tools(**asked))
        given, options = self._text_arguments(output_cls, prompt, llm_kwargs, prompt_args)
        stream = self.astream_complete if isinstance(given, str) else self.astream_chat
        return _aobjects(growing, await stream(given, **options))

    def _text_arguments(
        self,
        output_cls: type[Any],
        prompt: PromptTemplate,
        llm_kwargs: dict[str, Any] | None,
        prompt_args: dict[str, Any],
    ) -> tuple[list[ChatMessage] | str, dict[str, Any]]:
        """The messages or the prompt that ask for JSON text, and the options of the call."""
        from llama_index.core.program.utils import get_program_for_llm  # noqa: PLC0415

        program: Any = get_program_for_llm(
            output_cls, prompt, self, pydantic_program_mode=self.pydantic_program_mode
        )
        options = {**_JSON_TEXT, **(llm_kwargs or {})}
        if not self.metadata.is_chat_model:
            return program.prompt.format(llm=self, **prompt_args), options
        messages = program.prompt.format_messages(llm=self, **prompt_args)
        return self._extend_messages(messages), options

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


def _objects(
    growing: _GrowingObject, responses: Generator[ChatResponse | CompletionResponse]
) -> Generator[BaseModel]:
    for response in responses:
        if (grown := growing.add(response)) is not None:
            yield grown
    growing.check()


async def _aobjects(
    growing: _GrowingObject, responses: AsyncGenerator[ChatResponse | CompletionResponse]
) -> AsyncGenerator[BaseModel]:
    async for response in responses:
        if (grown := growing.add(response)) is not None:
            yield grown
    growing.check()


class _GrowingObject:
    """Reads the object from each response, as complete as it is by then."""

    def __init__(
        self, llm: StructuredOutput, output_cls: type[BaseModel], *, by_tool: bool
    ) -> None:
        self.by_tool = by_tool
        self._llm = llm
        self._output_cls = output_cls
        self._object: BaseModel | None = None
        self._said = ""
        self._finish_reason = ""

    def add(self, response: ChatResponse | CompletionResponse) -> BaseModel | None:
        """The object so far; `None` before there is one."""
        from llama_index.core.program.utils import process_streaming_objects  # noqa: PLC0415

        self._finish_reason = response.additional_kwargs.get(FINISH_REASON, "")
        if isinstance(response, ChatResponse):
            self._said = response.message.content or ""
            if self.by_tool and not response.message.additional_kwargs.get("tool_calls"):
                return None
        else:
            self._said = response.text
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
        """Raise if the answer has ended without a whole object."""
        if self._is_cut():
            raise ValueError(
                f"max_tokens cut the answer, which is not a whole {self._output_cls.__name__}: "
                f"{self._said[:500]!r}. Raise max_tokens."
            )
        if isinstance(self._object, self._output_cls):
            return
        what = f"no call of the tool for it, but {self._said[:500]!r}"
        if self._object is not None:
            what = f"{self._object!r}"
        raise ValueError(
            f"The model did not give a whole {self._output_cls.__name__}: it gave {what}. One that "
            "thinks cannot be made to call a tool: turn thinking off, or ask for it in the prompt."
        )

    def _is_cut(self) -> bool:
        """Whether JSON text ends early: what came of it may fit all the same."""
        if self.by_tool or self._finish_reason != "length":
            return False
        return arguments_in_text(self._said) is None
