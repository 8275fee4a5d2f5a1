"""Arguments for the classes of others that are made for the `openai` SDK. Needs the extra `openai`.

They are for those who must keep these classes; ours do better, and each function says in what.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Never

from pydantic import SecretStr

from heroku_inference._catalogue import known_model
from heroku_inference._config.arguments import refuse_unknown
from heroku_inference._config.settings import Settings, hidden
from heroku_inference._openai.clients import both_clients
from heroku_inference._public_names import publish

__all__ = ["chat_openai_options", "openai_like_options"]


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
    allow_plaintext: bool = False,
    repair: bool = True,
    **unknown: Never,
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
    as complete; `with_structured_output` needs `method="function_calling"`; the object cannot be
    pickled or deep-copied, nor its asynchronous side used from a second event loop.

    Arguments are those of `openai_client` and `async_openai_client`; `model` is `<ALIAS>_MODEL_ID`
    by default.

    Raises:
        ConfigError: No key or no model was found, or an argument is malformed.
        ImportError: The extra `openai` is not installed.
    """
    api_key = hidden(api_key)
    refuse_unknown(unknown, chat_openai_options.__kwdefaults__ or (), "chat_openai_options")
    settings = Settings(
        api_key=api_key,
        base_url=base_url,
        model=model,
        alias=alias,
        inference_url=inference_url,
        allow_plaintext=allow_plaintext,
    )
    sync, asynchronous = both_clients(
        settings,
        timeout,
        max_retries,
        default_headers,
        http_client,
        async_http_client,
        repair=repair,
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
    allow_plaintext: bool = False,
    repair: bool = True,
    **unknown: Never,
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
    are mixed up; 0.1 is sent as `temperature` unless another is given; `max_tokens` of a single
    call is ignored; the asynchronous side cannot be used from a second event loop.

    Arguments are those of `openai_client` and `async_openai_client`; `model` is `<ALIAS>_MODEL_ID`
    by default.

    Raises:
        ConfigError: No key or no model was found, or an argument is malformed.
        ImportError: The extra `openai` is not installed.
    """
    api_key = hidden(api_key)
    refuse_unknown(unknown, openai_like_options.__kwdefaults__ or (), "openai_like_options")
    settings = Settings(
        api_key=api_key,
        base_url=base_url,
        model=model,
        alias=alias,
        inference_url=inference_url,
        allow_plaintext=allow_plaintext,
    )
    sync, asynchronous = both_clients(
        settings,
        timeout,
        max_retries,
        default_headers,
        http_client,
        async_http_client,
        repair=repair,
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


publish(__name__)
