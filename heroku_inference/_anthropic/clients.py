"""Anthropic's SDK over the core's transport: Heroku's address, key, retries and errors.

The SDK makes requests and reads answers; the core moves the bytes. So connections, proxies,
timeouts, retries and errors are those of every other class here, on any number of event loops,
and a user's own `httpx.Client` serves too, although the SDK itself has gone on to `httpx2`. The
SDK never sees the key.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import anthropic
import httpx2
from anthropic.resources.messages import AsyncMessages, Messages

from heroku_inference._anthropic.bridge import NO_KEY, AsyncBridge, Bridge
from heroku_inference._call import MaskedHeaders
from heroku_inference._errors import ConfigError, HerokuError
from heroku_inference._http.async_transport import AsyncTransport
from heroku_inference._http.redaction import secrets_of
from heroku_inference._http.transport import Transport
from heroku_inference._http.transport_base import TransportBase
from heroku_inference._json import HALF_CHARACTERS, whole_characters
from heroku_inference._warnings import warn_caller

if TYPE_CHECKING:
    from collections.abc import Mapping

    from heroku_inference._config.settings import Settings
    from heroku_inference._config.shared_limit import SharedRateLimit
    from heroku_inference._own_clients import AsyncHttpClient, HttpClient

__all__ = ["AsyncHerokuAnthropic", "HerokuAnthropic", "anthropic_client", "async_anthropic_client"]

_NO_HOST: Final = "http://heroku.invalid"  # the core knows the address
_VERSION: Final = "2023-06-01"  # of Anthropic's API, the only one


def anthropic_client(
    settings: Settings,
    *,
    timeout: float | None = None,
    max_retries: int = 2,
    rate_limit_timeout: float | None = None,
    max_response_bytes: int | None = None,
    rate_limiter: SharedRateLimit | None = None,
    default_headers: Mapping[str, str] | None = None,
    http_client: HttpClient | None = None,
) -> HerokuAnthropic:
    """Anthropic's client for Heroku's Messages endpoint; arguments are those of `Client`."""

    def transport(seconds: float | None) -> Transport:
        return _MessagesTransport(
            settings,
            timeout=seconds or timeout,
            max_retries=max_retries,
            rate_limit_timeout=rate_limit_timeout,
            max_response_bytes=max_response_bytes,
            rate_limiter=rate_limiter,
            default_headers=default_headers,
            http_client=http_client,
        )

    bridge = httpx2.Client(
        transport=Bridge(transport, secrets_of(settings.api_key, default_headers)), trust_env=False
    )
    client = HerokuAnthropic(
        api_key=NO_KEY, base_url=_NO_HOST, max_retries=0, timeout=None, http_client=bridge
    )
    client._custom_headers = {}  # noqa: SLF001 - of the environment; the caller's are the core's
    return client


def async_anthropic_client(
    settings: Settings,
    *,
    timeout: float | None = None,
    max_retries: int = 2,
    rate_limit_timeout: float | None = None,
    max_response_bytes: int | None = None,
    rate_limiter: SharedRateLimit | None = None,
    default_headers: Mapping[str, str] | None = None,
    async_http_client: AsyncHttpClient | None = None,
) -> AsyncHerokuAnthropic:
    """Like `anthropic_client`, async. One client serves any number of event loops."""

    def transport(seconds: float | None) -> AsyncTransport:
        return _AsyncMessagesTransport(
            settings,
            timeout=seconds or timeout,
            max_retries=max_retries,
            rate_limit_timeout=rate_limit_timeout,
            max_response_bytes=max_response_bytes,
            rate_limiter=rate_limiter,
            default_headers=default_headers,
            async_http_client=async_http_client,
        )

    bridge = httpx2.AsyncClient(
        transport=AsyncBridge(transport, secrets_of(settings.api_key, default_headers)),
        trust_env=False,
    )
    client = AsyncHerokuAnthropic(
        api_key=NO_KEY, base_url=_NO_HOST, max_retries=0, timeout=None, http_client=bridge
    )
    client._custom_headers = {}  # noqa: SLF001 - of the environment; the caller's are the core's
    return client


class _Messages(Messages):
    def create(self, **arguments: Any) -> Any:
        return super().create(**_unlisted(arguments))


class _AsyncMessages(AsyncMessages):
    def create(self, **arguments: Any) -> Any:
        return super().create(**_unlisted(arguments))


def _unlisted(arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a call with a model that the SDK does not find in its lists.

    It warns of the ends of models on Anthropic's own servers, and has limits for others. Heroku has
    its own calendar. The body names the model as it was given.
    """
    body = {"model": arguments.get("model"), **(arguments.get("extra_body") or {})}
    return {**arguments, "model": f"heroku/{arguments.get('model')}", "extra_body": body}


