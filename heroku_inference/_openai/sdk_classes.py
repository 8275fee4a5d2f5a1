"""The `openai` SDK's clients, told what Heroku does otherwise. Needs the extra `openai`.

Made by `openai_client` and `async_openai_client`; this module is loaded with their first call.
"""

from __future__ import annotations

import json
import platform
import re
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, Final

import openai
from openai.resources.embeddings import AsyncEmbeddings, Embeddings
from pydantic import SecretStr
from pydantic_core import PydanticSerializationError, to_json

from heroku_inference._endpoints import paths
from heroku_inference._error_bodies import error_from_reply, sentence, stream_error
from heroku_inference._http.redaction import forget_secrets, secrets_of, without_secrets
from heroku_inference._json import HALF_CHARACTERS, whole_characters
from heroku_inference._model_advice import with_model_hint
from heroku_inference._openai.repair import repaired_body
from heroku_inference._own_clients import library_of
from heroku_inference._values import Reply
from heroku_inference._version import VERSION
from heroku_inference._warnings import warn_caller

if TYPE_CHECKING:
    from collections.abc import (
        AsyncGenerator,
        AsyncIterator,
        Callable,
        Generator,
        Iterator,
        Mapping,
    )

    from openai.types import CreateEmbeddingResponse

    from heroku_inference._errors import APIError
    from heroku_inference._http.redaction import Secrets

__all__ = ["AsyncHerokuOpenAI", "HerokuOpenAI"]

_READ_FROM_ENVIRONMENT: Final = ("organization", "project", "admin_api_key", "webhook_secret")
_ERROR: Final = re.compile(r'\s*\{\s*"(error|code|message)"\s*:')  # how its JSON begins
_NOT_FOUND: Final = 404
_CHAT: Final = "chat/completions"  # below the SDK's `base_url`, which ends in `/`
_INSTEAD: Final = {
    "completions": ": use chat.completions",
    "models": ": heroku_inference.Client().models() lists the models",
    "responses": ": use chat.completions",
}


class _Heroku:
    """What both clients do: ignore `OPENAI_*`, repair chats, understand Heroku's errors."""

    api_key: str
    base_url: Any
    _client: Any

    def __init__(
        self,
        *,
        default_headers: Mapping[str, str] | None = None,
        repair: bool = True,
        **options: Any,
    ) -> None:
        super().__init__(default_headers=default_headers, **options)  # type: ignore[call-arg]
        self._repaired_url = f"{self.base_url}{_CHAT}" if repair else None
        # What was not given as an argument, the SDK took from OPENAI_*: for OpenAI, not for Heroku.
        given = {name: options.get(name) for name in _READ_FROM_ENVIRONMENT}
        for name, value in {**given, "_custom_headers": dict(default_headers or {})}.items():
            setattr(self, name, value)

    @property
    def user_agent(self) -> str:
        theirs = f"openai/{openai.__version__} python/{platform.python_version()}"
        return f"heroku-inference/{VERSION} {theirs}"

    def copy(self, **options: Any) -> Any:
        made: Any = super().copy(**options)  # type: ignore[misc]
        # A copy with another `base_url` repairs nothing: there may be another server.
        made._repaired_url = self._repaired_url  # noqa: SLF001 - of the same class
        return made

    with_options = copy

    def _repair_options(self, options: Any) -> Any:
        """The SDK's description of a request, with a chat body that Heroku accepts."""
        body, extra = options.json_data, options.extra_json or {}
        if not isinstance(body, dict) or not self._is_chat(options.url):
            return options
        repaired = _whole(repaired_body({**body, **extra}))
        return options.model_copy(update={"json_data": repaired, "extra_json": None})

    def _is_chat(self, url: str) -> bool:
        """Whether this is the chat endpoint of the server that the client was made for."""
        whole = url if "://" in url else f"{self.base_url}{url.lstrip('/')}"
        return whole == self._repaired_url

    @property
    def custom_auth(self) -> Any:
        """What takes the key out of a request that was sent, since errors of the SDK hold it."""
        # A client of the caller's with an `Auth` of its own keeps that one.
        if self._client.auth is not None:
            return None
        return _forgetful_auth(library_of(self._client))(self._forget_secrets)

    def _forget_secrets(self, request: Any) -> None:
        secrets = self._secrets()
        for name, value in request.headers.items():
            kept = "***" if name == "authorization" else without_secrets(value, secrets)
            if kept != value:
                request.headers[name] = kept

    # Hooks of the SDK's that are no part of its public face: these and `_prepare_options`. If a
    # release drops one, it is never called: errors and bodies are those of the SDK alone.

    def _custom_auth(self, _: Any) -> Any:
        return self.custom_auth

    def _make_status_error(self, err_msg: str, *, body: Any, response: Any) -> Any:
        make: Any = super()._make_status_error  # type: ignore[misc]
        if body is None:  # an answer that was closed before it was read
            return make(err_msg, body=body, response=response)
        headers = {name.lower(): value for name, value in response.headers.items()}
        reply = Reply(response.status_code, headers, response.content)
        path, asked = _sent(response.request)
        error = with_model_hint(error_from_reply(reply), paths.kind_of(path), asked)
        forget_secrets(error, self._secrets())
        said = _server_words(error)
        if response.status_code == _NOT_FOUND and _is_missing(path):
            said = f"Heroku has no {path}{_instead_of(path)}."
        understood = {"error": error.body} if isinstance(error.body, dict) else error.body
        made = make(
            f"Error code: {response.status_code} - {said}",
            body=understood,
            response=response,
        )
        made.request_id = made.request_id or error.request_id
        return made

    def _make_sse_decoder(self) -> Any:
        decoder: Any = super()._make_sse_decoder()  # type: ignore[misc]
        return _Decoder(decoder, self._secrets())

    def _secrets(self) -> Secrets:
        return secrets_of(SecretStr(self.api_key), vars(self)["_custom_headers"])


