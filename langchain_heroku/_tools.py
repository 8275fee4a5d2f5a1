"""Converts LangChain's tools and tool choices into options of a chat call. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import getdoc, isfunction
from typing import TYPE_CHECKING, Any, Final

from langchain_core.utils.function_calling import convert_to_openai_tool
from langchain_core.utils.pydantic import is_basemodel_subclass

from heroku_inference._adapters.tools import check_tool, function_options, wire_name
from langchain_heroku.errors import ConfigError, langchain_errors

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from langchain_core.tools import BaseTool

__all__ = [
    "all_parameters",
    "answer_schema",
    "check_tools",
    "is_titled_schema",
    "openai_tool",
    "titled",
    "tool_options",
]

# The keys under which the forms of tools that LangChain knows have their name.
_NAMES: Final = frozenset({"function", "name", "title", "toolSpec"})


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

    check_tool(_provider_form(tool))
    if isfunction(tool):
        tool = create_schema_from_function(
            tool.__name__, tool, parse_docstring=True, filter_args=(), include_injected=False
        )
    converted = _converted(tool)
    if "function" not in converted:
        check_tool(converted)
        return converted
    if isinstance(tool, type) or is_titled_schema(tool):  # the API does not take `Answer[int]`
        converted["function"]["name"] = wire_name(converted["function"]["name"])
    if (schema := _arguments_schema(tool)) is None:
        return converted
    parameters = {key: schema[key] for key in schema if key not in {"title", "description"}}
    return {**converted, "function": {**converted["function"], "parameters": parameters}}


def _converted(tool: Any) -> dict[str, Any]:
    """The tool in OpenAI's form, by LangChain's own conversion."""
    try:
        converted: dict[str, Any] = convert_to_openai_tool(tool)
    except RecursionError:  # LangChain does not end at a TypedDict that contains itself
        return _recursive(tool)
    except (TypeError, ValueError) as error:
        refused = error
    else:
        return converted
    if isinstance(refused, ConfigError):
        raise refused
    raise ConfigError(
        f"{_named(tool)} cannot be made into a tool or a form of answers.",
        "Pass a pydantic class, a TypedDict, a function, or a JSON schema with a title. Make a "
        "list or a choice the field of a class.",
    )


def _recursive(tool: Any) -> dict[str, Any]:
    from pydantic import PydanticUserError, TypeAdapter  # noqa: PLC0415 - a rare case

    try:
        schema = TypeAdapter(tool).json_schema()
    except (PydanticUserError, RecursionError):
        raise ConfigError(
            f"The schema of {_named(tool)}, which contains itself, cannot be made.",
            "Make it a pydantic class, or a TypedDict of typing_extensions.",
        ) from None
    described = {"description": text} if (text := getdoc(tool)) else {}
    parameters = {key: schema[key] for key in schema if key not in {"title", "description"}}
    function = {"name": tool.__name__, **described, "parameters": parameters}
    return {"type": "function", "function": function}


def _named(tool: Any) -> str:
    if isinstance(tool, Mapping):
        return f"A mapping with {', '.join(map(repr, sorted(map(str, tool))))}"
    name = getattr(tool, "name", None) or getattr(tool, "__name__", None) or str(tool)
    return str(name) if isinstance(tool, type) else f"{name} ({type(tool).__name__})"


def check_tools(tools: Sequence[Any]) -> None:
    """Refuse tools that their provider runs.

    Raises:
        ConfigError: One is such a tool.
    """
    with langchain_errors():
        for tool in tools:
            check_tool(_provider_form(tool))


def _provider_form(tool: Any) -> Any:
    """The definition that a tool has for its provider, if it is a tool with one."""
    extras = getattr(tool, "extras", None)
    return (extras.get("provider_tool_definition") if isinstance(extras, Mapping) else None) or tool


def all_parameters(
    tools: Sequence[Mapping[str, Any] | type | Callable[..., Any] | BaseTool],
) -> dict[str, dict[str, Any]]:
    """The schemas that LangChain's own conversion would change, by tool name."""
    changed = (tool for tool in tools if not isinstance(tool, Mapping))
    functions = [openai_tool(tool).get("function", {}) for tool in changed]
    return {one["name"]: one["parameters"] for one in functions if "parameters" in one}


def answer_schema(schema: dict[str, Any] | type) -> dict[str, Any]:
    """The schema of an answer, with its name and description as `title` and `description`."""
    function = openai_tool(titled(schema))["function"]
    described = {"description": function["description"]} if "description" in function else {}
    return {"title": function["name"], **described, **function.get("parameters", {})}


def titled(schema: dict[str, Any] | type) -> dict[str, Any] | type:
    """The schema of an answer with a title: its own, that of what it refers to, or `answer`."""
    if not isinstance(schema, Mapping) or schema.keys() & _NAMES:
        return schema
    reference = schema.get("$ref")
    name = reference.rpartition("/")[2] if isinstance(reference, str) else ""
    return {"title": wire_name(name) or "answer", **schema}


def is_titled_schema(tool: Any) -> bool:
    """Whether a tool is a JSON schema whose title is the tool's name.

    LangChain's own conversion loses such a schema if its root lacks `properties`.
    """
    if not isinstance(tool, Mapping) or "title" not in tool:
        return False
    return not tool.keys() & (_NAMES - {"title"})


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