class HerokuAnthropic(anthropic.Anthropic):
    """Anthropic's client, raising Heroku's errors. Made by `anthropic_client`."""

    @cached_property
    def messages(self) -> Messages:
        """The endpoint."""
        return _Messages(self)

    @property
    def default_headers(self) -> dict[str, Any]:
        """What the SDK is to say besides what a call says."""
        return _sdk_headers()

    def request(self, cast_to: Any, options: Any, **kwargs: Any) -> Any:
        """Send a request; `HerokuError` where the SDK would say that the connection failed."""
        try:
            try:
                return super().request(cast_to, options, **kwargs)
            except UnicodeEncodeError:  # before anything was sent
                return super().request(cast_to, _whole(options), **kwargs)
        except (anthropic.APIConnectionError, UnicodeEncodeError) as error:
            failure = _ours(error)
        raise failure


class AsyncHerokuAnthropic(anthropic.AsyncAnthropic):
    """Anthropic's async client, raising Heroku's errors. Made by `async_anthropic_client`."""

    @cached_property
    def messages(self) -> AsyncMessages:
        """The endpoint."""
        return _AsyncMessages(self)

    @property
    def default_headers(self) -> dict[str, Any]:
        """What the SDK is to say besides what a call says."""
        return _sdk_headers()

    async def request(self, cast_to: Any, options: Any, **kwargs: Any) -> Any:
        """Send a request; `HerokuError` where the SDK would say that the connection failed."""
        try:
            try:
                return await super().request(cast_to, options, **kwargs)
            except UnicodeEncodeError:  # before anything was sent
                return await super().request(cast_to, _whole(options), **kwargs)
        except (anthropic.APIConnectionError, UnicodeEncodeError) as error:
            failure = _ours(error)
        raise failure


def _sdk_headers() -> dict[str, Any]:
    # The SDK wants to see some key before it sends anything.
    return {"anthropic-version": _VERSION, "x-api-key": NO_KEY, "content-type": "application/json"}


def _whole(options: Any) -> Any:
    """The SDK's description of a request, without halves of characters in its body."""
    given = {"json_data": options.json_data, "extra_json": options.extra_json}
    whole = whole_characters(given)
    if whole != given:
        warn_caller(HALF_CHARACTERS)
    return options.model_copy(update=whole)


def _ours(error: anthropic.APIConnectionError | UnicodeEncodeError) -> Exception:
    if isinstance(error, UnicodeEncodeError):
        return ConfigError(
            f"The request cannot be written as JSON: {error}.",
            "Pass only strings, numbers, booleans, None, lists and dicts.",
        )
    cause = error.__cause__
    return cause if isinstance(cause, HerokuError) else error


class _ByApiKey(TransportBase):
    """Sends the key as the endpoint documents it (docs: messages): as `x-api-key`."""

    def _usual_headers(self, default_headers: Mapping[str, str]) -> MaskedHeaders:
        key = MaskedHeaders({"x-api-key": self._settings.api_key.get_secret_value()})
        theirs = {str(name).lower() for name in default_headers}
        headers = super()._usual_headers(MaskedHeaders({**key, **default_headers}))
        return MaskedHeaders(
            {n: headers[n] for n in headers if n != "authorization" or n in theirs}
        )


class _MessagesTransport(_ByApiKey, Transport):
    pass


class _AsyncMessagesTransport(_ByApiKey, AsyncTransport):
    pass