@cache
def _forgetful_auth(library: Any) -> Any:
    """An `Auth` of this HTTP library that hands on a request as it is, and cleans it afterwards."""

    class ForgetfulAuth(library.Auth):  # type: ignore[misc] # known when it runs
        def __init__(self, clean: Callable[[Any], None]) -> None:
            self._clean = clean

        def sync_auth_flow(self, request: Any) -> Generator[Any, Any]:
            try:
                yield request
            finally:
                self._clean(request)

        async def async_auth_flow(self, request: Any) -> AsyncGenerator[Any, Any]:
            try:
                yield request
            finally:
                self._clean(request)

    return ForgetfulAuth


def _whole(body: dict[str, Any]) -> dict[str, Any]:
    """The body without halves of characters, which the SDK cannot encode."""
    try:
        to_json(body)
    except PydanticSerializationError:
        whole = whole_characters(body)
        if whole != body:
            warn_caller(HALF_CHARACTERS)
        return dict(whole)
    return body


class _Decoder:
    """Writes error events so that the SDK finds code, type and message in them."""

    def __init__(self, decoder: Any, secrets: Secrets) -> None:
        self._decoder = decoder
        self._secrets = secrets

    def iter_bytes(self, pieces: Iterator[bytes]) -> Iterator[Any]:
        for event in self._decoder.iter_bytes(pieces):
            yield self._rewrite(event)

    async def aiter_bytes(self, pieces: AsyncIterator[bytes]) -> AsyncIterator[Any]:
        async for event in self._decoder.aiter_bytes(pieces):
            yield self._rewrite(event)

    def _rewrite(self, event: Any) -> Any:
        if event.event != "error" and not _ERROR.match(event.data):
            return event
        error = stream_error(event.data.encode(), Reply(200, {}, b""))
        forget_secrets(error, self._secrets)
        known = error.body if isinstance(error.body, dict) else {}
        told = {"code": error.status_code, "type": error.type, "message": _server_words(error)}
        written = json.dumps({"error": {**known, **told}})
        return type(event)(event=event.event, data=written, id=event.id, retry=event.retry)


def _server_words(error: APIError) -> str:
    """What the server said, which the SDK puts the status before, and what to do about it."""
    said = sentence(error.server_message) if error.server_message else error.problem
    return f"{said} {error.remedy}".rstrip()


def _sent(request: Any) -> tuple[str, dict[str, Any] | None]:
    """Path and JSON body of a request that the SDK has sent."""
    try:
        body = json.loads(request.content)
    except (RuntimeError, ValueError):  # a body that was streamed, or is not JSON
        body = None
    return request.url.path, body if isinstance(body, dict) else None


def _is_missing(path: str) -> bool:
    """Whether the SDK has asked for what Heroku's API has not."""
    return not path.endswith(paths.V1)


def _instead_of(path: str) -> str:
    below = path.rpartition("/v1/")[2]
    return _INSTEAD.get(below.partition("/")[0], "")


class _RawEmbeddings(Embeddings):
    def create(self, **options: Any) -> CreateEmbeddingResponse:
        return super().create(**_asking_for_numbers(options))


class _AsyncRawEmbeddings(AsyncEmbeddings):
    async def create(self, **options: Any) -> CreateEmbeddingResponse:
        return await super().create(**_asking_for_numbers(options))


def _asking_for_numbers(options: dict[str, Any]) -> dict[str, Any]:
    # By itself the SDK asks for base64, and takes it for float32: Heroku does not say what its
    # base64 holds. `raw` is its name for numbers, which OpenAI calls `float` (docs: embeddings).
    if options.get("encoding_format", openai.omit) not in {openai.omit, "float"}:
        return options
    others = {name: value for name, value in options.items() if name != "encoding_format"}
    body = {"encoding_format": "raw", **(options.get("extra_body") or {})}
    return {**others, "extra_body": body}


class HerokuOpenAI(_Heroku, openai.OpenAI):
    """`openai.OpenAI` for Heroku."""

    def _prepare_options(self, options: Any) -> Any:
        return self._repair_options(super()._prepare_options(options))

    @cached_property
    def embeddings(self) -> Embeddings:
        return _RawEmbeddings(self)


class AsyncHerokuOpenAI(_Heroku, openai.AsyncOpenAI):
    """`openai.AsyncOpenAI` for Heroku."""

    async def _prepare_options(self, options: Any) -> Any:
        return self._repair_options(await super()._prepare_options(options))

    @cached_property
    def embeddings(self) -> AsyncEmbeddings:
        return _AsyncRawEmbeddings(self)
