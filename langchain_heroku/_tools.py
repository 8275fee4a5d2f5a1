"""Tools of any of LangChain's forms, and the choice among them, as options of a chat call. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langchain_core.utils.function_calling import convert_to_openai_tool

from heroku_inference._adapters.tools import function_options
from langchain_heroku.errors import langchain_errors

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from langchain_core.tools import BaseTool

__all__ = ["tool_options"]


def tool_options(
    tools: Sequence[Mapping[str, Any] | type | Callable[..., Any] | BaseTool],
    tool_choice: Mapping[str, Any] | str | bool | None,
    parallel_tool_calls: bool | None,
) -> dict[str, Any]:
    """What to bind to a model so that it may, or must, call these tools.

    Raises:
        ConfigError: A tool is no function, or `tool_choice` names none of them. It is said here,
            where the tools are given, and not at the first call.
    """
    with langchain_errors():
        wired = [_openai_tool(tool) for tool in tools]
        return function_options(wired, tool_choice, parallel_tool_calls)


def _openai_tool(
    tool: Mapping[str, Any] | type | Callable[..., Any] | BaseTool,
) -> dict[str, Any]:
    converted: dict[str, Any] = convert_to_openai_tool(tool)
    return converted
