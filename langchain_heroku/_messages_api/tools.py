"""Converts LangChain's tools into definitions of the Messages endpoint. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from langchain_anthropic.chat_models import convert_to_anthropic_tool

from heroku_inference._adapters.tools import arguments_schema
from langchain_heroku._tools import all_parameters, check_tools, is_titled_schema, openai_tool
from langchain_heroku.errors import ConfigError, langchain_errors

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from langchain_core.tools import BaseTool

__all__ = ["stand_ins", "tool_definitions"]

_NO_ARGUMENTS: Final = {"type": "object", "properties": {}}


def tool_definitions(
    tools: Sequence[Mapping[str, Any] | type | Callable[..., Any] | BaseTool],
) -> list[dict[str, Any]]:
    """The tools in Anthropic's form, with the full schemas of their arguments.

    Raises:
        ConfigError: A tool is not a function, or its arguments are not an object.
    """
    check_tools(tools)
    with langchain_errors():
        schemas = all_parameters(tools)
        return [_definition(tool, schemas) for tool in tools]


def stand_ins(definitions: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The same tools without arguments: upstream leaves out those whose schema is a choice."""
    return [
        {"name": one["name"], "description": "", "input_schema": _NO_ARGUMENTS}
        for one in definitions
    ]


def _definition(tool: Any, schemas: Mapping[str, Any]) -> dict[str, Any]:
    form = openai_tool(tool) if is_titled_schema(tool) or not isinstance(tool, Mapping) else tool
    if hasattr(tool, "tool_call_schema"):  # upstream reads further fields of a BaseTool
        form = tool
    definition: dict[str, Any]
    try:
        definition = dict(convert_to_anthropic_tool(form))
    except KeyError:  # it has no arguments
        function = openai_tool(tool)["function"]
        described = {"description": text} if (text := function.get("description")) else {}
        definition = {"name": function["name"], **described, "input_schema": _NO_ARGUMENTS}
    except (TypeError, ValueError):
        definition = {}
    if not definition.get("name"):
        raise ConfigError(
            f"A tool of type {type(tool).__name__} is not a function with a name.",
            "Pass functions in any of LangChain's forms, or in OpenAI's or Anthropic's.",
        )
    name = definition["name"]
    given = schemas.get(name) or definition.get("input_schema") or _NO_ARGUMENTS
    schema = arguments_schema(name, given, definition.get("description"))
    return {**definition, "input_schema": schema}
