"""Structured output: what to bind to the model, and how to parse its answer.

Heroku ignores `response_format` (docs: OpenAI compatibility). The default is therefore a forced
tool call. The core implements the other two methods with a hidden tool or an instruction.
"""

from __future__ import annotations

import json
import uuid
from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

from langchain_core.exceptions import OutputParserException
from langchain_core.messages import AIMessageChunk, SystemMessage
from langchain_core.messages.tool import tool_call, tool_call_chunk
from langchain_core.output_parsers.openai_tools import JsonOutputKeyToolsParser
from langchain_core.outputs import Generation
from langchain_core.runnables import (
    Runnable,
    RunnableAssign,
    RunnableGenerator,
    RunnableLambda,
    RunnableMap,
)
from langchain_core.utils.pydantic import is_basemodel_subclass
from pydantic import SkipValidation

from heroku_inference._adapters.tools import arguments_in_text, call_instruction, parse_arguments
from langchain_heroku._blocks_of_answers import HAS_REFUSALS
from langchain_heroku._broken_calls import KEEP_BROKEN
from langchain_heroku._tools import answer_schema, openai_tool, titled
from langchain_heroku.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Iterator

    from langchain_core.language_models import LanguageModelInput
    from langchain_core.messages import AIMessage
    from langchain_core.output_parsers import BaseOutputParser

    from langchain_heroku.chat_models import ChatHeroku, Method

__all__ = ["structured_output"]

_METHODS: Final = ("function_calling", "json_schema", "json_mode")


def structured_output(
    model: ChatHeroku,
    schema: dict[str, Any] | type | None,
    *,
    method: Method,
    include_raw: bool,
    options: dict[str, Any],
) -> Runnable[LanguageModelInput, Any]:
    """A runnable that calls `model` and parses its answer; see `with_structured_output`."""
    if method not in _METHODS:
        raise ConfigError(f"method={method!r} is unknown.", f"Pass one of {', '.join(_METHODS)}.")
    if schema is None and method != "json_mode":
        raise ConfigError(
            f"method={method!r} needs a schema.", "Pass a schema, or method='json_mode'."
        )
    schema = _unwrap_schema(schema)
    if schema is not None:
        schema = titled(schema)
        # LangChain's own conversion does not end at a TypedDict that contains itself.
        is_form = isinstance(schema, dict) or is_basemodel_subclass(schema)
        shown = schema if is_form else answer_schema(schema)
        trace = {"kwargs": {"method": method}, "schema": shown}
        options = {**options, "ls_structured_output_format": trace}
    if method == "function_calling" and schema is not None:
        asking, parser = _by_tool(model, schema, options)
    else:
        asking, parser = _by_text(model, _response_format(method, schema), schema, options)
    return _with_raw(asking, parser) if include_raw else asking | parser


def _unwrap_schema(schema: dict[str, Any] | type | None) -> dict[str, Any] | type | None:
    """The schema inside OpenAI's `{"type": "json_schema", "json_schema": {"name", "schema"}}`."""
    if not isinstance(schema, dict) or schema.get("type") != "json_schema":
        return schema
    inside = schema.get("json_schema")
    if not isinstance(inside, dict) or not isinstance(inside.get("schema"), dict):
        raise ConfigError(
            'A schema of type "json_schema" has no "schema" in its "json_schema".',
            'Pass {"type": "json_schema", "json_schema": {"name": ..., "schema": {...}}}.',
        )
    labels = {"title": inside.get("name"), "description": inside.get("description")}
    return {**inside["schema"], **{name: text for name, text in labels.items() if text}}


def _by_tool(
    model: ChatHeroku, schema: dict[str, Any] | type, options: dict[str, Any]
) -> tuple[Runnable[LanguageModelInput, AIMessage], Runnable[Any, Any]]:
    if options.get("tools"):
        raise ConfigError(
            "method='function_calling' does not take tools besides the one for the answer.",
            "Pass method='json_schema': the model can call tools then, and the answer is None when "
            "it does.",
        )
    function = openai_tool(schema)["function"]
    name = function["name"]
    # A tool call cannot be forced while the model thinks: instruct it instead.
    choice = {"tool_choice": None if model.thinks else name}
    asking = model.bind_tools(**{**choice, **options, KEEP_BROKEN: True, "tools": [schema]})
    if model.thinks and "tool_choice" not in options:
        asking = _with_instruction(model, call_instruction([name])) | asking
    parser: BaseOutputParser[Any]
    if isinstance(schema, type) and is_basemodel_subclass(schema):
        parser = _ClassParser(key_name=name, first_tool_only=True, answer_class=schema)
    else:
        parser = JsonOutputKeyToolsParser(key_name=name, first_tool_only=True)
    required = function.get("parameters", {}).get("required", ())
    return asking, _check_call(name, required) | parser


