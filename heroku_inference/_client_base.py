"""What both clients share: their arguments, and which settings serve which call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn, cast

from pydantic import SecretStr

from heroku_inference._agents.request import agent_body, agent_call
from heroku_inference._call import Call, MaskedHeaders, RetryEvent
from heroku_inference._catalogue import warn_of_end
from heroku_inference._chat.options import check_model
from heroku_inference._chat.request import ChatRequest, chat_request
from heroku_inference._chat.summing import SUMMED_CHAT, SUMMED_CHAT_WITHOUT_USAGE
from heroku_inference._client_options import (
    AgentOptions,
    ChatOptions,
    EmbedOptions,
    ImageOptions,
    SendingOptions,
    sending_fields,
)
from heroku_inference._config.arguments import (
    SENDING_OPTIONS,
    check_callback,
    check_headers,
    check_max_response_bytes,
    check_max_retries,
    check_rate_limit_timeout,
    check_rate_limiter,
    check_timeout,
    nearest_name,
    unknown_argument,
)
from heroku_inference._config.settings import (
    WELL_KNOWN_MODELS,
    Kind,
    Settings,
    check_settings,
    hidden,
    may_be,
)
from heroku_inference._config.shared_limit import SharedRateLimit
from heroku_inference._endpoints import embeddings as _embeddings
from heroku_inference._endpoints import images as _images
from heroku_inference._endpoints import paths
from heroku_inference._endpoints import rerank as _rerank
from heroku_inference._errors import (
    APIError,
    ConfigError,
    HerokuError,
    UnknownArgumentError,
    short_traceback,
)
from heroku_inference._http.redaction import forget_secrets, secrets_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from heroku_inference._endpoints.refusals import OnRefused
    from heroku_inference._http.redaction import Secrets

__all__ = [
    "AgentOptions",
    "ChatOptions",
    "ClientBase",
    "EmbedOptions",
    "ImageOptions",
]


class _ClearErrors(short_traceback):
    """Errors leave with the advice that the model's name asks for, and without secrets.

    Servers and tools quote the key, and values of headers, in what they say.

    Attributes:
        call: The request, once it is built.
        earlier_text: The text of answers that came before the one that failed.
    """

    __slots__ = ("_client", "_kind", "call", "earlier_text")

    def __init__(self, client: ClientBase, kind: Kind, call: Call | None) -> None:
        self._client = client
        self._kind = kind
        self.call = call
        self.earlier_text = ""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # A ConfigError quotes no server, and may say that there is no key.
        if isinstance(error, HerokuError) and not isinstance(error, ConfigError):
            if self.call is not None and isinstance(error, APIError):
                from heroku_inference._model_advice import (  # noqa: PLC0415 - after a refusal only
                    with_model_hint,
                )

                with_model_hint(error, self._kind, self.call.body)
            if self.earlier_text:
                error.partial = self.earlier_text + error.partial
            forget_secrets(error, self._client._secrets(self._kind))  # noqa: SLF001 - of this file
        super().__exit__(kind, error, traceback)


class ClientBase:
    """The arguments of a client; settings are resolved at the first call that needs them.

    Args:
        api_key: The add-on's key; by default from its config vars.
        base_url: The add-on's URL; by default from its config vars.
        model: The model of calls that name none. A model known to be of another kind is passed
            over: a chat model embeds nothing. Then, and by default, `<ALIAS>_MODEL_ID` serves,
            and for embeddings, rerank and images else the well-known model.
        alias: The attachment to read for every call. By default chat and agents read `INFERENCE`,
            embeddings `EMBEDDING`, rerank `RERANK` and images `DIFFUSION`, the last three falling
            back to `INFERENCE`.
        timeout: Seconds that a whole answer may take, connecting included: 60 by default. For a
            stream, seconds that it may be silent: 120 between two events by default, and 600
            between two steps of an agent.
        max_retries: Attempts after the first for 408, 500, 502, 503, 504, 529 and failed
            connections; a chat answer that was cut with 408 is streamed and summed up then.
            Agents are never tried again: their tools may have acted. With 0, calls do not wait for
            the rate limit either.
        default_headers: Sent with every request, over the usual ones.
        on_retry: Called with each failed attempt that is about to be repeated.
        rate_limit_timeout: Seconds that a call waits for the rate limit, 300 by default. A 429 does
            not count as a failure: all calls of the process that share the limit wait, and then
            start at the pace that the server allows. 0 raises `RateLimitError` at once.
        max_response_bytes: How large a whole answer, or one event of a stream, may be after it was
            decompressed; by default 64 MiB and 16 MiB. What is larger is not read further: it is
            an `InvalidResponseError`. Of an error's body, the first MiB is kept in any case.
        rate_limiter: A `SharedRateLimit` that other processes keep too; each request that goes out
            waits for its turn, also with `max_retries=0`.
        settings: Resolved settings, instead of the first four arguments.
        inference_url: Another spelling of `base_url`.
        allow_plaintext: Whether to accept `http://` for public hosts, as `Settings` says.

    Raises:
        ConfigError: An argument is wrong, or `settings` was given beside arguments that it
            replaces.
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
        rate_limit_timeout: float | None = None,
        max_response_bytes: int | None = None,
        rate_limiter: SharedRateLimit | None = None,
        settings: Settings | None = None,
        inference_url: str | None = None,
        allow_plaintext: bool = False,
    ) -> None:
        api_key = hidden(api_key)
        arguments: dict[str, Any] = {
            "api_key": api_key,
            "base_url": base_url,
            "inference_url": inference_url,
            "model": model,
            "alias": alias,
            "allow_plaintext": allow_plaintext or None,  # `None` is what was not given
        }
        if settings is None:
            check_settings(**arguments)
        elif any(value is not None for value in arguments.values()):
            raise ConfigError(
                "settings was given together with arguments that it replaces.",
                "Pass settings=... or api_key, base_url, model and alias, not both.",
            )
        elif not isinstance(settings, Settings):
            raise ConfigError(
                f"settings must be a Settings, got a value of type {type(settings).__name__}.",
                "Pass Settings(...), or api_key, base_url, model and alias by themselves.",
            )
        check_timeout(timeout)
        check_max_retries(max_retries)
        check_headers(default_headers)
        check_callback("on_retry", on_retry)
        check_rate_limit_timeout(rate_limit_timeout)
        check_max_response_bytes(max_response_bytes)
        check_rate_limiter(rate_limiter)
        self._given_settings = settings
        self._arguments = arguments
        self._options: dict[str, Any] = {
            "timeout": timeout,
            "max_retries": max_retries,
            "default_headers": default_headers,
            "on_retry": on_retry,
            "rate_limit_timeout": rate_limit_timeout,
            "max_response_bytes": max_response_bytes,
            "rate_limiter": rate_limiter,
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

    def _secrets(self, kind: Kind) -> Secrets:
        return secrets_of(self.settings(kind).api_key, self._options["default_headers"])

    def _model(self, kind: Kind, model: str | None) -> str:
        """The model of a call: the one it names, or the default of its kind."""
        check_model(model)
        default = self.settings(kind).model
        if model is None and (default is None or not may_be(kind, default)):
            model = WELL_KNOWN_MODELS.get(kind)
        chosen = self.settings(kind).require_model(model)
        warn_of_end(chosen)
        return chosen

    def _embedding_options(
        self, model: str | None, options: EmbedOptions
    ) -> _embeddings.EmbeddingOptions:
        for name in options.keys() - EmbedOptions.__annotations__.keys():
            raise unknown_argument(name, EmbedOptions.__annotations__, owner="embed", kind="option")
        chosen = self._model("embedding", model)
        named = cast("dict[str, Any]", options)
        return _embeddings.EmbeddingOptions(model=chosen, **named)

    def _rerank_options(
        self,
        model: str | None,
        top_n: int | None,
        max_concurrency: int,
        on_refused: OnRefused,
        unknown: Mapping[str, Any],
    ) -> _rerank.RerankOptions:
        for name in unknown:
            known = ("model", "top_n", "max_concurrency", "on_refused", *SENDING_OPTIONS)
            raise unknown_argument(name, known, owner="rerank", kind="option")
        return _rerank.RerankOptions(
            model=self._model("rerank", model),
            top_n=top_n,
            max_concurrency=max_concurrency,
            on_refused=on_refused,
        )

    def _chat(
        self,
        messages: Sequence[Mapping[str, Any]],
        model: str | None,
        on_retry: Callable[[RetryEvent], None] | None,
        options: ChatOptions,
        *,
        stream: bool = False,
    ) -> tuple[ChatRequest, Call]:
        if "stream" in options:
            raise UnknownArgumentError("chat() has no option 'stream'.", "Call stream_chat().")
        chosen = self._model("chat", model)
        sending = sending_fields(cast("dict[str, Any]", options))
        request = chat_request(messages, model=chosen, stream=stream, **options)
        call = Call(paths.CHAT, request.body, request.headers, on_retry)
        if sending:
            call = _sent_by(call, sending)
        if not stream:
            with_usage = options.get("stream_usage", True)
            call.stream_form = SUMMED_CHAT if with_usage else SUMMED_CHAT_WITHOUT_USAGE
        return request, call

    def _agent_call(
        self, messages: Sequence[Mapping[str, Any]], model: str | None, options: AgentOptions
    ) -> Call:
        chosen = self._model("chat", model)
        sending = sending_fields(cast("dict[str, Any]", options))
        return _sent_by(agent_call(agent_body(messages, model=chosen, **options)), sending)

    def _image_call(self, prompt: str, model: str | None, options: ImageOptions) -> Call:
        chosen = self._model("image", model)
        sending = sending_fields(cast("dict[str, Any]", options))
        body = _images.image_body(prompt, model=chosen, **options)
        return _sent_by(Call(paths.IMAGES, body), sending)

    def _refuse_unknown(self, unknown: dict[str, Any]) -> NoReturn:
        name = next(iter(unknown))
        unknown.clear()  # a misspelt api_key is a key: tracebacks may print these variables
        parents = (vars(parent).get("__init__") for parent in type(self).__mro__)
        known = (getattr(init, "__kwdefaults__", None) or () for init in parents)
        option = nearest_name(name, ChatOptions.__annotations__)
        raise unknown_argument(
            name,
            sorted({argument for names in known for argument in names}),
            owner=type(self).__name__,
            remedy=f"{option!r} is an option of each call: pass it there." if option else "",
        )

    def _clear_errors(self, kind: Kind, call: Call | None = None) -> _ClearErrors:
        """Within this, errors get advice on the model, lose secrets, and end at the caller."""
        return _ClearErrors(self, kind, call)

    @staticmethod
    def _rerank_sending(options: SendingOptions) -> tuple[dict[str, Any], dict[str, Any]]:
        """How each request of a ranking is sent, and the options that do not exist."""
        rest = cast("dict[str, Any]", options)
        return sending_fields(rest), rest

    @staticmethod
    def _batch_sending(options: EmbedOptions) -> dict[str, Any]:
        """How each request of an embedding call is sent, taken out of its options."""
        return sending_fields(cast("dict[str, Any]", options))

    def __getstate__(self) -> dict[str, Any]:
        # Connections stay here, and so do keys from config vars: the copy looks them up again.
        return {**self.__dict__, "_settings_by_kind": {}, "_transports": {}}

    def __repr__(self) -> str:
        # A traceback may print a client whose arguments were refused.
        shown = getattr(self, "_given_settings", None) or getattr(self, "_arguments", {})
        return f"{type(self).__name__}({shown})"


def _sent_by(call: Call, sending: Mapping[str, Any]) -> Call:
    """The call, sent as the options of `SendingOptions` say."""
    if "headers" in sending:
        headers = MaskedHeaders({**call.headers, **sending["headers"]})
        sending = {**sending, "headers": headers}
    return replace(call, **sending) if sending else call
