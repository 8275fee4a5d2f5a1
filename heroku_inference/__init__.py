"""Heroku Managed Inference, exactly: one small core under the LangChain and LlamaIndex adapters."""

from heroku_inference._answers import (
    ChatChunk,
    ChatResult,
    RateLimits,
    Reply,
    ToolCall,
    ToolCallDelta,
    Usage,
)
from heroku_inference._async_client import AsyncClient
from heroku_inference._catalogue import KNOWN_MODELS, AvailableModel, ModelFacts, known_model
from heroku_inference._client import Client
from heroku_inference._embeddings import EmbeddingBatch, EmbeddingResult
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
)
from heroku_inference._pools import aclose_connections, close_connections
from heroku_inference._rerank import RerankHit, RerankResult
from heroku_inference._retries import RetryEvent
from heroku_inference._settings import Settings

__all__ = [
    "KNOWN_MODELS",
    "APIConnectionError",
    "APIError",
    "APITimeoutError",
    "AsyncClient",
    "AuthenticationError",
    "AvailableModel",
    "ChatChunk",
    "ChatResult",
    "Client",
    "ConfigError",
    "ContentBlockedError",
    "EmbeddingBatch",
    "EmbeddingResult",
    "HerokuError",
    "InvalidRequestError",
    "InvalidResponseError",
    "ModelFacts",
    "NotFoundError",
    "PermissionDeniedError",
    "RateLimitError",
    "RateLimits",
    "Reply",
    "RequestTimeoutError",
    "RerankHit",
    "RerankResult",
    "RetryEvent",
    "ServerError",
    "Settings",
    "StreamInterruptedError",
    "ToolCall",
    "ToolCallDelta",
    "Usage",
    "aclose_connections",
    "close_connections",
    "known_model",
]


def __getattr__(name: str) -> str:
    if name == "__version__":
        from importlib.metadata import version  # noqa: PLC0415 - asked for rarely

        return version("heroku-inference")
    raise AttributeError(f"module 'heroku_inference' has no attribute {name!r}")
