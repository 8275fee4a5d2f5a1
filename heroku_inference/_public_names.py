"""Where each public name is defined, and that its address is the package all the same."""

from __future__ import annotations

import sys
from types import FunctionType
from typing import Final

__all__ = ["MODULE_OF", "publish"]

_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "_agents.result": ("AgentResult", "agent_messages"),
    "_async_client": ("AsyncClient",),
    "_call": ("RetryEvent",),
    "_catalogue": ("KNOWN_MODELS", "AvailableModel", "ModelFacts", "known_model"),
    "_client": ("Client",),
    "_client_options": ("AgentOptions", "ChatOptions", "EmbedOptions", "ImageOptions"),
    "_config.settings": ("Settings",),
    "_config.shared_limit": ("SharedRateLimit",),
    "_corpus.job": ("EmbedJob",),
    "_corpus.placing": ("EmbeddedTexts",),
    "_corpus.report": ("EmbedPlan", "EmbedProgress", "EmbedReport"),
    "_costs": ("ModelUsage", "Prices", "UsageTally"),
    "_endpoints.embeddings": ("EmbeddingBatch", "EmbeddingResult"),
    "_endpoints.images": ("GeneratedImage",),
    "_endpoints.mcp": ("McpServer", "McpTool"),
    "_endpoints.rerank": ("RerankHit", "RerankResult"),
    "_errors": (
        "APIConnectionError",
        "APIError",
        "APITimeoutError",
        "AuthenticationError",
        "ConfigError",
        "ContentBlockedError",
        "HerokuError",
        "InvalidRequestError",
        "InvalidResponseError",
        "NotFoundError",
        "PermissionDeniedError",
        "RateLimitError",
        "RequestTimeoutError",
        "ServerError",
        "StreamInterruptedError",
        "ToolArgumentsError",
        "UnknownArgumentError",
    ),
    "_headers": ("RateLimits",),
    "_http.pools": ("aclose_connections", "close_connections"),
    "_openai.clients": ("async_openai_client", "openai_client"),
    "_openai.options": ("chat_openai_options", "openai_like_options"),
    "_values": (
        "AgentMessage",
        "AgentStep",
        "AgentToolResult",
        "ChatChunk",
        "ChatResult",
        "Reply",
        "ToolCall",
        "ToolCallDelta",
        "Usage",
    ),
    "agent_tools": ("AgentTool",),
}

# Importing an adapter must cost next to nothing: a name's module is loaded when it is first used.
MODULE_OF: Final = {name: module for module, names in _NAMES.items() for name in names}


def publish(module: str) -> None:
    """Gives the public names of a private module the package's address; its last statement.

    Tracebacks, documentation and pickles then show `heroku_inference.RateLimitError`, and no path
    that may change.
    """
    package, _, below = module.partition(".")
    namespace = vars(sys.modules[module])
    for name in _NAMES[below]:
        if isinstance(namespace[name], (type, FunctionType)):
            namespace[name].__module__ = package
