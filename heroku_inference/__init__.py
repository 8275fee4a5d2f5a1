"""Heroku Managed Inference, exactly: one core under the LangChain and LlamaIndex adapters."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from heroku_inference._public_names import MODULE_OF

if TYPE_CHECKING:
    from heroku_inference._agents.result import AgentResult, agent_messages
    from heroku_inference._async_client import AsyncClient
    from heroku_inference._call import RetryEvent
    from heroku_inference._catalogue import KNOWN_MODELS, AvailableModel, ModelFacts, known_model
    from heroku_inference._client import Client
    from heroku_inference._client_options import (
        AgentOptions,
        ChatOptions,
        EmbedOptions,
        ImageOptions,
    )
    from heroku_inference._config.settings import Settings
    from heroku_inference._config.shared_limit import SharedRateLimit
    from heroku_inference._corpus.job import EmbedJob
    from heroku_inference._corpus.placing import EmbeddedTexts
    from heroku_inference._corpus.report import EmbedPlan, EmbedProgress, EmbedReport
    from heroku_inference._costs import ModelUsage, Prices, UsageTally
    from heroku_inference._endpoints.embeddings import EmbeddingBatch, EmbeddingResult
    from heroku_inference._endpoints.images import GeneratedImage
    from heroku_inference._endpoints.mcp import McpServer, McpTool
    from heroku_inference._endpoints.rerank import RerankHit, RerankResult
    from heroku_inference._errors import (
        APIConnectionError,
        APIError,
        APITimeoutError,
        AuthenticationError,
        ConfigError,
        ContentBlockedError,
        HerokuError,
        InvalidRequestError,
        InvalidResponseError,
        NotFoundError,
        PermissionDeniedError,
        RateLimitError,
        RequestTimeoutError,
        ServerError,
        StreamInterruptedError,
        ToolArgumentsError,
        UnknownArgumentError,
    )
    from heroku_inference._headers import RateLimits
    from heroku_inference._http.pools import aclose_connections, close_connections
    from heroku_inference._openai.clients import async_openai_client, openai_client
    from heroku_inference._openai.options import chat_openai_options, openai_like_options
    from heroku_inference._values import (
        AgentMessage,
        AgentStep,
        AgentToolResult,
        ChatChunk,
        ChatResult,
        Reply,
        ToolCall,
        ToolCallDelta,
        Usage,
    )
    from heroku_inference.agent_tools import AgentTool

__all__ = [
    "KNOWN_MODELS",
    "APIConnectionError",
    "APIError",
    "APITimeoutError",
    "AgentMessage",
    "AgentOptions",
    "AgentResult",
    "AgentStep",
    "AgentTool",
    "AgentToolResult",
    "AsyncClient",
    "AuthenticationError",
    "AvailableModel",
    "ChatChunk",
    "ChatOptions",
    "ChatResult",
    "Client",
    "ConfigError",
    "ContentBlockedError",
    "EmbedJob",
    "EmbedOptions",
    "EmbedPlan",
    "EmbedProgress",
    "EmbedReport",
    "EmbeddedTexts",
    "EmbeddingBatch",
    "EmbeddingResult",
    "GeneratedImage",
    "HerokuError",
    "ImageOptions",
    "InvalidRequestError",
    "InvalidResponseError",
    "McpServer",
    "McpTool",
    "ModelFacts",
    "ModelUsage",
    "NotFoundError",
    "PermissionDeniedError",
    "Prices",
    "RateLimitError",
    "RateLimits",
    "Reply",
    "RequestTimeoutError",
    "RerankHit",
    "RerankResult",
    "RetryEvent",
    "ServerError",
    "Settings",
    "SharedRateLimit",
    "StreamInterruptedError",
    "ToolArgumentsError",
    "ToolCall",
    "ToolCallDelta",
    "UnknownArgumentError",
    "Usage",
    "UsageTally",
    "aclose_connections",
    "agent_messages",
    "async_openai_client",
    "chat_openai_options",
    "close_connections",
    "known_model",
    "openai_client",
    "openai_like_options",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from heroku_inference._version import VERSION  # noqa: PLC0415 - asked for rarely

        return VERSION
    if name not in MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{MODULE_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
