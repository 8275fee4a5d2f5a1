"""The `openai` SDK on Heroku, for programs that are written for it. Needs the extra `openai`.

Heroku's guides are written for this SDK. Left to itself it sends `OPENAI_ORG_ID` and
`OPENAI_PROJECT_ID` to Heroku and cannot read the errors that Heroku encodes twice; these functions
set it up so that it does neither.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from heroku_inference._calls import TransportBase
from heroku_inference._catalogue import known_model
from heroku_inference._pools import CONNECT_TIMEOUT
from heroku_inference._settings import Kind, Settings, hidden

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

    from openai import AsyncOpenAI, OpenAI
    from pydantic import SecretStr

__all__ = [
    "async_openai_client",
    "chat_openai_options",
    "openai_client",
    "openai_like_options",
]

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
) -> OpenAI:
    """An `openai.OpenAI` that talks to Heroku, set up from config vars.

    ```python
    client = openai_client()
    answer = client.chat.completions.create(model="claude-4-5-sonnet", messages=[...])
    ```

    It differs from the SDK's own in four points. Nothing of `OPENAI_*` in the environment reaches
    a request. Errors have `code`, `type` and `message` in every form that Heroku sends them, and
    a message says what to do, also when the model is one of OpenAI's. Embeddings are asked for as
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
        http_client: Your own `httpx.Client`, used as it is, its timeout included unless one is
            given here. The SDK closes it with the client.
        inference_url: Another spelling of `base_url`.

    Raises:
        ConfigError: No key was found, key and URL would come from different sources, or an
            argument is malformed.
        ImportError: The extra `openai` is not installed.
    """
    api_key = hidden(api_key)
    settings = Settings(
        api_key=api_key, base_url=base_url, alias=alias, kind=kind, inference_url=inference_url
    )
    client: OpenAI = _clients().HerokuOpenAI(
        **_arguments(settings, timeout, max_retries, default_headers, http_client)
    )
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
) -> AsyncOpenAI:
    """An `openai.AsyncOpenAI` that talks to Heroku, set up from config vars.

    As `openai_client`; `async_http_client` is your own `httpx.AsyncClient`. It belongs to the
    event loop of its first call, as every client of the SDK does; `AsyncClient` may be used from
    several.
    """
    api_key = hidden(api_key)
    settings = Settings(
        api_key=api_key, base_url=base_url, alias=alias, kind=kind, inference_url=inference_url
    )
    client: AsyncOpenAI = _clients().AsyncHerokuOpenAI(
        **_arguments(settings, timeout, max_retries, default_headers, async_http_client)
    )
    return client


def chat_openai_options(
    *,
    model: str | None = None,
    api_key: str | SecretStr | None = None,
    base_url: str | None = None,
    alias: str | None = None,
    timeout: float | None = None,
    max_retries: int = 2,
    default_headers: Mapping[str, str] | None = None,
    http_client: Any = None,
    async_http_client: Any = None,
    inference_url: str | None = None,
) -> dict[str, Any]:
    """The arguments that make `langchain_openai.ChatOpenAI` talk to Heroku.

    ```python
    model = ChatOpenAI(**chat_openai_options(), temperature=0.2)
    ```

    For those who must keep that class; `langchain_heroku.ChatHeroku` takes its place otherwise.
    The object calls through `openai_client` and `async_openai_client`, whose improvements it
    shares, and never turns to `/v1/responses`, which Heroku has not.

    What still breaks, being the class's own: `reasoning` is dropped; a streamed tool call whose
    parts are numbered as Heroku has been seen to do becomes two broken ones; a cut stream counts
    as complete; an assistant's message without text beside its tool calls is refused with 400, and
    so is a tool's result that is a mere number; `with_structured_output` needs
    `method="function_calling"`; the object cannot be pickled or deep-copied, nor its asynchronous
    side used from a second event loop.

    Arguments are those of `openai_client` and `async_openai_client`; `model` is `<ALIAS>_MODEL_ID`
    by default.

    Raises:
        ConfigError: No key or no model was found, or an argument is malformed.
        ImportError: The extra `openai` is not installed.
    """
    api_key = hidden(api_key)
    settings = Settings(
        api_key=api_key, base_url=base_url, model=model, alias=alias, inference_url=inference_url
    )
    sync, asynchronous = _both(
        settings, timeout, max_retries, default_headers, http_client, async_http_client
    )
    return {
        "model": settings.require_model(),
        "api_key": settings.api_key,
        "base_url": f"{settings.base_url}/v1",
        # Its own clients would send the organisation of OPENAI_ORG_ID; there is no other way out.
        "client": sync.chat.completions,
        "root_client": sync,
        "async_client": asynchronous.chat.completions,
        "root_async_client": asynchronous,
        "use_responses_api": False,
    }


def openai_like_options(
    *,
    model: str | None = None,
    api_key: str | SecretStr | None = None,
    base_url: str | None = None,
    alias: str | None = None,
    timeout: float | None = None,
    max_retries: int = 2,
    default_headers: Mapping[str, str] | None = None,
    http_client: Any = None,
    async_http_client: Any = None,
    inference_url: str | None = None,
) -> dict[str, Any]:
    """The arguments that make `llama_index.llms.openai_like.OpenAILike` talk to Heroku.

    ```python
    llm = OpenAILike(**openai_like_options(), temperature=0.2)
    ```

    For those who must keep that class; `llama_index_heroku.Heroku` takes its place otherwise. The
    object calls through `openai_client` and `async_openai_client`, which hold the key: its own
    `api_key` is a placeholder, since it shows it. Retries are the clients', where the class would
    multiply its own with theirs. Context window and tools are those of the catalogue.

    What still breaks, being the class's own: `reasoning` is dropped; streamed parallel tool calls
    are mixed up; an assistant's message without text beside its tool calls is refused with 400;
    `strict` is sent with every tool, which Heroku does not document; 0.1 is sent as `temperature`
    unless another is given; `max_tokens` of a single call is ignored; the asynchronous side
    cannot be used from a second event loop.

    Arguments are those of `openai_client` and `async_openai_client`; `model` is `<ALIAS>_MODEL_ID`
    by default.

    Raises:
        ConfigError: No key or no model was found, or an argument is malformed.
        ImportError: The extra `openai` is not installed.
    """
    api_key = hidden(api_key)
    settings = Settings(
        api_key=api_key, base_url=base_url, model=model, alias=alias, inference_url=inference_url
    )
    sync, asynchronous = _both(
        settings, timeout, max_retries, default_headers, http_client, async_http_client
    )
    chosen = settings.require_model()
    facts = known_model(chosen)
    options = {
        "model": chosen,
        "api_key": "see openai_client",
        "api_base": f"{settings.base_url}/v1",
        "openai_client": sync,
        "async_openai_client": asynchronous,
        "is_chat_model": True,
        "is_function_calling_model": facts is None or facts.tools is not False,
        "max_retries": 0,
    }
    if facts is not None and facts.context_window is not None:
        options["context_window"] = facts.context_window
    return options


def _both(
    settings: Settings,
    timeout: float | None,
    max_retries: int,
    default_headers: Mapping[str, str] | None,
    http_client: Any,
    async_http_client: Any,
) -> tuple[OpenAI, AsyncOpenAI]:
    shared = (settings, timeout, max_retries, default_headers)
    return (
        _clients().HerokuOpenAI(**_arguments(*shared, http_client)),
        _clients().AsyncHerokuOpenAI(**_arguments(*shared, async_http_client)),
    )


class _Masked(dict[str, Any]):
    def __repr__(self) -> str:
        return f"<{', '.join(self)}>"


def _arguments(
    settings: Settings,
    timeout: float | None,
    max_retries: int,
    default_headers: Mapping[str, str] | None,
    http_client: Any,
) -> dict[str, Any]:
    """The arguments of the SDK's clients; checked as those of ours are."""
    TransportBase(
        settings, timeout=timeout, max_retries=max_retries, default_headers=default_headers
    )
    given = _Masked(
        api_key=settings.api_key.get_secret_value(),
        base_url=f"{settings.base_url}/v1",
        max_retries=max_retries,
        # Spelled as the SDK spells its own, which these are to replace.
        default_headers=_Masked(
            (name.title(), value) for name, value in (default_headers or {}).items()
        ),
        http_client=http_client,
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
    from heroku_inference import _openai_clients  # noqa: PLC0415 - needs the SDK

    return _openai_clients
