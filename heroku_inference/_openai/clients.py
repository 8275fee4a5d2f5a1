"""The `openai` SDK on Heroku, for programs that are written for it. Needs the extra `openai`.

Heroku's guides are written for this SDK. Left to itself it sends `OPENAI_ORG_ID` and
`OPENAI_PROJECT_ID` to Heroku and cannot read the errors that Heroku encodes twice; these functions
set it up so that it does neither.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Never

from pydantic import SecretStr

from heroku_inference._config.arguments import (
    check_headers,
    check_max_retries,
    check_timeout,
    refuse_unknown,
)
from heroku_inference._config.settings import Kind, Settings, hidden
from heroku_inference._errors import ConfigError
from heroku_inference._http.pools import CONNECT_TIMEOUT
from heroku_inference._late_modules import late_module
from heroku_inference._own_clients import check_http_client
from heroku_inference._public_names import publish

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    import openai
else:
    openai = late_module("openai")

__all__ = ["async_openai_client", "both_clients", "openai_client"]

_TIMEOUT = 120.0  # seconds; the server cuts plain answers after 30 (docs: chat completions)


def openai_client(
    *,
    api_key: str | SecretStr | None = None,
    base_url: str | None = None,
    alias: str | None = None,
    kind: Kind = "chat",
    timeout: float | None = None,
    max_retries: int = 2,
    default_headers: Mapping[str, str] | None = None,
    http_client: Any = None,
    inference_url: str | None = None,
    allow_plaintext: bool = False,
    repair: bool = True,
    **unknown: Never,
) -> openai.OpenAI:
    """An `openai.OpenAI` that talks to Heroku, set up from config vars.

    ```python
    client = openai_client()
    answer = client.chat.completions.create(model="claude-4-5-sonnet", messages=[...])
    ```

    It differs from the SDK's own in six points. Nothing of `OPENAI_*` in the environment reaches a
    request. Chat requests are repaired where Heroku is stricter than OpenAI, as `Client` repairs
    them: empty content beside tool calls, tools without description, `$ref` and `$schema` in
    schemas, calls in the history. Errors have `code`, `type` and `message` in every form that
    Heroku sends them, and a message says what to do, also when model or endpoint is one of
    OpenAI's. The request that an error holds no longer has the key. Embeddings are asked for as
    numbers, not in the base64 that only OpenAI documents. A timeout is finite.

    All else is the SDK's: it retries 408, 409, 429 and every 5xx by its own rules, takes a stream
    that was cut for complete, and does not know Heroku's `reasoning` (it is in `model_extra` of
    message and delta). `Client` does better there.

    Args:
        api_key: The add-on's key; by default from its config vars.
        base_url: The add-on's URL, in any spelling, with or without `/v1`; by default from its
            config vars.
        alias: The attachment to read, by default the usual one of `kind`.
        kind: What the client is for: it says which config vars are read. A standard plan has one
            key for all.
        timeout: Seconds that the server may stay silent; 120 by default.
        max_retries: Attempts after the first, made by the SDK.
        default_headers: Sent with every request, over the usual ones.
        http_client: Your own client of the HTTP library that the SDK is built on (httpx2, or httpx
            for openai 2), used as it is, its timeout included unless one is given here. The SDK
            closes it with the client.
        inference_url: Another spelling of `base_url`.
        allow_plaintext: Whether to accept `http://` for public hosts, as `Settings` says.
        repair: `False` sends chat requests as they are. What `Client` would refuse is always sent
            as it is, and so are requests to other endpoints and to another `base_url`.
        **unknown: Any other name; raises UnknownArgumentError.

    Raises:
        ConfigError: No key was found, key and URL would come from different sources, or an
            argument is malformed.
        ImportError: The extra `openai` is not installed.
    """
    api_key = hidden(api_key)
    refuse_unknown(unknown, openai_client.__kwdefaults__ or (), "openai_client")
    settings = Settings(
        api_key=api_key,
        base_url=base_url,
        alias=alias,
        kind=kind,
        inference_url=inference_url,
        allow_plaintext=allow_plaintext,
    )
    check_http_client("http_client", http_client)
    arguments = _arguments(
        settings, timeout, max_retries, default_headers, http_client, repair=repair
    )
    client: openai.OpenAI = _make(_clients().HerokuOpenAI, arguments)
    return client


def async_openai_client(
    *,
    api_key: str | SecretStr | None = None,
    base_url: str | None = None,
    alias: str | None = None,
    kind: Kind = "chat",
    timeout: float | None = None,
    max_retries: int = 2,
    default_headers: Mapping[str, str] | None = None,
    async_http_client: Any = None,
    inference_url: str | None = None,
    allow_plaintext: bool = False,
    repair: bool = True,
    **unknown: Never,
) -> openai.AsyncOpenAI:
    """An `openai.AsyncOpenAI` that talks to Heroku, set up from config vars.

    As `openai_client`; `async_http_client` is your own `AsyncClient`. It belongs to the
    event loop of its first call, as every client of the SDK does; `AsyncClient` may be used from
    several.
    """
    api_key = hidden(api_key)
    refuse_unknown(unknown, async_openai_client.__kwdefaults__ or (), "async_openai_client")
    settings = Settings(
        api_key=api_key,
        base_url=base_url,
        alias=alias,
        kind=kind,
        inference_url=inference_url,
        allow_plaintext=allow_plaintext,
    )
    check_http_client("async_http_client", async_http_client)
    arguments = _arguments(
        settings, timeout, max_retries, default_headers, async_http_client, repair=repair
    )
    client: openai.AsyncOpenAI = _make(_clients().AsyncHerokuOpenAI, arguments)
    return client


def both_clients(
    settings: Settings,
    timeout: float | None,
    max_retries: int,
    default_headers: Mapping[str, str] | None,
    http_client: Any,
    async_http_client: Any,
    *,
    repair: bool,
) -> tuple[openai.OpenAI, openai.AsyncOpenAI]:
    """The clients that `openai_client` and `async_openai_client` make, of the same settings."""
    check_http_client("http_client", http_client)
    check_http_client("async_http_client", async_http_client)
    shared = (settings, timeout, max_retries, default_headers)
    return (
        _make(_clients().HerokuOpenAI, _arguments(*shared, http_client, repair=repair)),
        _make(_clients().AsyncHerokuOpenAI, _arguments(*shared, async_http_client, repair=repair)),
    )


def _make(make: Callable[..., Any], arguments: Mapping[str, Any]) -> Any:
    try:
        return make(**arguments)
    except (AttributeError, TypeError, ValueError) as error:
        # Without the SDK's frames, whose local variables hold the key.
        refused = error.with_traceback(None)
    raise ConfigError(f"The openai SDK does not take these arguments: {refused}") from refused


class _Masked(dict[str, Any]):
    def __repr__(self) -> str:
        return f"<{', '.join(self)}>"


def _arguments(
    settings: Settings,
    timeout: float | None,
    max_retries: int,
    default_headers: Mapping[str, str] | None,
    http_client: Any,
    *,
    repair: bool,
) -> dict[str, Any]:
    """The arguments of the SDK's clients; checked as those of ours are."""
    check_timeout(timeout)
    check_max_retries(max_retries)
    check_headers(default_headers)
    given = _Masked(
        api_key=settings.api_key.get_secret_value(),
        base_url=f"{settings.base_url}/v1",
        max_retries=max_retries,
        # Spelled as the SDK spells its own, which these are to replace.
        default_headers=_Masked(
            (name.title(), value) for name, value in (default_headers or {}).items()
        ),
        http_client=http_client,
        repair=repair,
    )
    if http_client is None or timeout is not None:
        seconds = timeout or _TIMEOUT
        given["timeout"] = _openai().Timeout(seconds, connect=min(seconds, CONNECT_TIMEOUT))
    return given


def _openai() -> ModuleType:
    try:
        import openai  # noqa: PLC0415 - an extra, and 0.7 seconds of import
    except ModuleNotFoundError as error:
        if error.name != "openai":
            raise
        raise ImportError(
            "The openai SDK is not installed: pip install 'heroku-inference[openai]'."
        ) from error
    return openai


def _clients() -> ModuleType:
    _openai()
    from heroku_inference._openai import sdk_classes as _openai_clients  # noqa: PLC0415 - needs the SDK

    return _openai_clients


publish(__name__)