class _ClassParser(JsonOutputKeyToolsParser):
    """Makes an instance of a class from the call of its tool, which may have another name."""

    answer_class: SkipValidation[Any]

    def parse_result(self, result: list[Generation], *, partial: bool = False) -> Any:
        arguments = super().parse_result(result, partial=partial)
        if arguments is None:
            return None
        try:
            return self.answer_class(**arguments)
        except ValueError:
            if partial:  # LangChain shows an object once it is complete
                return None
            raise


def _with_instruction(
    model: ChatHeroku, instruction: str
) -> Runnable[LanguageModelInput, LanguageModelInput]:
    """A step that adds an instruction to the input, after the system message if there is one."""
    return RunnableLambda(partial(_add_instruction, model, instruction))


def _add_instruction(
    model: ChatHeroku, instruction: str, given: LanguageModelInput
) -> LanguageModelInput:
    messages = model._convert_input(given).to_messages()  # noqa: SLF001 - as its `invoke` does
    at = 1 if messages and messages[0].type == "system" else 0
    return [*messages[:at], SystemMessage(instruction), *messages[at:]]


def _check_call(tool: str, required: Collection[str]) -> Runnable[Any, Any]:
    """A step that passes an answer on, and raises at its end if the tool was not called.

    An answer that gives the arguments of the call as text passes as that call.
    """
    check = _CallCheck(tool, required)
    return RunnableGenerator(check.check, check.acheck)


class _CallCheck:
    """The two ways of `_check_call`; a class, because functions in functions cannot be pickled."""

    def __init__(self, tool: str, required: Collection[str]) -> None:
        self._tool = tool
        self._required = required

    def check(self, answer: Iterator[AIMessage]) -> Iterator[AIMessage]:
        tool_answer = _ToolAnswer(self._tool, self._required)
        for piece in answer:
            yield tool_answer.add(piece)
        yield from tool_answer.end()

    async def acheck(self, answer: AsyncIterator[AIMessage]) -> AsyncIterator[AIMessage]:
        tool_answer = _ToolAnswer(self._tool, self._required)
        async for piece in answer:
            yield tool_answer.add(piece)
        for last in tool_answer.end():
            yield last


def _check_whole() -> Runnable[Any, Any]:
    """A step that passes an answer in JSON text on, and raises at its end if it was cut.

    LangChain's parsers complete what was cut, and give half an object.
    """
    return RunnableGenerator(_pass_whole, _apass_whole)


def _pass_whole(answer: Iterator[AIMessage]) -> Iterator[AIMessage]:
    text_answer = _TextAnswer()
    for piece in answer:
        text_answer.add(piece)
        yield piece
    text_answer.check()


async def _apass_whole(answer: AsyncIterator[AIMessage]) -> AsyncIterator[AIMessage]:
    text_answer = _TextAnswer()
    async for piece in answer:
        text_answer.add(piece)
        yield piece
    text_answer.check()


def _by_text(
    model: ChatHeroku,
    response_format: dict[str, Any],
    schema: dict[str, Any] | type | None,
    options: dict[str, Any],
) -> tuple[Runnable[LanguageModelInput, AIMessage], Runnable[Any, Any]]:
    options = {**options, "response_format": response_format}
    parser = _check_whole() | _text_parser(schema)
    if not options.get("tools"):
        return model.bind(**options), parser

    return model.bind_tools(**options), RunnableLambda(partial(_choose_parser, parser))


def _choose_parser(parser: Runnable[Any, Any], answer: AIMessage) -> Runnable[Any, Any] | None:
    return None if answer.tool_calls or answer.invalid_tool_calls else parser


def _response_format(method: Method, schema: dict[str, Any] | type | None) -> dict[str, Any]:
    if schema is None:
        return {"type": "json_object"}
    answer = answer_schema(schema)
    if method == "json_mode":
        return {"type": "json_object", "schema": answer}
    description = {"description": answer["description"]} if answer.get("description") else {}
    return {
        "type": "json_schema",
        "json_schema": {"name": answer.get("title", "answer"), "schema": answer, **description},
    }


def _text_parser(schema: dict[str, Any] | type | None) -> BaseOutputParser[Any]:
    from langchain_core.output_parsers import (  # noqa: PLC0415 - not loaded yet
        JsonOutputParser,
        PydanticOutputParser,
    )

    if isinstance(schema, type) and is_basemodel_subclass(schema):
        return PydanticOutputParser(pydantic_object=schema)
    return JsonOutputParser()


def _with_raw(
    asking: Runnable[LanguageModelInput, AIMessage], parser: Runnable[Any, Any]
) -> Runnable[LanguageModelInput, Any]:
    # `RunnablePassthrough.assign` makes objects that cannot be pickled.
    parsed = RunnableAssign(RunnableMap(parsed=itemgetter("raw") | parser, parsing_error=_nothing))
    unparsed = RunnableAssign(RunnableMap(parsed=_nothing))
    return RunnableMap(raw=asking) | parsed.with_fallbacks(
        [unparsed], exception_key="parsing_error"
    )


