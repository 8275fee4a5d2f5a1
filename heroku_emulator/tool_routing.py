"""Whether to call tools, and which: by what the user asks and what the tools say of themselves."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from heroku_emulator.arguments import arguments_for, positional_arguments
from heroku_emulator.words import content_stems

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["route"]

_CLEAR = 2
"""Words that a request and a tool's description share when one clearly means the other."""


def route(
    request: dict[str, Any], prompt: str, already_called: list[str]
) -> list[tuple[str, dict[str, Any]]]:
    """Returns the calls to make now.

    A forced choice always calls. Otherwise tools are called once: when the user names them or
    clearly asks for what they do, and none has been called since. So every agent loop ends.
    """
    tools = {tool["function"]["name"]: tool["function"] for tool in request.get("tools") or []}
    choice = request.get("tool_choice") or "auto"
    if choice == "none" or not tools:
        return []
    if isinstance(choice, dict):
        tool = tools[choice["function"]["name"]]
        return (_written_calls([tool], prompt) or [_call(tool, prompt)])[:1]
    left = [tool for name, tool in tools.items() if name not in already_called]
    if choice == "required":
        return _wanted(left, prompt, request) or [_call(_last_resort(left, tools), prompt)]
    return [] if already_called else _wanted(left, prompt, request)


def _wanted(
    tools: list[dict[str, Any]], prompt: str, request: dict[str, Any]
) -> list[tuple[str, dict[str, Any]]]:
    """The calls that the prompt spells out, or else the first tool that it clearly asks for."""
    written = _written_calls(tools, prompt)
    if written:
        return written[:1] if request.get("parallel_tool_calls") is False else written
    clear = (tool for tool in tools if _is_clear(tool, prompt))
    tool = next(clear, None)
    return [] if tool is None else [_call(tool, prompt)]


def _written_calls(tools: list[dict[str, Any]], prompt: str) -> list[tuple[str, dict[str, Any]]]:
    """Finds `add(1, 2)` and bare names of tools, in the order of the prompt."""
    found = [(match.start(), tool, match[1]) for tool in tools for match in _mentions(tool, prompt)]
    with_arguments = [one for one in found if one[2] is not None]
    return [
        _call(tool, prompt)
        if written is None
        else (tool["name"], positional_arguments(tool.get("parameters"), written, prompt))
        for _, tool, written in sorted(with_arguments or found, key=lambda one: one[0])
    ]


def _mentions(tool: dict[str, Any], prompt: str) -> Iterator[re.Match[str]]:
    name = re.escape(tool["name"])
    return re.finditer(rf"(?<![\w-]){name}(?:\(([^()]*)\)|(?![\w-]))", prompt)


def _is_clear(tool: dict[str, Any], prompt: str) -> bool:
    asked = content_stems(prompt)
    named = content_stems(tool["name"])
    described = content_stems(tool.get("description") or "")
    return bool(named and named <= asked) or len((named | described) & asked) >= _CLEAR


def _last_resort(left: list[dict[str, Any]], tools: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The tool to call when one must be: answer tools are bound last, so the last one."""
    return (left or list(tools.values()))[-1]


def _call(tool: dict[str, Any], prompt: str) -> tuple[str, dict[str, Any]]:
    return tool["name"], arguments_for(tool.get("parameters"), prompt)
