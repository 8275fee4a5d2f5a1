"""Every error this library raises, as one tree.

HerokuError
├── ConfigError (also ValueError)      something is missing or wrong before a request is sent
│   └── UnknownArgumentError (also TypeError)
│                                      an argument or option does not exist
├── InvalidResponseError               the server's success makes no sense
│   └── ToolArgumentsError (also ValueError)
│                                      the model called a tool with arguments that cannot be read
├── StreamInterruptedError             a stream ended without a finish reason; `.partial`
└── APIError                           the server refused, or could not be reached
    ├── APIConnectionError             no answer came
    │   └── APITimeoutError            no answer came in time
    ├── InvalidRequestError            400, 409, 413, 422 and any other 4xx
    ├── AuthenticationError            401
    ├── PermissionDeniedError          403
    │   └── ContentBlockedError        403 from the edge firewall, which answers in HTML
    ├── NotFoundError                  404
    ├── RequestTimeoutError            408
    ├── RateLimitError                 429
    └── ServerError                    5xx
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType, TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from heroku_inference._late_modules import late_module
from heroku_inference._public_names import publish

if TYPE_CHECKING:
    import heroku_inference
else:  # making the classes of values takes longer than all else that an adapter's import does
    heroku_inference = late_module("heroku_inference")

__all__ = [
    "APIConnectionError",
    "APIError",
    "APITimeoutError",
    "AuthenticationError",
    "ConfigError",
    "ContentBlockedError",
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
    "add_place",
    "recast",
    "short_traceback",
]

_Error = TypeVar("_Error", bound="HerokuError")


class HerokuError(Exception):
    """Root of all errors of this library; `str(error)` is the problem, then the remedy.

    Attributes:
        problem: What is wrong, in one or more sentences; never contains a key.
        remedy: What to do about it; empty when nothing is known to help.
        partial: The text that a stream had brought before it failed; else empty.
        steps: What an agent had done before its run failed; else empty.
        done: What had come before embeddings or a ranking failed, by index in your list: vectors
            of texts (of `iter_embed`, those of batches not yielded yet), or scores of documents.
    """

    partial: str = ""
    steps: tuple[heroku_inference.AgentStep, ...] = ()
    done: Mapping[int, Any] = MappingProxyType({})

    def __init__(self, problem: str, remedy: str = "") -> None:
        super().__init__(*filter(None, (problem, remedy)))
        self.problem = problem
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.problem} {self.remedy}".rstrip()


class ConfigError(HerokuError, ValueError):
    """A setting or an argument is missing or wrong; no request was sent.

    Attributes:
        missing: The config var that is not set, when only that is wrong; else empty.
    """

    missing: str = ""


class UnknownArgumentError(ConfigError, TypeError):
    """There is no such argument or option; a `TypeError` too, as Python's own is."""


class InvalidResponseError(HerokuError):
    """The server reported success with a body that is not what the API documents.

    Attributes:
        body: The body as text, cut to 200 characters.
    """

    def __init__(self, problem: str, remedy: str = "", *, body: str | None = None) -> None:
        super().__init__(problem, remedy)
        self.body = body


class ToolArgumentsError(InvalidResponseError, ValueError):
    """The model called a tool with arguments that are not a JSON object; the tool was not run.

    Attributes:
        body: The arguments as the model wrote them, cut to 200 characters.
    """


class StreamInterruptedError(HerokuError):
    """A stream ended before the server gave a finish reason.

    Attributes:
        partial: The text received so far.
    """

    def __init__(self, problem: str, remedy: str = "", *, partial: str = "") -> None:
        super().__init__(problem, remedy)
        self.partial = partial


class APIError(HerokuError):
    """The server refused a request, or could not be reached.

    Attributes:
        status_code: HTTP status, or `None` when no answer came.
        type: Heroku's own error type, for example `invalid_request`.
        server_message: The server's own words; empty when it sent none.
        request_id: The server's id of the request, when it sent one.
        body: The error object of the answer, or its text cut to 200 characters.
        retry_after: Seconds the server asked to wait, when it said so.
        response: The whole answer, when one came.
        index: Which text or document of your list was refused, when one was found to be at fault.
    """

    index: int | None = None

    def __init__(
        self,
        problem: str,
        remedy: str = "",
        *,
        status_code: int | None = None,
        type: str | None = None,  # noqa: A002 - Heroku's name for the field
        request_id: str | None = None,
        body: Any = None,
        retry_after: float | None = None,
        response: heroku_inference.Reply | None = None,
        server_message: str = "",
    ) -> None:
        super().__init__(problem, remedy)
        self.status_code = status_code
        self.server_message = server_message
        self.type = type
        self.request_id = request_id
        self.body = body
        self.retry_after = retry_after
        self.response = response

    @property
    def message(self) -> str:
        """What went wrong and what to do about it, as `str(error)`."""
        return str(self)


class APIConnectionError(APIError):
    """No connection, or it broke before the answer was complete."""


class APITimeoutError(APIConnectionError):
    """No answer, or no next piece of a stream, within `timeout` seconds."""


class InvalidRequestError(APIError):
    """400 or 422: the request is malformed or breaks a rule of the model."""


class AuthenticationError(APIError):
    """401: the key is missing, wrong or revoked."""


class PermissionDeniedError(APIError):
    """403: the key has no access to the model."""


class ContentBlockedError(PermissionDeniedError):
    """403 from the edge firewall: something in the text looks like an attack to it."""


class NotFoundError(APIError):
    """404: no such model or path."""


class RequestTimeoutError(APIError):
    """408: the server cut an answer that took longer than about 30 seconds."""


class RateLimitError(APIError):
    """429: the add-on's requests or tokens per minute are used up.

    Raised when a call would have to wait for longer than `rate_limit_timeout`.
    """


class ServerError(APIError):
    """5xx: the server failed."""


class short_traceback:  # noqa: N801 - reads as what it does: `with short_traceback():`
    """Ends the tracebacks of our errors at the line that called us: the message says the rest.

    Other errors keep all their frames: they are defects.
    """

    __slots__ = ()

    def __enter__(self) -> Self:
        """Nothing is needed before something fails."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Drop the frames between the caller and the place that failed."""
        # An error that leaves a `with` block gets no frame of the function around it either: the
        # next is the caller's. In a notebook one frame is ten lines.
        link = error
        while isinstance(link, HerokuError):
            link.__traceback__ = None
            if link.__suppress_context__:
                link.__context__ = None  # nothing prints it, and its frames hold what it came from
            link = link.__cause__ or link.__context__


def add_place(error: HerokuError, place: str) -> None:
    """Say at which place of the caller's input, such as `messages[2]`, the problem is."""
    error.problem = f"{place}: {error.problem}"
    error.args = (error.problem, *error.args[1:])


def recast(error: HerokuError, kind: type[_Error]) -> _Error:
    """The error itself, made one of `kind`: a class of a framework that also is the error's own.

    A copy would have to be raised in its turn, and double the traceback.
    """
    error.__class__ = kind
    return error  # type: ignore[return-value]


publish(__name__)
