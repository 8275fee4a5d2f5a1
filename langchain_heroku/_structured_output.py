"""Answers in the form of a schema: what to bind to the model, and what parses its answer.

Heroku ignores `response_format` (docs: OpenAI compatibility). The default is therefore a forced
tool call; the other two methods are done by the core with what the API has.
"""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, Literal

from langchain_core.exceptions import OutputParserException
from langchain_core.output_parsers.openai_tools import JsonOutputKeyToolsParser, PydanticToolsParser
from langchain_core.runnables import (
    Runnable,
    RunnableGenerator,
    RunnableLambda,
    RunnableMap,
    RunnablePassthrough,
)
from langchain_core.utils.function_calling import convert_to_json_schema, convert_to_openai_tool
from langchain_core.utils.pydantic import is_basemodel_subclass

from langchain_heroku._content_blocks import HAS_REFUSALS
from langchain_heroku.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from langchain_core.language_models import LanguageModelInput
    from langchain_core.messages import AIMessage
    from langchain_core.output_parsers import BaseOutputParser

    from langchain_heroku.chat_models import ChatHeroku

__all__ = ["Method", "structured_output"]

Method = Literal["function_calling", "json_schema", "json_mode"]
_METHODS: Final = ("function_calling", "json_schema", "json_mode")


def structured_output(
    model: ChatHeroku,
    schema: dict[str, Any] | type | None,
    *,
    method: Method,
    include_raw: bool,
    options: dict[str, Any],
) -> Runnable[LanguageModelInput, Any]:
    """A runnable that asks `model` and gives the parsed answer; see `with_structured_output`."""
    if method not in _METHODS:
        raise ConfigError(f"method is {method!r}; it can be {', '.join(_METHODS)}.")
    if schema is None and method != "json_mode":
        raise ConfigError(f"method={method!r} needs a schema.")
    traced = {"kwargs": {"method": method}, "schema": schema}
    if schema is not None:
        options = {**options, "ls_structured_output_format": traced}
    if method == "function_calling" and schema is not None:
        asking, parser = _by_tool(model, schema, options)
    else:
        asking, parser = _by_text(model, _response_format(method, schema), schema, options)
    return _with_raw(asking, parser) if include_raw else asking | parser


def _by_tool(
    model: ChatHeroku, schema: dict[str, Any] | type, options: dict[str, Any]
) -> tuple[Runnable[LanguageModelInput, AIMessage], Runnable[Any, Any]]:
    if options.get("tools"):
        raise ConfigError(
            "tools beside the one that gives the answer its form need method='json_schema': there "
            "the model may call them, and the answer is None when it does."
        )
    name = convert_to_openai_tool(schema)["function"]["name"]
    # A model that thinks cannot be made to call a tool: it is only asked to.
    choice = {"tool_choice": None if model.thinks else name}
    asking = model.bind_tools(**{**choice, **options, "tools": [schema]})
    parser: BaseOutputParser[Any]
    if isinstance(schema, type) and is_basemodel_subclass(schema):
        parser = PydanticToolsParser(tools=[schema], first_tool_only=True)
    else:
        parser = JsonOutputKeyToolsParser(key_name=name, first_tool_only=True)
    return asking, RunnableGenerator(_called, _acalled) | parser


def _by_text(
    model: ChatHeroku,
    response_format: dict[str, Any],
    schema: dict[str, Any] | type | None,
    options: dict[str, Any],
) -> tuple[Runnable[LanguageModelInput, AIMessage], Runnable[Any, Any]]:
    options = {**options, "response_format": response_format}
    parser = _text_parser(schema)
    if not options.get("tools"):
        return model.bind(**options), parser

    def parsed(answer: AIMessage) -> Runnable[Any, Any] | None:
        return None if answer.tool_calls or answer.invalid_tool_calls else parser

    return model.bind_tools(**options), RunnableLambda(parsed)


def _response_format(method: Method, schema: dict[str, Any] | type | None) -> dict[str, Any]:
    if schema is None:
        return {"type": "json_object"}
    wanted = convert_to_json_schema(schema)
    if method == "json_mode":
        return {"type": "json_object", "schema": wanted}
    described = {"description": wanted["description"]} if wanted.get("description") else {}
    return {
        "type": "json_schema",
        "json_schema": {"name": wanted.get("title", "answer"), "schema": wanted, **described},
    }


def _text_parser(schema: dict[str, Any] | type | None) -> BaseOutputParser[Any]:
    from langchain_core.output_parsers import (  # noqa: PLC0415 - core has not loaded these
        JsonOutputParser,
        PydanticOutputParser,
    )

    if isinstance(schema, type) and is_basemodel_subclass(schema):
        return PydanticOutputParser(pydantic_object=schema)
    return JsonOutputParser()


def _with_raw(
    asking: Runnable[LanguageModelInput, AIMessage], parser: Runnable[Any, Any]
) -> Runnable[LanguageModelInput, Any]:
    parsed = RunnablePassthrough.assign(
        parsed=itemgetter("raw") | parser, parsing_error=lambda _: None
    )
    unparsed = RunnablePassthrough.assign(parsed=lambda _: None)
    return RunnableMap(raw=asking) | parsed.with_fallbacks(
        [unparsed], exception_key="parsing_error"
    )


def _called(answer: Iterator[AIMessage]) -> Iterator[AIMessage]:
    """Pass the answer on; raise at its end if the model called no tool."""
    words = _Words()
    for piece in answer:
        words.hear(piece)
        yield piece
    words.judge()


async def _acalled(answer: AsyncIterator[AIMessage]) -> AsyncIterator[AIMessage]:
    words = _Words()
    async for piece in answer:
        words.hear(piece)
        yield piece
    words.judge()


class _Words:
    """What a model says instead of calling the tool; there is none to parse then."""

    def __init__(self) -> None:
        self.called = False
        self.said: list[str] = []

    def hear(self, piece: AIMessage) -> None:
        refusal = piece.additional_kwargs.get("refusal", "")
        # The parsers of newer cores raise ModelRefusalError themselves.
        is_told = HAS_REFUSALS and bool(refusal)
        self.called = bool(self.called or piece.tool_calls or piece.invalid_tool_calls or is_told)
        self.said.append(str(piece.text) + refusal)

    def judge(self) -> None:
        if self.called:
            return
        text = "".join(self.said)
        raise OutputParserException(
            "The model answered without calling the tool that gives the answer its form. A model "
            "that thinks cannot be made to call one: turn extended thinking off, or ask in the "
            f"prompt for the call. It said: {text[:500]!r}",
            llm_output=text,
        )