def _nothing(_: Any) -> None:
    return None


class _ToolAnswer:
    """Collects an answer and checks that it calls the tool, with complete arguments.

    LangChain's parsers return `None` for a missing or cut call; this raises instead.
    """

    def __init__(self, tool: str, required: Collection[str]) -> None:
        self._tool = tool
        self._required = required
        self._is_streamed = False
        self._text: list[str] = []
        self._refused = False
        self._called: set[str] = set()
        self._written: dict[int | None, list[str]] = {}  # arguments, by the call's number
        self._tools: dict[int | None, str] = {}
        self._broken: list[str] = []
        self._finish_reason = ""

    def add(self, piece: AIMessage) -> AIMessage:
        """Add a piece, and return it; a whole message with the call that its text is."""
        self._add(piece)
        if self._is_streamed or (arguments := self._arguments_in_text()) is None:
            return piece
        self._called.add(self._tool)
        call = tool_call(name=self._tool, args=arguments, id=_new_id())
        return piece.model_copy(update={"tool_calls": [call]})

    def _add(self, piece: AIMessage) -> None:
        refusal = piece.additional_kwargs.get("refusal", "")
        # Newer versions of LangChain's parsers raise ModelRefusalError for a refusal.
        self._refused = self._refused or (HAS_REFUSALS and bool(refusal))
        self._text.append(str(piece.text) + refusal)
        self._finish_reason = piece.response_metadata.get("finish_reason") or self._finish_reason
        if isinstance(piece, AIMessageChunk):
            self._is_streamed = True
            # The `tool_calls` of a chunk are guesses from incomplete arguments.
            for chunk in piece.tool_call_chunks:
                number = chunk["index"]
                self._tools[number] = self._tools.get(number) or chunk["name"] or ""
                self._written.setdefault(number, []).append(chunk["args"] or "")
        else:
            self._called.update(call["name"] for call in piece.tool_calls)
            self._broken += [call["args"] or "" for call in piece.invalid_tool_calls]

    def end(self) -> Iterator[AIMessage]:
        """The call that the text of a stream is, if there is no other."""
        if self._is_streamed and (arguments := self._arguments_in_text()) is not None:
            text = json.dumps(arguments)
            call = tool_call_chunk(name=self._tool, args=text, id=_new_id(), index=0)
            yield AIMessageChunk(content="", tool_call_chunks=[call])
            return
        self._check()

    def _arguments_in_text(self) -> dict[str, Any] | None:
        """The arguments, if the model did not call a tool, but gave them as text."""
        if self._called or self._written or self._broken or self._refused:
            return None
        return arguments_in_text("".join(self._text), self._required)

    def _check(self) -> None:
        for number, pieces in self._written.items():
            arguments = "".join(pieces)
            if _is_object(arguments):
                self._called.add(self._tools[number])
            else:
                self._broken.append(arguments)
        if self._tool in self._called or self._refused:
            return
        output = "\n".join(self._broken) or "".join(self._text)
        raise OutputParserException(self._problem(output[:500]), llm_output=output)

    def _problem(self, output: str) -> str:
        if self._broken:
            is_cut = self._finish_reason == "length"
            why = "cut by max_tokens" if is_cut else f"finish reason {self._finish_reason!r}"
            return (
                f"The arguments of the tool call are not a complete JSON object ({why}): {output!r}"
            )
        if self._called:
            others = ", ".join(sorted(self._called))
            return f"The model called {others} instead of {self._tool}, which gives the answer."
        return (
            f"The model answered without calling the tool {self._tool}, which gives the answer its "
            "form. While a model thinks, a call cannot be forced: turn extended thinking off, or "
            f"ask for the call in the prompt. The model said: {output!r}"
        )


class _TextAnswer:
    """Collects an answer in text."""

    def __init__(self) -> None:
        self._text: list[str] = []
        self._finish_reason = ""

    def add(self, piece: AIMessage) -> None:
        self._text.append(str(piece.text))
        self._finish_reason = piece.response_metadata.get("finish_reason") or self._finish_reason

    def check(self) -> None:
        text = "".join(self._text)
        if self._finish_reason != "length" or _is_json(text) or arguments_in_text(text) is not None:
            return
        raise OutputParserException(
            f"The answer is not complete JSON (cut by max_tokens): {text[:500]!r}", llm_output=text
        )


def _new_id() -> str:
    return f"call_{uuid.uuid4().hex}"


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _is_object(arguments: str) -> bool:
    """Whether arguments are complete; those of a tool without parameters may be empty."""
    try:
        parse_arguments(arguments)
    except ValueError:
        return False
    return True
