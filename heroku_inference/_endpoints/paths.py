"""The paths of Heroku's endpoints, below the base URL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from heroku_inference._config.settings import Kind

__all__ = [
    "AGENTS",
    "CHAT",
    "EMBEDDINGS",
    "IMAGES",
    "MCP",
    "MCP_SERVERS",
    "MCP_SSE",
    "MESSAGES",
    "MODELS",
    "RERANK",
    "V1",
    "kind_of",
]

AGENTS: Final = "/v1/agents/heroku"
CHAT: Final = "/v1/chat/completions"
EMBEDDINGS: Final = "/v1/embeddings"
IMAGES: Final = "/v1/images/generations"
MCP: Final = "/mcp"
MCP_SERVERS: Final = "/v1/mcp/servers"
MCP_SSE: Final = "/mcp/sse"
MESSAGES: Final = "/v1/messages"
MODELS: Final = "/available-models"
RERANK: Final = "/v1/rerank"

V1: Final = (AGENTS, CHAT, EMBEDDINGS, IMAGES, MCP_SERVERS, MESSAGES, RERANK)
"""All paths below `/v1`."""

_KINDS: Final[dict[str, Kind]] = {EMBEDDINGS: "embedding", IMAGES: "image", RERANK: "rerank"}


def kind_of(path: str) -> Kind:
    """The kind of model that a path ending in one of these asks for."""
    return next((kind for end, kind in _KINDS.items() if path.endswith(end)), "chat")
