"""Decides which tools to call, by the user's words and the tools' descriptions. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from heroku_emulator.built_in.arguments import arguments_for, positional_arguments
from heroku_emulator.built_in.words import content_stems

if TYPE_CHECKING:
    from collections.abc import Iterator

    from heroku_emulator.built_in.conversation import Conversation

__all__ = ["route"]

_ORDER = re.compile(
    r"\b(?:answer|must|always|final)\b.*\bcall|\bcall.*\b(?:answer|final)", re.IGNORECASE
)
_CLEAR = 2
"""The number of shared words from which a request clearly means a tool."""


def route(request: dict[str, Any], talk: Conversation) -> list[tuple[str, dict[str, Any]]]:
    """Returns the calls to make now.

    A forced choice always calls. Otherwise each tool is called once: if the user names it or
    clearly asks for it and no call has been made since, or last, if the instructions demand it.
    So every agent loop ends.
    """
    tools = {tool["function"]["name"]: tool["function"] for tool in request.get("tools") or []}
    choice = request.get("tool_choice") or "auto"
    prompt, called = talk.question, talk.calls_since_question
    if choice == "none" or not tools:
        return []
    if isinstance(choice, dict):
        tool = tools[choice["function"]["name"]]
        return (_written_calls([tool], prompt) or [_call(tool, prompt)])[:1]
    left = [tool for name, tool in tools.items() if name not in called]
    all_known = " ".join([prompt, *(result for _, result in talk.results)])
    if choice == "required":
        return _wanted_calls(left, prompt, request) or [_call(_last_resort(left, tools), all_known)]
    wanted = [] if called else _wanted_calls(left, prompt, request)
    ordered = (tool for tool in left if _is_ordered(tool, talk.system))
    return wanted or [_call(tool, all_known) for tool in ordered][:1]


def _wanted_calls(
    tools: list[dict[str, Any]], prompt: str, request: dict[str, Any]
) -> list[tuple[str, dict[str, Any]]]:
    """Returns the calls that the prompt spells out, or else a call of the tool it clearly means."""
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


def _is_ordered(tool: dict[str, Any], instructions: str) -> bool:
    """Finds `Give your answer by calling the tool X`, but not `You may use X`."""
    sentences = re.split(r"[.!\n]", instructions)
    ordering = (sentence for sentence in sentences if _ORDER.search(sentence))
    return any(next(_mentions(tool, sentence), None) for sentence in ordering)


def _last_resort(left: list[dict[str, Any]], tools: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Returns the tool to call if one must be called: the last, as answer tools are bound last."""
    return (left or list(tools.values()))[-1]


def _call(tool: dict[str, Any], prompt: str) -> tuple[str, dict[str, Any]]:
    return tool["name"], arguments_for(tool.get("parameters"), prompt)
