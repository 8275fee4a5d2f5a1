"""Where each endpoint is, below the base URL."""

from __future__ import annotations

from typing import Final

CHAT_PATH: Final = "/v1/chat/completions"
EMBEDDINGS_PATH: Final = "/v1/embeddings"
RERANK_PATH: Final = "/v1/rerank"
IMAGES_PATH: Final = "/v1/images/generations"
AGENTS_PATH: Final = "/v1/agents/heroku"
MESSAGES_PATH: Final = "/v1/messages"
MCP_SERVERS_PATH: Final = "/v1/mcp/servers"
MODELS_PATH: Final = "/available-models"
