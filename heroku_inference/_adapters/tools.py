"""Tools, tool calls and tool results in the form that Heroku's endpoints take. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from heroku_inference._chat.calls_in_text import arguments_in_text
from heroku_inference._chat.history_tools import wire_name
from heroku_inference._chat.schemas import object_schema
from heroku_inference._chat.thinking import call_instruction
from heroku_inference._chat.tool_arguments import arguments_text, parse_arguments
from heroku_inference._chat.tools import (
    arguments_schema,
    check_tool,
    parallel_calls,
    wire_tool_choice,
    wire_tools,
)
from heroku_inference._chat.words import NO_RESULT
from heroku_inference._errors import ConfigError, ToolArgumentsError
from heroku_inference._warnings import warn_caller

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = [
    "NO_RESULT",
    "arguments_error",
    "arguments_in_text",
    "arguments_schema",
    "arguments_text",
    "call_instruction",
    "check_tool",
    "distinct_names",
    "function_options",
    "names_by_wire_name",
    "object_schema",
    "parse_arguments",
    "tool_message",
    "warn_of_cut_call",
    "wire_name",
]

_NOT_IN_NAMES: Final = re.compile(r"[^a-zA-Z0-9_-]")
_LONGEST_NAME: Final = 64  # characters (docs: chat completions, tools)


def names_by_wire_name(names: Iterable[str]) -> dict[str, str]:
    """Map the names on the wire to the tools' own names.

    Raises:
        ConfigError: Two tools have the same name on the wire.
    """
    own_names: dict[str, str] = {}
    for own in names:
        wired = wire_name(own)
        if own_names.setdefault(wired, own) != own:
            raise ConfigError(
                f"The tools {own_names[wired]!r} and {own!r} have the same name for the API, which "
                f"takes letters, digits, _ and -, {_LONGEST_NAME} at most.",
                "Rename one of them.",
            )
    return own_names


def distinct_names(names: Iterable[str]) -> list[str]:
    """Names that the API takes for tools of MCP servers, with numbers where two would be equal.

    Long names are cut at the start, which is the server's namespace.
    """
    taken: dict[str, None] = {}
    for own in names:
        base = _NOT_IN_NAMES.sub("_", own)[-_LONGEST_NAME:]
        name, number = base, 1
        while name in taken:
            number += 1
            name = f"{base[: _LONGEST_NAME - 4]}_{number}"
        taken[name] = None
    return list(taken)


def function_options(
    tools: Sequence[Mapping[str, Any]],
    tool_choice: Mapping[str, Any] | str | bool | None = None,
    parallel_tool_calls: bool | None = None,
) -> dict[str, Any]:
    """The options of a chat call in which the model can, or must, call these functions.

    Args:
        tools: In OpenAI's or Anthropic's form.
        tool_choice: `auto`, `none`, `required` (also `any` or `True`), a tool's name, or a
            mapping in either form.
        parallel_tool_calls: Whether the model can call several at once. Defaults to what the
            choice says.

    Raises:
        ConfigError: A tool is not a function, or the choice names an unknown tool.
    """
    options: dict[str, Any] = {"tools": wire_tools(tools)}
    if (choice := wire_tool_choice(tool_choice, options["tools"])) is not None:
        options["tool_choice"] = choice
    if parallel_tool_calls is None:
        parallel_tool_calls = parallel_calls(tool_choice)
    if parallel_tool_calls is not None:
        options["parallel_tool_calls"] = parallel_tool_calls
    return options


def arguments_error(name: str, arguments: str, finish_reason: str | None) -> ToolArgumentsError:
    """The error for a call whose arguments cannot be read, so that its tool was not run."""
    return ToolArgumentsError(
        f"The model called {name!r} with arguments that are not a JSON object, so it was not run.",
        "Raise max_tokens: the answer was cut." if finish_reason == "length" else "",
        body=arguments[:200],
    )


def warn_of_cut_call(where: str) -> None:
    """Warn that `max_tokens` cut a call, which was not made; say where it is."""
    warn_caller(
        f"max_tokens cut the model's answer within a tool call, which was not made: {where}. Raise "
        "max_tokens."
    )


def tool_message(
    call_id: str | None,
    content: str | Sequence[Mapping[str, Any]],
    *,
    failed: bool = False,
    name: str | None = None,
) -> dict[str, Any]:
    """The result of a tool call as a message.

    Args:
        call_id: The id of the call, if it has one.
        content: Text, or parts of any kind: the core describes those that Heroku does not take.
        failed: Whether the tool failed. Heroku does not have a field for that: the text says it.
        name: The tool's name: it pairs results without ids, and stands for a call that is gone.
    """
    if not isinstance(content, str) and all(part.get("type") == "text" for part in content):
        content = "\n".join(part["text"] for part in content)
    if failed:
        content = _failed(content)
    message = {"role": "tool", "content": content, "tool_call_id": call_id}
    if name:
        message["name"] = name
    return message


def _failed(content: str | Sequence[Mapping[str, Any]]) -> str | list[Mapping[str, Any]]:
    if isinstance(content, str):
        if content.lstrip().lower().startswith("error"):
            return content
        return f"Error: {content}" if content else "Error"
    return [{"type": "text", "text": "Error:"}, *content]
