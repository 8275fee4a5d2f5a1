"""LlamaIndex's tools, and the choice among them, as options of a chat call. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from heroku_inference._adapters.tools import names_by_wire_name, wire_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from llama_index.core.tools import BaseTool

__all__ = ["TOOL_NAMES", "tool_options"]

TOOL_NAMES = "tool_names"
"""Option of a call that is not sent: the tools' own names by those the wire had to know them by."""


def tool_options(
    tools: Sequence[BaseTool],
    tool_choice: Mapping[str, Any] | str | bool | None,
    *,
    required: bool,
    parallel: bool,
) -> dict[str, Any]:
    """What to send so that the model may, or must, call these tools; nothing when there are none.

    The choice is always said: which one holds by default, Heroku's pages disagree about.

    Raises:
        ConfigError: Two tools have names that the API cannot tell apart.
    """
    if not tools:
        return {}
    names = names_by_wire_name(tool.metadata.get_name() for tool in tools)
    if isinstance(tool_choice, str) and tool_choice in names.values():
        tool_choice = wire_name(tool_choice)
    options: dict[str, Any] = {
        "tools": [_wire_tool(tool) for tool in tools],
        "tool_choice": tool_choice or ("required" if required else "auto"),
    }
    if not parallel:
        options["parallel_tool_calls"] = False
    if changed := {wired: own for wired, own in names.items() if wired != own}:
        options[TOOL_NAMES] = changed
    return options


def _wire_tool(tool: BaseTool) -> dict[str, Any]:
    wired: dict[str, Any] = tool.metadata.to_openai_tool(skip_length_check=True)
    return {**wired, "function": {**wired["function"], "name": wire_name(tool.metadata.get_name())}}
