"""Tool specs whose tools return their `ToolOutput` unchanged, with errors and images."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from llama_index.core.tools import FunctionTool, ToolMetadata, ToolOutput
from llama_index.core.tools.tool_spec.base import SPEC_FUNCTION_TYPE, BaseToolSpec
from pydantic import BaseModel

from heroku_inference._errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


__all__ = ["OutputToolSpec", "metadata_of", "tool_of"]


class OutputToolSpec(BaseToolSpec):
    """A spec that makes its tools itself, and keeps their `ToolOutput` and JSON schema.

    LlamaIndex's own spec turns a function's result into text: an error would look like a result.
    """

    @abstractmethod
    def _tools(self) -> list[FunctionTool]:
        """Make all tools."""

    def to_tool_list(
        self,
        spec_functions: Sequence[SPEC_FUNCTION_TYPE] | None = None,
        func_to_metadata_mapping: Mapping[str, ToolMetadata] | None = None,
    ) -> list[FunctionTool]:
        """The tools, each for blocking and for asynchronous use.

        Args:
            spec_functions: The names of the tools to return; all by default.
            func_to_metadata_mapping: Other metadata for tools, by name.

        Raises:
            ConfigError: A name is not in `spec_functions`.
        """
        tools = {tool.metadata.get_name(): tool for tool in self._tools()}
        metadata = func_to_metadata_mapping or {}
        wanted = spec_functions or list(tools)
        if unknown := [name for name in (*wanted, *metadata) if name not in tools]:
            raise ConfigError(
                f"There is no tool {unknown[0]!r} here.", f"There are {', '.join(tools)}."
            )
        chosen = {name: tools[name] for name in tools if name in wanted}
        return [
            tool_of(replace(metadata[name]), tool.async_fn, tool.fn) if name in metadata else tool
            for name, tool in chosen.items()
        ]


def tool_of(
    metadata: ToolMetadata,
    async_fn: Callable[..., Awaitable[ToolOutput]],
    fn: Callable[..., ToolOutput] | None = None,
    partial_params: dict[str, Any] | None = None,
) -> FunctionTool:
    """A tool made of functions that return a `ToolOutput`."""

    async def keep(output: ToolOutput) -> ToolOutput:
        return output

    return FunctionTool(
        fn=fn,
        async_fn=async_fn,
        metadata=metadata,
        callback=lambda output: output,
        async_callback=keep,
        partial_params=partial_params,
    )


def metadata_of(name: str, description: str, parameters: Mapping[str, Any]) -> ToolMetadata:
    """The metadata of a tool; `parameters` is the JSON schema of its arguments."""

    class Arguments(BaseModel):
        @classmethod
        def model_json_schema(cls, *_: Any, **__: Any) -> dict[str, Any]:
            return {"type": "object", "properties": {}, **parameters}

    Arguments.__name__ = Arguments.__qualname__ = name
    return ToolMetadata(name=name, description=description, fn_schema=Arguments)
