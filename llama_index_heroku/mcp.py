"""`load_mcp_tools`: the tools of Heroku's MCP toolkit, for LlamaIndex's agents.

Needs the extra `llama-index-mcp`. The official client library and LlamaIndex's own tool spec do
the work. This module adds Heroku's addresses, key and transports, and converts errors and results.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from llama_index.core.tools import FunctionTool, ToolOutput

from heroku_inference import Settings
from heroku_inference._adapters.argument_errors import refuse_unknown
from heroku_inference._adapters.arguments import check_timeout, hide_key
from llama_index_heroku._agents.tool_specs import tool_of
from llama_index_heroku._mcp_client import Toolkit
from llama_index_heroku._mcp_content import content_blocks

__all__ = ["load_mcp_tools"]

_CONNECTION: Final = frozenset(
    {"alias", "allow_plaintext", "api_key", "base_url", "inference_url", "model"}
)
_TIMEOUT: Final = 130  # seconds; Heroku's own tools may take 120 (docs: Heroku tools)


async def load_mcp_tools(
    *,
    allowed_tools: Sequence[str] | None = None,
    global_partial_params: Mapping[str, Any] | None = None,
    partial_params_by_tool: Mapping[str, Mapping[str, Any]] | None = None,
    include_resources: bool = False,
    timeout: float = _TIMEOUT,
    settings: Settings | None = None,
    **connection: Any,
) -> list[FunctionTool]:
    """Load the tools of all MCP servers attached to the add-on, which run on these servers.

    ```python
    from llama_index_heroku import Heroku, load_mcp_tools

    agent = FunctionAgent(tools=await load_mcp_tools(), llm=Heroku())
    ```

    The output of a tool that failed has `is_error`; images are `ImageBlock`s. Each call opens its
    own connection, so the tools can be used from any event loop.

    Args:
        allowed_tools: Load only these tools, named with or without namespace; all by default.
        global_partial_params: Arguments that all tools get, hidden from models.
        partial_params_by_tool: The same for single tools, by name; `None` removes one.
        include_resources: Whether to load resources as tools too.
        timeout: The time limit of a call, in seconds.
        settings: The key and URL, instead of `connection`.
        **connection: `api_key`, `base_url`, `alias`, `inference_url`, `allow_plaintext`, as
            `Settings` takes them.

    Raises:
        ImportError: The extra `llama-index-mcp` is not installed, or its packages do not fit
            together.
        ConfigError: No key was found, or a name in `allowed_tools` is no tool's.
        APIError: The toolkit refused, or could not be reached, or not in time.
        InvalidResponseError: What answers is not an MCP toolkit.
    """
    hide_key(connection)
    own = load_mcp_tools.__kwdefaults__ or ()
    refuse_unknown(connection, {*_CONNECTION, *own}, "load_mcp_tools")
    check_timeout(timeout)
    toolkit = Toolkit(settings or Settings(**connection), timeout)
    tools = await toolkit.tools(
        allowed_tools,
        global_partial_params=dict(global_partial_params or {}),
        partial_params_by_tool={
            name: dict(params) for name, params in (partial_params_by_tool or {}).items()
        },
        include_resources=include_resources,
    )
    return [_with_output(tool) for tool in tools]


def _with_output(tool: FunctionTool) -> FunctionTool:
    name = tool.metadata.get_name()

    async def call(**arguments: Any) -> ToolOutput:
        answer = await tool.async_fn(**arguments)
        # The names of the protocol, by which version 1 of the MCP library has its fields too.
        result = answer.model_dump(mode="json", by_alias=True, exclude_none=True)
        # A tool's result has `content`, a resource's `contents` without a type of their own.
        read = [{"type": "resource", "resource": one} for one in result.get("contents", ())]
        return ToolOutput(
            tool_name=name,
            blocks=content_blocks(result.get("content") or read),
            raw_input=arguments,
            raw_output=result,
            is_error=result.get("isError", False),
        )

    return tool_of(tool.metadata, call, partial_params=tool.partial_params)
