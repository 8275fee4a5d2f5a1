"""Errors that are both the core's and LangChain's, so that either `except` clause catches them.

`langchain_core` decides by its own classes what to retry, when to fall back and when to shorten a
conversation; `heroku_inference` says precisely what happened. Every error that a class of this
package raises is both:

    heroku_inference            langchain_core.exceptions     retried by LangChain
    ConfigError                 ModelInvalidRequestError      no
    └── UnknownArgumentError                                  no
    InvalidRequestError         ModelInvalidRequestError      no
    └── ContextOverflowError    ContextOverflowError          no; summarised by middleware
    AuthenticationError         ModelAuthenticationError      no
    PermissionDeniedError       ModelPermissionDeniedError    no
    └── ContentBlockedError                                   no
    NotFoundError               ModelNotFoundError            no
    RequestTimeoutError         ModelTimeoutError             yes
    RateLimitError              ModelRateLimitError           yes
    ServerError                 ModelAPIError                 yes
    APIConnectionError          ModelConnectionError          yes
    └── APITimeoutError         ModelTimeoutError             yes
    StreamInterruptedError      ModelConnectionError          yes
    InvalidResponseError        ModelAPIError                 yes
    └── ToolArgumentsError                                    yes
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from langchain_core import exceptions as langchain

from heroku_inference import _errors as heroku
from heroku_inference._errors import APIError, HerokuError, recast, short_traceback

if TYPE_CHECKING:
    from types import TracebackType

__all__ = [
    "APIConnectionError",
    "APIError",
    "APITimeoutError",
    "AuthenticationError",
    "ConfigError",
    "ContentBlockedError",
    "ContextOverflowError",
    "HerokuError",
    "InvalidRequestError",
    "InvalidResponseError",
    "NotFoundError",
    "PermissionDeniedError",
    "RateLimitError",
    "RequestTimeoutError",
    "ServerError",
    "StreamInterruptedError",
    "ToolArgumentsError",
    "UnknownArgumentError",
    "langchain_error",
    "langchain_errors",
    "run_errors",
]


class ConfigError(heroku.ConfigError, langchain.ModelInvalidRequestError):
    """A setting or an argument is missing or wrong; no request was sent."""


class UnknownArgumentError(ConfigError, heroku.UnknownArgumentError):
    """An argument or option does not exist; a `TypeError` too, as Python's own is."""


class InvalidResponseError(heroku.InvalidResponseError, langchain.ModelAPIError):
    """The server reported success with a body that is not what the API documents."""


class ToolArgumentsError(InvalidResponseError, heroku.ToolArgumentsError):
    """The model called a tool with arguments that are not a JSON object; the tool was not run."""


class StreamInterruptedError(heroku.StreamInterruptedError, langchain.ModelConnectionError):
    """A stream ended before the server gave a finish reason; `.partial` is the text so far."""


class APIConnectionError(heroku.APIConnectionError, langchain.ModelConnectionError):
    """The connection failed, or broke before the answer was complete."""


class APITimeoutError(APIConnectionError, heroku.APITimeoutError, langchain.ModelTimeoutError):
    """No answer, or no further part of a stream, within `timeout` seconds."""


class InvalidRequestError(heroku.InvalidRequestError, langchain.ModelInvalidRequestError):
    """400 or 422: the request is malformed or breaks a rule of the model."""


class ContextOverflowError(InvalidRequestError, langchain.ContextOverflowError):
    """The conversation is longer than the model's context window."""


class AuthenticationError(heroku.AuthenticationError, langchain.ModelAuthenticationError):
    """401: the key is missing, wrong or revoked."""


class PermissionDeniedError(heroku.PermissionDeniedError, langchain.ModelPermissionDeniedError):
    """403: the key has no access to the model."""


class ContentBlockedError(PermissionDeniedError, heroku.ContentBlockedError):
    """403 from the edge firewall: it takes something in the text for an attack."""


class NotFoundError(heroku.NotFoundError, langchain.ModelNotFoundError):
    """404: the model or path does not exist."""


class RequestTimeoutError(heroku.RequestTimeoutError, langchain.ModelTimeoutError):
    """408: the server cut an answer that took longer than about 30 seconds."""


class RateLimitError(heroku.RateLimitError, langchain.ModelRateLimitError):
    """429: the add-on's requests or tokens per minute are used up."""


class ServerError(heroku.ServerError, langchain.ModelAPIError):
    """5xx: the server failed."""


_BOTH: Final[dict[type[HerokuError], type[HerokuError]]] = {
    heroku.ConfigError: ConfigError,
    heroku.UnknownArgumentError: UnknownArgumentError,
    heroku.InvalidResponseError: InvalidResponseError,
    heroku.ToolArgumentsError: ToolArgumentsError,
    heroku.StreamInterruptedError: StreamInterruptedError,
    heroku.APIConnectionError: APIConnectionError,
    heroku.APITimeoutError: APITimeoutError,
    heroku.InvalidRequestError: InvalidRequestError,
    heroku.AuthenticationError: AuthenticationError,
    heroku.PermissionDeniedError: PermissionDeniedError,
    heroku.ContentBlockedError: ContentBlockedError,
    heroku.NotFoundError: NotFoundError,
    heroku.RequestTimeoutError: RequestTimeoutError,
    heroku.RateLimitError: RateLimitError,
    heroku.ServerError: ServerError,
}

# Heroku passes on the message of the model's provider, and these differ.
_TOO_LONG: Final = re.compile(
    r"(prompt|input|request|messages?|conversation) (is|are) too long"
    r"|too many (input )?tokens"
    r"|context[ _](length|window|limit)"
    r"|input tokens exceed",
    re.IGNORECASE,
)


def langchain_error(error: HerokuError) -> HerokuError:
    """Make an error LangChain's too, in place, if LangChain has a class for it, and return it."""
    both = _class_of(error)
    return error if both is None else recast(error, both)


def _class_of(error: HerokuError) -> type[HerokuError] | None:
    if type(error) is heroku.InvalidRequestError and _TOO_LONG.search(error.server_message):
        return ContextOverflowError
    return _BOTH.get(type(error))


class langchain_errors(short_traceback):  # noqa: N801 - used as `with langchain_errors():`
    """Makes errors of the core that the block raises LangChain's too."""

    __slots__ = ()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Convert an error of the core; leave other errors alone."""
        if isinstance(error, HerokuError):
            langchain_error(error)
            super().__exit__(kind, error, traceback)


class run_errors(langchain_errors):  # noqa: N801 - as above
    """`langchain_errors` for an agent's run, which must not be repeated once it has started.

    Its tools may have changed something. An error keeps `is_retryable` only if the server refused
    the request before the run started.
    """

    __slots__ = ()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Convert an error of the core, and mark it as final if the run had started."""
        if not isinstance(error, HerokuError):
            return
        from heroku_inference._adapters.agents import was_refused  # noqa: PLC0415 - needed rarely

        super().__exit__(kind, error, traceback)
        if isinstance(error, langchain.ModelError) and not was_refused(error):
            error.is_retryable = False


class _MayBeRepeated(type):
    def __instancecheck__(cls, error: object) -> bool:
        return getattr(error, "is_retryable", False) is True


class _RefusedBeforeRun(Exception, metaclass=_MayBeRepeated):  # noqa: N818 - never raised
    """Stands for every error that `run_errors` left retryable.

    LangChain's retries select errors by type. `isinstance(error, _RefusedBeforeRun)` asks the
    metaclass, which looks at the error's `is_retryable`. No class inherits from this one, so an
    `except` clause with it catches nothing.
    """
