"""What both clients share: their arguments, and which settings serve which call."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, TypedDict

from heroku_inference import _embeddings, _rerank
from heroku_inference._calls import Call, forget_key
from heroku_inference._chat_request import ChatRequest, chat_request
from heroku_inference._errors import (
    APIConnectionError,
    APITimeoutError,
    ConfigError,
    HerokuError,
    StreamInterruptedError,
)
from heroku_inference._settings import WELL_KNOWN_MODELS, Kind, Settings, hidden, may_be

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from pydantic import SecretStr

    from heroku_inference._answers import ChatChunk
    from heroku_inference._chat_reading import ChunkReader
    from heroku_inference._long_text import LongText
    from heroku_inference._retries import RetryEvent

__all__ = ["CHAT_PATH", "MODELS_PATH", "ChatOptions", "ClientBase", "EmbedOptions", "finished"]

CHAT_PATH: Final = "/v1/chat/completions"
MODELS_PATH: Final = "/available-models"


class ChatOptions(TypedDict, total=False):
    """The options of a chat call; what is left out is not sent (docs: chat completions).

    Attributes:
        temperature: 0 to 1. Not together with `top_p` on newer Claude models.
        top_p: 0 to 1.
        top_k: How many of the likeliest tokens to choose from; undocumented, works for Claude.
        max_tokens: Tokens of the answer, thinking included.
        max_completion_tokens: Another spelling of `max_tokens`.
        stop: One or several texts that end the answer.
        tools: Functions the model may call, in OpenAI's or Anthropic's form.
        tool_choice: `auto`, `none`, `required` (also `any` or `True`), a tool's name, or OpenAI's
            object for one.
        parallel_tool_calls: Whether several tools may be called at once.
        reasoning_effort: `low`, `medium` or `high`: a thinking budget by name.
        extended_thinking: `True`, a budget in tokens (1024 or more), or
            `{"enabled", "budget_tokens", "include_reasoning"}`.
        response_format: OpenAI's `json_schema` or `json_object` (which may have a `schema` to tell
            the model). Heroku ignores it, so it is emulated: the answer's text is that JSON.
        allow_ignored_params: Have the API ignore fields it does not know instead of refusing.
        prompt_caching: `False` switches the API's automatic caching off for this call.
        extra_body: Further fields of the request body, merged last.
    """

    temperature: float | None
    top_p: float | None
    top_k: int | None
    max_tokens: int | None
    max_completion_tokens: int | None
    stop: str | Sequence[str] | None
    tools: Sequence[Mapping[str, Any]] | None
    tool_choice: str | bool | Mapping[str, Any] | None
    parallel_tool_calls: bool | None
    reasoning_effort: str | None
    extended_thinking: bool | int | Mapping[str, Any] | None
    response_format: Mapping[str, Any] | None
    allow_ignored_params: bool | None
    prompt_caching: bool | None
    extra_body: Mapping[str, Any] | None


class EmbedOptions(TypedDict, total=False):
    """The options of an embedding call (docs: embeddings).

    Attributes:
        input_type: `search_document` (default), `search_query`, `classification` or `clustering`.
        embedding_type: `float` (default), `int8`, `uint8`, `binary` or `ubinary`.
        batch_size: Texts in one request, at most and by default 96.
        max_concurrency: Requests in flight at a time; 8 by default.
        long_text: For a text over 2048 characters: `error` (default), `truncate` it, or `split` it
            and take the mean of its pieces' vectors.
        allow_ignored_params: Have the API ignore fields it does not know instead of refusing.
        extra_body: Further fields of the request body, merged last.
    """

    input_type: str
    embedding_type: str | None
    batch_size: int
    max_concurrency: int
    long_text: LongText
    allow_ignored_params: bool | None
    extra_body: Mapping[str, Any] | None


class ClientBase:
    """The arguments of a client; settings are resolved at the first call that needs them.

    Args:
        api_key: The add-on's key; by default from its config vars.
        base_url: The add-on's URL; by default from its config vars.
        model: The model of calls that name none. A model known to be of another kind is passed
            over: a chat model embeds nothing. Then, and by default, `<ALIAS>_MODEL_ID` serves,
            and for embeddings and rerank else the well-known model.
        alias: The attachment to read for every call. By default chat reads `INFERENCE`,
            embeddings `EMBEDDING` and rerank `RERANK`, the last two falling back to `INFERENCE`.
        timeout: Seconds that the server may stay silent: 60 by default, and 120 between two
            events of a stream.
        max_retries: Attempts after the first for 408, 429, 5xx and failed connections.
        default_headers: Sent with every request, over the usual ones.
        on_retry: Told of each failed attempt that is about to be repeated.
        settings: Resolved settings, instead of the first four arguments.
        inference_url: Another spelling of `base_url`.

    Raises:
        ConfigError: `settings` was given beside arguments that it replaces.
    """

    def __init__(
        self,
        *,
        api_key: str | SecretStr | None = None,
        base_url: str | None = None,
        model: str | None = None,
        alias: str | None = None,
        timeout: float | None = None,
        max_retries: int = 2,
        default_headers: Mapping[str, str] | None = None,
        on_retry: Callable[[RetryEvent], None] | None = None,
        settings: Settings | None = None,
        inference_url: str | None = None,
    ) -> None:
        api_key = hidden(api_key)
        arguments: dict[str, Any] = {
            "api_key": api_key,
            "base_url": base_url,
            "inference_url": inference_url,
            "model": model,
            "alias": alias,
        }
        if settings is not None and any(value is not None for value in arguments.values()):
            raise ConfigError("Pass settings=... or api_key, base_url, model and alias, not both.")
        self._given_settings = settings
        self._arguments = arguments
        self._options: dict[str, Any] = {
            "timeout": timeout,
            "max_retries": max_retries,
            "default_headers": default_headers,
            "on_retry": on_retry,
        }
        self._settings_by_kind: dict[Kind, Settings] = {}

    def settings(self, kind: Kind = "chat") -> Settings:
        """The key, URL and default model that calls of this kind use.

        Raises:
            ConfigError: No key was found.
        """
        if self._given_settings is not None:
            return self._given_settings
        if kind not in self._settings_by_kind:
            model = self._arguments["model"]
            fitting = model if model and may_be(kind, model) else None
            arguments = {**self._arguments, "model": fitting}
            self._settings_by_kind[kind] = Settings(**arguments, kind=kind)
        return self._settings_by_kind[kind]

    def _model(self, kind: Kind, model: str | None) -> str:
        """The model of a call: the one it names, or the default of its kind."""
        default = self.settings(kind).model
        if model is None and (default is None or not may_be(kind, default)):
            model = WELL_KNOWN_MODELS.get(kind)
        return self.settings(kind).require_model(model)

    def _embedding_options(
        self, model: str | None, options: EmbedOptions
    ) -> _embeddings.EmbeddingOptions:
        chosen = self._model("embedding", model)
        return _embeddings.EmbeddingOptions(model=chosen, **options)

    def _rerank_options(
        self, model: str | None, top_n: int | None, max_concurrency: int
    ) -> _rerank.RerankOptions:
        chosen = self._model("rerank", model)
        return _rerank.RerankOptions(model=chosen, top_n=top_n, max_concurrency=max_concurrency)

    def _chat(
        self,
        messages: Sequence[Mapping[str, Any]],
        model: str | None,
        on_retry: Callable[[RetryEvent], None] | None,
        options: ChatOptions,
        *,
        stream: bool = False,
    ) -> tuple[ChatRequest, Call]:
        chosen = self._model("chat", model)
        request = chat_request(messages, model=chosen, stream=stream, **options)
        return request, Call(CHAT_PATH, request.body, request.headers, on_retry)

    @contextmanager
    def _keyless_errors(self, kind: Kind) -> Iterator[None]:
        """Errors that quote what the server said do not quote the key in it."""
        try:
            yield
        except HerokuError as error:
            forget_key(error, self.settings(kind).api_key)
            raise

    def __getstate__(self) -> dict[str, Any]:
        # Connections stay here, and so do keys from config vars: the copy looks them up again.
        return {**self.__dict__, "_settings_by_kind": {}, "_transports": {}}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._given_settings or self._arguments})"


def finished(reader: ChunkReader, broken: APIConnectionError | None) -> ChatChunk | None:
    """The last piece of a stream, unless it ended, or broke, before the answer was complete."""
    try:
        return reader.finish()
    except StreamInterruptedError as interrupted:
        if isinstance(broken, APITimeoutError):
            broken.partial = reader.partial
            raise broken from interrupted
        raise interrupted from broken
