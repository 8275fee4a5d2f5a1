"""The MCP servers attached to an add-on, and where its MCP toolkit is (docs: MCP servers)."""

# Annotations are objects here, not texts: pydantic would look up the names in a text in the module
# that a class says it comes from, and that is the package.
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Required

from pydantic import TypeAdapter
from typing_extensions import TypedDict

from heroku_inference._call import MaskedHeaders
from heroku_inference._endpoints import paths
from heroku_inference._json import read_json
from heroku_inference._public_names import publish
from heroku_inference._values import Shown
from heroku_inference._wire_types import identifier, moment

if TYPE_CHECKING:
    from heroku_inference._config.settings import Settings
    from heroku_inference._values import Reply

__all__ = ["McpEndpoint", "McpServer", "McpTool", "mcp_endpoint", "mcp_servers"]


@dataclass(frozen=True, slots=True, repr=False)
class McpTool(Shown):
    """A tool of an MCP server.

    Attributes:
        name: Its name on that server.
        namespaced_name: `namespace/name`, which no other server's tool has; what agents show.
        description: What it does, for the model.
        input_schema: JSON schema of its arguments.
        annotations: Hints of the MCP, such as `readOnlyHint`.
    """

    name: str
    namespaced_name: str = ""
    description: str | None = None
    input_schema: dict[str, Any] = field(default_factory=dict, hash=False)
    annotations: dict[str, Any] | None = field(default=None, hash=False)


@dataclass(frozen=True, slots=True, repr=False)
class McpServer(Shown):
    """An MCP server that the add-on knows (docs: MCP servers); `None` where nothing was said.

    Attributes:
        id: Heroku's id of the server.
        namespace: What its tools' names begin with.
        app_id: The app that runs it.
        process_type: Its process in the Procfile, such as `mcp`.
        process_command: What that process runs.
        created_at: When it was registered.
        updated_at: When that changed last.
        server_status: `registered` or `disconnected`.
        primitives_status: Of its list of tools: `syncing`, `synced` or `error`.
        tools: What it offers.
    """

    id: str
    namespace: str
    app_id: str | None = None
    process_type: str | None = None
    process_command: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    server_status: str | None = None
    primitives_status: str | None = None
    tools: tuple[McpTool, ...] = ()


def mcp_servers(reply: "Reply") -> list[McpServer]:
    """The servers in an answer of `GET /v1/mcp/servers`, in its order.

    Raises:
        InvalidResponseError: The answer is not such a list.
    """
    from heroku_inference._display import Rows  # noqa: PLC0415 - few programs list servers

    return Rows(_server(wire) for wire in read_json(reply, _list_of_servers()))


@dataclass(frozen=True, slots=True)
class McpEndpoint:
    """Where MCP clients find the tools of all of the add-on's MCP servers.

    Attributes:
        settings: Whose toolkit it is.
    """

    settings: "Settings"

    @property
    def url(self) -> str:
        """For the transport "streamable HTTP"; Heroku's pages name no transport for it."""
        return f"{self.settings.base_url}{paths.MCP}"

    @property
    def sse_url(self) -> str:
        """For the older transport "SSE", as documented."""
        return f"{self.settings.base_url}{paths.MCP_SSE}"

    @property
    def headers(self) -> dict[str, str]:
        """What each request must carry; its `repr` does not show the key."""
        key = self.settings.api_key.get_secret_value()
        return MaskedHeaders({"Authorization": f"Bearer {key}"})


def mcp_endpoint(settings: "Settings") -> McpEndpoint:
    """The MCP toolkit that these settings open (docs: working with MCP)."""
    return McpEndpoint(settings)


class _WireTool(TypedDict, total=False):
    name: Required[str]
    namespaced_name: Any
    description: Any
    input_schema: Any
    annotations: Any


class _WireServer(TypedDict, total=False):
    id: Required[str]
    namespace: Required[str]
    app_id: Any
    process_type: Any
    process_command: Any
    created_at: Any
    updated_at: Any
    server_status: Any
    primitives_status: Any
    tools: list[_WireTool] | None


def _server(wire: _WireServer) -> McpServer:
    namespace = wire["namespace"]
    return McpServer(
        id=wire["id"],
        namespace=namespace,
        app_id=identifier(wire.get("app_id")),
        process_type=identifier(wire.get("process_type")),
        process_command=identifier(wire.get("process_command")),
        created_at=moment(wire.get("created_at")),
        updated_at=moment(wire.get("updated_at")),
        server_status=identifier(wire.get("server_status")),
        primitives_status=identifier(wire.get("primitives_status")),
        tools=tuple(_tool(tool, namespace) for tool in wire.get("tools") or ()),
    )


def _tool(wire: _WireTool, namespace: str) -> McpTool:
    return McpTool(
        name=wire["name"],
        namespaced_name=identifier(wire.get("namespaced_name")) or f"{namespace}/{wire['name']}",
        description=identifier(wire.get("description")),
        input_schema=_object(wire.get("input_schema")) or {},
        annotations=_object(wire.get("annotations")),
    )


def _object(value: Any) -> dict[str, Any] | None:
    return value if isinstance(value, dict) else None


@cache
def _list_of_servers() -> TypeAdapter[list[_WireServer]]:
    return TypeAdapter(list[_WireServer])


publish(__name__)
