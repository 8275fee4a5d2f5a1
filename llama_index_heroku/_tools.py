"""Converts LlamaIndex's tools and tool choices into options of a chat call."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any

from llama_index.core.tools import FunctionTool, ToolMetadata

from heroku_inference._adapters.tools import names_by_wire_name, object_schema, wire_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from llama_index.core.tools import BaseTool

__all__ = ["TOOL_NAMES", "tool_options", "with_all_fields"]

TOOL_NAMES = "tool_names"
"""An option of a call that is not sent: the tools' own names by those on the wire."""


def tool_options(
    tools: Sequence[BaseTool],
    tool_choice: Mapping[str, Any] | str | bool | None,
    *,
    required: bool,
    parallel: bool,
) -> dict[str, Any]:
    """The options with which the model can, or must, call these tools; empty without tools.

    The choice is always sent: Heroku's pages disagree about its default.

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
    metadata = tool.metadata
    function: dict[str, Any] = {"description": metadata.description}
    if type(metadata) in {ToolMetadata, _WholeMetadata} and metadata.fn_schema is not None:
        function["parameters"] = _all_parameters(metadata)
    else:
        function |= metadata.to_openai_tool(skip_length_check=True)["function"]
    return {"type": "function", "function": {**function, "name": wire_name(metadata.get_name())}}


def with_all_fields(tool: BaseTool) -> BaseTool:
    """The tool in a form that LlamaIndex can call.

    LlamaIndex needs `properties` at the root of the schema. The schema of a class that refers to
    itself has a `$ref` there instead.
    """
    if not isinstance(tool, FunctionTool) or "properties" in tool.metadata.get_parameters_dict():
        return tool
    copied = copy(tool)
    copied._metadata = _WholeMetadata(**vars(tool.metadata))  # noqa: SLF001 - has no setter
    return copied


class _WholeMetadata(ToolMetadata):
    def get_parameters_dict(self) -> dict[str, Any]:
        return {"properties": {}, **object_schema(_all_parameters(self), self.description)}


def _all_parameters(metadata: ToolMetadata) -> dict[str, Any]:
    """The full schema of the arguments: LlamaIndex keeps only a few keywords of its root."""
    assert metadata.fn_schema is not None  # noqa: S101 - for mypy
    schema: dict[str, Any] = metadata.fn_schema.model_json_schema()
    return schema
