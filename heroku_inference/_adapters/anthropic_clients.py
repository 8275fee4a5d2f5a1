"""The clients of Anthropic's SDK that the Messages classes of both adapters use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from heroku_inference._anthropic.clients import (
    AsyncHerokuAnthropic,
    HerokuAnthropic,
    anthropic_client,
    async_anthropic_client,
)

if TYPE_CHECKING:
    from heroku_inference._adapters.arguments import Connection

__all__ = ["AsyncHerokuAnthropic", "HerokuAnthropic", "async_client_of", "client_of"]


def client_of(connection: Connection) -> HerokuAnthropic:
    """The blocking client for a connection, built once."""
    options = connection._client_options(connection.http_client)  # noqa: SLF001
    settings, timeout, max_retries, patience, most_bytes, limiter, default_headers, http_client = (
        options
    )

    def make() -> HerokuAnthropic:
        return anthropic_client(
            settings,
            timeout=timeout,
            max_retries=max_retries,
            rate_limit_timeout=patience,
            max_response_bytes=most_bytes,
            rate_limiter=limiter,
            default_headers=default_headers,
            http_client=http_client,
        )

    return connection._derive("sdk", options, make)  # noqa: SLF001


def async_client_of(connection: Connection) -> AsyncHerokuAnthropic:
    """The async client for a connection, built once."""
    options = connection._client_options(connection.async_http_client)  # noqa: SLF001
    (
        settings,
        timeout,
        max_retries,
        patience,
        most_bytes,
        limiter,
        default_headers,
        async_http_client,
    ) = options

    def make() -> AsyncHerokuAnthropic:
        return async_anthropic_client(
            settings,
            timeout=timeout,
            max_retries=max_retries,
            rate_limit_timeout=patience,
            max_response_bytes=most_bytes,
            rate_limiter=limiter,
            default_headers=default_headers,
            async_http_client=async_http_client,
        )

    return connection._derive("async_sdk", options, make)  # noqa: SLF001
