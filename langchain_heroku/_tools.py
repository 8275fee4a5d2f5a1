"""Converts LangChain's tools and tool choices into options of a chat call. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import isfunction
from typing import TYPE_CHECKING, Any

from langchain_core.utils.function_calling import convert_to_openai_tool
from langchain_core.utils.pydantic import is_basemodel_subclass

from heroku_inference._adapters.tools import function_options
from langchain_heroku.errors import langchain_errors

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from langchain_core.tools import BaseTool

__all__ = ["all_parameters", "answer_schema", "is_titled_schema", "openai_tool", "tool_options"]


def tool_options(
    tools: Sequence[Mapping[str, Any] | type | Callable[..., Any] | BaseTool],
    tool_choice: Mapping[str, Any] | str | bool | None,
    parallel_tool_calls: bool | None,
) -> dict[str, Any]:
    """The options to bind to a model so that it can, or must, call these tools.

    Raises:
        ConfigError: A tool is not a function, or `tool_choice` names an unknown tool. This is
            raised when the tools are bound, before the first call.
    """
    with langchain_errors():
        wired = [openai_tool(tool) for tool in tools]
        return function_options(wired, tool_choice, parallel_tool_calls)


def openai_tool(
    tool: Mapping[str, Any] | type | Callable[..., Any] | BaseTool,
) -> dict[str, Any]:
    """The tool in OpenAI's form, with the full schema of its arguments.

    LangChain's own conversion empties the schema of a class that refers to itself, and removes
    "title" from default values. The core shortens schemas without these mistakes.
    """
    from langchain_core.tools import create_schema_from_function  # noqa: PLC0415 - slow to load

    if isfunction(tool):
        tool = create_schema_from_function(
            tool.__name__, tool, parse_docstring=True, filter_args=(), include_injected=False
        )
    converted: dict[str, Any] = convert_to_openai_tool(tool)
    if (schema := _arguments_schema(tool)) is None or "function" not in converted:
        return converted
    parameters = {key: schema[key] for key in schema if key not in {"title", "description"}}
    return {**converted, "function": {**converted["function"], "parameters": parameters}}


def all_parameters(
    tools: Sequence[Mapping[str, Any] | type | Callable[..., Any] | BaseTool],
) -> dict[str, dict[str, Any]]:
    """The schemas that LangChain's own conversion would change, by tool name."""
    changed = (tool for tool in tools if not isinstance(tool, Mapping))
    functions = [openai_tool(tool).get("function", {}) for tool in changed]
    return {one["name"]: one["parameters"] for one in functions if "parameters" in one}


def answer_schema(schema: dict[str, Any] | type) -> dict[str, Any]:
    """The schema of an answer, with its name and description as `title` and `description`."""
    function = openai_tool(schema)["function"]
    described = {"description": function["description"]} if "description" in function else {}
    return {"title": function["name"], **described, **function.get("parameters", {})}


def is_titled_schema(tool: Any) -> bool:
    """Whether a tool is a JSON schema whose title is the tool's name.

    LangChain's own conversion loses such a schema if its root lacks `properties`.
    """
    if not isinstance(tool, Mapping) or "title" not in tool:
        return False
    return not tool.keys() & {"function", "name", "toolSpec"}


def _arguments_schema(
    tool: Mapping[str, Any] | type | Callable[..., Any] | BaseTool,
) -> Mapping[str, Any] | None:
    """The schema before LangChain's conversion; `None` if the conversion does not change it."""
    from langchain_core.tools import BaseTool, Tool  # noqa: PLC0415 - slow to load

    arguments: Any = tool
    if isinstance(tool, Mapping):
        return tool if is_titled_schema(tool) else None
    if isinstance(tool, BaseTool):
        if isinstance(tool, Tool) and not tool.args_schema:  # LangChain gives it one text argument
            return None
        arguments = tool.tool_call_schema
    if isinstance(arguments, Mapping):
        return arguments
    if not (isinstance(arguments, type) and is_basemodel_subclass(arguments)):
        return None
    of_pydantic_2 = getattr(arguments, "model_json_schema", None)
    make: Callable[[], Mapping[str, Any]] = of_pydantic_2 or getattr(arguments, "schema")  # noqa: B009
    return make()
